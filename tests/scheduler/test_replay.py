"""The state after a replay: of logs that real schedulers wrote, and of each op by itself."""

import zlib
from contextlib import closing

import pytest
from thrift.Thrift import TType

from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.recovery import StagedBackup
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.joining import joined
from aurora_admin.scheduler.state.ops import Op, coalesced
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.snapshot import writer
from aurora_admin.snapshot.log_entry import NOOP_ENTRY
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import canonical, same
from aurora_admin.wire.path import path
from tests.support.expectations import comparable_022, era_facts, facts_022, read_fixture, recorded_facts
from tests.support.jobs import config, key, quota, task
from tests.support.places import FIXTURES
from tests.support.replay import (
    DEFLATED,
    backup_of,
    log_with_unusable_script,
    records_of,
    replay,
    replayed,
    snapshot_of,
)

PARTIAL_SNAPSHOT = path(storage.LogEntry, "deduplicatedSnapshot.partialSnapshot")
PARTIAL_TASKS = path(storage.LogEntry, "deduplicatedSnapshot.partialTasks")
TASK_CONFIGS = path(storage.LogEntry, "deduplicatedSnapshot.taskConfigs")
PARTIAL_TASK = path(storage.DeduplicatedScheduledTask, "partialScheduledTask")
CONFIG_NUMBER = path(storage.DeduplicatedScheduledTask, "taskConfigId")
ASSIGNED_TASK = path(api.ScheduledTask, "assignedTask")
TASK_CONFIG = path(api.ScheduledTask, "assignedTask.task")
TIMESTAMP = path(storage.Snapshot, "timestamp")
SCRIPT = (path(storage.Snapshot, "dbScript"), path(storage.Snapshot, "experimentalTaskStore"))
LOGGED = ("era-006", "era-012-nodbscript", "era-016-dbscript", "era-018-trimmed-failover")


@pytest.mark.parametrize("kind", ["transactions", "snapshot"])
@pytest.mark.parametrize("name", LOGGED)
def test_a_log_of_an_old_release_replays_to_the_state_that_it_returned(tmp_path, name, kind):
    records = records_of(read_fixture("log", f"{name}.log-{kind}"))
    assert era_facts(snapshot_of(replay(records, tmp_path))) == recorded_facts("backups", name)


@pytest.mark.parametrize("name", LOGGED)
def test_transactions_and_the_snapshot_of_a_log_make_the_same_state(tmp_path, name):
    """Compares every field, also those that no expectation has; one of the snapshots is rebuilt from SQL."""
    states = [
        snapshot_of(replay(records_of(read_fixture("log", f"{name}.log-{kind}")), tmp_path))
        for kind in ("transactions", "snapshot")
    ]
    for section in ("tasks", "cronJobs", "quotaConfigurations", "hostAttributes", "locks", "jobUpdateDetails"):
        one, other = (sorted(canonical(codec.encode(record)) for record in getattr(state, section)) for state in states)
        assert one == other, section


def test_a_snapshot_in_frames_replays_to_the_state_that_was_returned(tmp_path):
    facts = recorded_facts("backups", "jobs-10k-022")
    stores = replay(records_of(read_fixture("log", "jobs-10k-022.log-snapshot")), tmp_path)
    assert facts_022(snapshot_of(stores), facts) == comparable_022(facts)


def test_a_day_of_a_real_scheduler_replays_to_the_state_that_it_returned(tmp_path):
    facts = recorded_facts("log", "run-022")
    stores = replay(records_of(read_fixture("log", "run-022.log-transactions")), tmp_path)
    assert facts_022(snapshot_of(stores), facts) == comparable_022(facts)


def test_neither_a_committed_nor_a_later_snapshot_carries_a_script(tmp_path):
    """A 0.13 to 0.18 scheduler would believe the script, however old (docs/storage.md 2.11)."""
    with closing(read_backup(str(FIXTURES / "backups" / "era-018-dbscript"))) as backup:
        entry = b"".join(writer.deduplicated_entry(StagedBackup(backup)))
    later = b"".join(writer.deduplicated_entry(StateView(replay([entry], tmp_path), 0)))
    for raw in (entry, later):
        assert TIMESTAMP.get(PARTIAL_SNAPSHOT.get(raw)) is not None
        assert [member.get(PARTIAL_SNAPSHOT.get(raw)) for member in SCRIPT] == [None, None]


@pytest.mark.parametrize("name", ["era-016-dbscript", "era-018-trimmed-failover"])
def test_a_snapshot_of_a_log_that_had_a_script_has_none(tmp_path, name):
    """This scheduler continues the log of one that wrote scripts."""
    records = list(records_of(read_fixture("log", f"{name}.log-snapshot")))
    assert any(b"SELECT COUNT(*) FROM PUBLIC.QUOTAS" in zlib.decompress(DEFLATED.value(one)) for one in records)
    stores = replay(records, tmp_path)
    in_log = PARTIAL_SNAPSHOT.get(b"".join(writer.deduplicated_entry(StateView(stores, 0))))
    for snapshot in (backup_of(stores), in_log):
        assert TIMESTAMP.get(snapshot) is not None
        assert [member.get(snapshot) for member in SCRIPT] == [None, None]


def test_a_log_with_an_unusable_script_is_replayed_only_with_allow_partial(tmp_path):
    with pytest.raises(LogError, match="counts 4 rows of table QUOTAS and has 3; -allow_partial_backup does without"):
        replay(log_with_unusable_script(), tmp_path)
    left = snapshot_of(replay(log_with_unusable_script(), tmp_path, allow_partial=True))
    assert (len(left.tasks), len(left.cronJobs), left.quotaConfigurations, left.jobUpdateDetails) == (
        19,
        2,
        set(),
        set(),
    )


def test_saving_and_removing_ops_add_and_remove_records(tmp_path):
    host = api.HostAttributes(host="h", attributes=[], mode=api.MaintenanceMode.NONE, slaveId="s")
    request = api.HostMaintenanceRequest(host="h", timeoutSecs=1, createdTimestampMs=1)
    cron = api.JobConfiguration(key=key(), cronSchedule="* * * * *", taskConfig=config(), instanceCount=1)
    saved = [
        {"saveFrameworkId": storage.SaveFrameworkId("f")},
        {"saveCronJob": storage.SaveCronJob(cron)},
        {"saveTasks": storage.SaveTasks([task(config(), n) for n in range(3)])},
        {"saveQuota": storage.SaveQuota("www", quota("www").quota)},
        {"saveHostAttributes": storage.SaveHostAttributes(host)},
        {"saveHostMaintenanceRequest": storage.SaveHostMaintenanceRequest(request)},
    ]
    counts = {"tasks": 3, "cronJobs": 1, "quotaConfigurations": 1, "hostAttributes": 1, "hostMaintenanceRequests": 1}
    assert {name: len(getattr(snapshot_of(replayed(tmp_path, *saved)), name)) for name in counts} == counts
    removed = [
        {"removeJob": storage.RemoveJob(key())},
        {"removeQuota": storage.RemoveQuota("www")},
        {"removeTasks": storage.RemoveTasks([task(config(), n).assignedTask.taskId for n in (0, 2)])},
        {"removeHostMaintenanceRequest": storage.RemoveHostMaintenanceRequest("h")},
    ]
    left = snapshot_of(replayed(tmp_path, *saved, *removed, *removed))
    assert {name: len(getattr(left, name)) for name in counts} == {
        **dict.fromkeys(counts, 0),
        "tasks": 1,
        "hostAttributes": 1,
    }
    assert left.schedulerMetadata.frameworkId == "f"


@pytest.mark.parametrize("padding", [0, 3 << 20], ids=["in one piece", "in many pieces"])
def test_a_task_of_a_deduplicated_snapshot_may_be_anywhere_in_its_element(tmp_path, padding):
    """Thrift does not order fields, and an element may have unknown ones. The config still goes into its place."""
    tasks = [task(config(), number) for number in range(8)]
    for number in (1, 3):
        tasks[number].taskEvents[0].message = "x" * padding
    for number, agent in enumerate(("S1", "S22", "S22")):
        tasks[5 + number].assignedTask.slaveId, tasks[5 + number].assignedTask.slaveHost = agent, "host-7"
    partial = [TASK_CONFIG.drop(codec.encode(one)) for one in tasks]
    assigned = fields.parse(ASSIGNED_TASK.get(partial[4]))
    partial[4] = ASSIGNED_TASK.put(partial[4], fields.join(reversed(assigned)))
    elements = [[PARTIAL_TASK.field(one), CONFIG_NUMBER.field(fields.i32(0))] for one in partial]
    elements[1].reverse()
    unknown = fields.Field(9, TType.STRING, fields.string(b"unknown"))
    elements[2].insert(0, unknown)
    elements[3].append(unknown)
    entry = PARTIAL_SNAPSHOT.put(fields.STOP, fields.STOP)
    entry = PARTIAL_TASKS.put(entry, fields.container(TType.STRUCT, list(map(fields.join, elements))))
    entry = TASK_CONFIGS.put(entry, fields.container(TType.STRUCT, [codec.encode(config())]))
    for record in (entry, codec.encode(storage.LogEntry(deflatedEntry=zlib.compress(entry)))):
        loaded = replay([record], tmp_path).tasks
        assert list(loaded.partial_records(range(8))) == list(enumerate(partial))
        whole = [raw for _, raw in loaded.records(range(8))]
        assert b"".join(joined(loaded, range(8), loaded.configs.raw)) == b"".join(whole)
        assert [TASK_CONFIG.drop(raw) for raw in whole] == partial
        assert len({TASK_CONFIG.get(raw) for raw in whole}) == 1


@pytest.mark.parametrize(
    ("number", "member"),
    [
        (ops.SAVE_TASKS, path(storage.SaveTasks, "tasks")),
        (ops.REMOVE_TASKS, path(storage.RemoveTasks, "taskIds")),
        (ops.REMOVE_JOB_UPDATE, path(storage.RemoveJobUpdates, "keys")),
    ],
)
def test_elements_of_another_type_end_the_replay(tmp_path, number, member):
    body = member.put(fields.STOP, fields.container(TType.I32, [fields.i32(0)]))
    with pytest.raises(LogError, match=r"position 0 .*has elements of type 8, not 1[12]"):
        replay([ops.transaction([Op(number, body)])], tmp_path)


def test_partial_tasks_of_another_type_end_the_replay(tmp_path):
    entry = PARTIAL_SNAPSHOT.put(fields.STOP, fields.STOP)
    entry = PARTIAL_TASKS.put(entry, fields.container(TType.I32, [fields.i32(0)]))
    with pytest.raises(LogError, match="elements of type 8 where structs are expected"):
        replay([entry], tmp_path)


def test_two_different_tasks_of_one_id_in_one_op_end_the_replay(tmp_path):
    one, other = task(config()), task(config())
    assert len(snapshot_of(replayed(tmp_path, {"saveTasks": storage.SaveTasks([one, other])})).tasks) == 1
    other.failureCount = 7
    with pytest.raises(LogError, match=r"position 0 .*Proposed new tasks would create task ID collision"):
        replayed(tmp_path, {"saveTasks": storage.SaveTasks([one, other])})
    (left,) = snapshot_of(
        replayed(tmp_path, {"saveTasks": storage.SaveTasks([one])}, {"saveTasks": storage.SaveTasks([other])})
    ).tasks
    assert left.failureCount == 7


def test_a_rewritten_task_has_the_new_config_and_is_otherwise_unchanged(tmp_path):
    """Releases up to 0.18 wrote this op, with configs in their format."""
    old, new = task(config()), api.TaskConfig(job=key(), numCpus=3.0, ramMb=5, diskMb=7, requestedPorts=["http"])
    rewrite = {"rewriteTask": storage.RewriteTask(old.assignedTask.taskId, new)}
    unknown = {"rewriteTask": storage.RewriteTask("no-such", new)}
    (left,) = snapshot_of(replayed(tmp_path, {"saveTasks": storage.SaveTasks([old])}, rewrite, unknown)).tasks
    assert {(r.numCpus, r.ramMb, r.diskMb, r.namedPort) for r in left.assignedTask.task.resources} == {
        (3.0, None, None, None),
        (None, 5, None, None),
        (None, None, 7, None),
        (None, None, None, "http"),
    }
    left.assignedTask.task = old.assignedTask.task
    assert same(left, old)


def test_hosts_without_an_agent_are_kept(tmp_path):
    host = api.HostAttributes(host="h", attributes=[], mode=api.MaintenanceMode.DRAINED)
    (left,) = snapshot_of(replayed(tmp_path, {"saveHostAttributes": storage.SaveHostAttributes(host)})).hostAttributes
    assert same(left, host)


def transaction_of_one_op_with_two_members():
    op = storage.Op(saveFrameworkId=storage.SaveFrameworkId("f"), removeQuota=storage.RemoveQuota("r"))
    return codec.encode(storage.LogEntry(transaction=storage.Transaction(ops=[op], schemaVersion=1)))


def event_without_job():
    event = storage.SaveJobUpdateEvent(key=api.JobUpdateKey())
    return Op(ops.SAVE_JOB_UPDATE_EVENT, codec.encode(event))


@pytest.mark.parametrize(
    ("record", "text", "advice"),
    [
        (
            fields.join([fields.Field(9, TType.STRUCT, fields.STOP)]),
            "log entry of unknown kind 9",
            "start that version",
        ),
        (
            codec.encode(
                storage.LogEntry(deflatedEntry=zlib.compress(codec.encode(storage.LogEntry(frame=storage.Frame()))))
            ),
            "log entry of unknown kind 4",
            "restore a backup",
        ),
        (ops.transaction([Op(21, fields.STOP)]), "op 21 is not known to this version", "start that version"),
        (ops.transaction([Op(3, fields.STOP)]), "op 3 is not known to this version", "restore a backup"),
        (ops.transaction([event_without_job()]), "names no job", "restore a backup"),
        (transaction_of_one_op_with_two_members(), "an op with 2 members", "restore a backup"),
    ],
)
def test_unknown_entries_and_ops_end_the_replay_with_position_and_number(tmp_path, record, text, advice):
    with pytest.raises(LogError, match=f"The log entry at position 2 cannot be read: .*{text}[^.]*\\. [A-Z].*{advice}"):
        replay([NOOP_ENTRY] * 2 + [record], tmp_path)


def host(name, mode, **members):
    return Op(
        ops.SAVE_HOST_ATTRIBUTES,
        codec.encode(storage.SaveHostAttributes(api.HostAttributes(host=name, attributes=[], mode=mode, **members))),
    )


def tasks_op(*tasks):
    return ops.save_tasks([codec.encode(one) for one in tasks])


def test_ops_of_one_kind_are_merged_into_the_last():
    one, again, other = task(config()), task(config(), status=api.ScheduleStatus.KILLED), task(config(), 1)
    frameworks = [Op(ops.SAVE_FRAMEWORK_ID, codec.encode(storage.SaveFrameworkId(name))) for name in "ab"]
    removals = [ops.remove_tasks([b"x", b"y"]), ops.remove_tasks([b"y", b"z"])]
    assert coalesced(frameworks) == frameworks[1:]
    assert coalesced(removals) == [ops.remove_tasks([b"x", b"y", b"z"])]
    assert coalesced([tasks_op(one, other), tasks_op(again)]) == [tasks_op(again, other)]
    quotas = [ops.save_quota(b"www", codec.encode(quota("www").quota))] * 2
    assert coalesced(quotas) == quotas
    kept = [tasks_op(one), removals[0], tasks_op(again)]
    assert coalesced(kept) == kept


def test_two_saves_of_a_host_become_the_later_one():
    """A real scheduler logs mode and agent of the earlier one (docs/storage.md 2.5)."""
    first, second = host("h", api.MaintenanceMode.NONE, slaveId="old"), host("h", api.MaintenanceMode.DRAINING)
    assert coalesced([first, second]) == [second]
    assert coalesced([first, host("i", 1), second]) == [first, host("i", 1), second]
