"""A recovery on a running scheduler: stage, query, delete, commit and restart, and what must survive it."""

import gzip
import signal
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from thrift.Thrift import TType

from aurora_admin.backup.file import BackupError
from aurora_admin.gen.api.ttypes import Resource, ResourceAggregate, ScheduledTask, ScheduleStatus, TaskQuery
from aurora_admin.gen.storage.ttypes import Snapshot, StoredJobUpdateDetails
from aurora_admin.scheduler.recovery import Recovery, RecoveryError
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.path import Path, path
from tests.support.recovery import NAME, OK, TASKS, commit, new_backup, put_backup, sample, stage, task_bytes
from tests.support.thrift_calls import call, get, said, tasks
from tests.support.waiting import DEADLINE_SECONDS

QUOTA = ResourceAggregate(resources={Resource(numCpus=1.0), Resource(ramMb=2), Resource(diskMb=3)})
TASK_CONFIG = path(ScheduledTask, "assignedTask.task")
SLAVE_HOST = path(ScheduledTask, "assignedTask.slaveHost")
RESOURCES = path(ScheduledTask, "assignedTask.task.resources")
TIMESTAMP = path(Snapshot, "timestamp")
FRAMEWORK_ID = path(Snapshot, "schedulerMetadata.frameworkId")
JOB_UPDATES = path(Snapshot, "jobUpdateDetails")
MAINTENANCE_REQUESTS = path(Snapshot, "hostMaintenanceRequests")
SECTIONS = [
    JOB_UPDATES,
    MAINTENANCE_REQUESTS,
    *(path(Snapshot, name) for name in ("hostAttributes", "cronJobs", "quotaConfigurations")),
]
PULSES = path(StoredJobUpdateDetails, "details.update.instructions.settings.blockIfNoPulsesAfterMs")


def records(raw: bytes, section: Path) -> list[bytes]:
    """Return the records of a section, sorted; blockIfNoPulsesAfterMs 0, which means no pulses, is left out."""
    found = section.elements(raw)
    if section is JOB_UPDATES:
        found = [PULSES.drop(one) if PULSES.value(one) == 0 else one for one in found]
    return sorted(found)


def assert_same_sections(saved: bytes, raw: bytes, empty: Collection[Path] = ()) -> None:
    """Compare all records but the tasks. Every section has some, except for those that are named."""
    for section in SECTIONS:
        assert records(saved, section) == records(raw, section), section.id
        assert bool(records(raw, section)) == (section not in empty), section.id


@pytest.fixture
def running(scheduler):
    return scheduler()


def test_committed_state_is_there_after_the_restart(running):
    put_backup(running)
    stage(running)
    commit(running)
    running.start()
    expected = codec.decode(Snapshot, sample())
    found = tasks(running.url)
    assert {task.assignedTask.taskId for task in expected.tasks} == set(found)
    assert all(same(task, found[task.assignedTask.taskId]) for task in expected.tasks)


def test_deleted_tasks_do_not_come_back(running):
    put_backup(running)
    stage(running)
    ids = sorted(task_id.decode() for task_id in task_bytes(sample()))
    assert said(call(running.url, "deleteRecoveryTasks", query=TaskQuery(taskIds=set(ids[:3])))) == OK
    commit(running)
    running.start()
    assert sorted(tasks(running.url)) == ids[3:]


def test_staging_changes_nothing_that_runs(running):
    put_backup(running)
    stage(running)
    assert tasks(running.url) == {}
    running.kill()
    running.start()
    assert tasks(running.url) == {}
    assert said(call(running.url, "commitRecovery")) == ("ERROR", "No backup loaded.")


def test_unknown_fields_survive_commit_restart_and_the_next_backup(running):
    """Unknown fields, unknown union members and bytes that are not UTF-8 (docs/architecture.md 4.2)."""
    raw = sample()
    known = task_bytes(raw)
    task_id, task = next(iter(known.items()))
    changed = fields.put(task, [77], TType.STRING, fields.string(b"\xff\xfe not utf-8"))
    unknown = fields.join([fields.Field(5, TType.I64, fields.i64(-1))])
    changed = fields.put(changed, [*TASK_CONFIG.ids, 99], TType.STRUCT, unknown)
    # A resource of a kind that no release has, next to the known ones.
    changed = RESOURCES.append(changed, fields.join([fields.Field(9, TType.I64, fields.i64(7))]))
    changed = SLAVE_HOST.put(changed, fields.string(b"host-\xff"))
    items = [changed if item == task else item for item in known.values()]
    raw = TASKS.put(raw, fields.container(TType.STRUCT, items))
    raw = fields.put(raw, [55], TType.STRING, fields.string(b"\x00section of the future\xff"))
    put_backup(running, raw)
    stage(running)
    commit(running)
    running.start()
    saved = new_backup(running)
    assert task_bytes(saved) == {**known, task_id: changed}
    assert fields.get(saved, 55) == fields.get(raw, 55)
    call(running.url, "snapshot")
    running.restart()
    assert task_bytes(new_backup(running))[task_id] == changed


def test_the_next_backup_holds_every_section_as_it_was(running):
    put_backup(running)
    stage(running)
    commit(running)
    running.start()
    saved = new_backup(running)
    assert_same_sections(saved, sample())
    assert FRAMEWORK_ID.value(saved) == FRAMEWORK_ID.value(sample()) is not None


def test_staging_logs_counts_age_and_framework_ids(running):
    put_backup(running)
    stage(running)
    expected = codec.decode(Snapshot, sample())
    assert f"{len(expected.tasks)} tasks" in running.log
    assert f"{len(expected.quotaConfigurations)} quotas" in running.log
    assert "was taken" in running.log
    assert f"Framework id of the backup: {expected.schedulerMetadata.frameworkId}; of the running state:" in running.log


def test_a_backup_of_the_future_is_warned_of_and_of_nothing_else(scheduler):
    one = scheduler()
    later = TIMESTAMP.put(sample(), fields.i64(int((time.time() + 3 * 86400 + 60) * 1000)))
    stage(one, put_backup(one, later))
    (warning,) = [line for line in one.log.splitlines() if " WARNING " in line]
    assert f"Staged backup {NAME} was taken 3 days 00:0" in warning
    assert warning.endswith("in the future: a clock is wrong")


def test_a_second_stage_is_refused_and_harms_nothing(running):
    put_backup(running)
    stage(running)
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == ("ERROR", "Another backup is already loaded.")
    assert said(call(running.url, "stageRecovery", backupId="no-such")) == (
        "ERROR",
        "Another backup is already loaded.",
    )
    assert said(call(running.url, "unloadRecovery")) == OK
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == OK


def test_a_second_stage_is_refused_while_the_first_goes_on(tmp_path, monkeypatch):
    reading, may_go_on = threading.Event(), threading.Event()

    def slow(*arguments, **options):
        reading.set()
        may_go_on.wait()
        raise BackupError("never mind")

    monkeypatch.setattr("aurora_admin.scheduler.recovery.read_backup", slow)
    recovery = Recovery(str(tmp_path), None)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(recovery.stage, NAME)
        reading.wait()
        second = pool.submit(recovery.stage, NAME)
        try:
            assert str(second.exception(DEADLINE_SECONDS)) == "Another backup is already loaded."
        finally:
            may_go_on.set()
        assert str(first.exception(DEADLINE_SECONDS)) == "never mind"
    with pytest.raises(BackupError):
        recovery.stage(NAME)


@pytest.mark.parametrize("method", ["queryRecovery", "deleteRecoveryTasks"])
def test_without_a_staged_backup_the_calls_are_refused(running, method):
    assert said(call(running.url, method, query=TaskQuery())) == ("ERROR", "No backup loaded.")


def test_an_overwritten_file_is_refused_at_query_and_commit(running):
    put_backup(running)
    stage(running)
    (running.backup_dir / NAME).write_bytes(sample()[::-1])
    for response in (call(running.url, "queryRecovery", query=TaskQuery()), call(running.url, "commitRecovery")):
        assert said(response)[0] == "ERROR"
        assert "has changed since it was staged" in said(response)[1]
    assert said(call(running.url, "unloadRecovery")) == OK


def test_a_deleted_file_is_refused_at_commit(running):
    put_backup(running)
    stage(running)
    (running.backup_dir / NAME).unlink()
    assert "has changed since it was staged" in said(call(running.url, "commitRecovery"))[1]


def test_writes_are_refused_once_a_recovery_is_committed(running):
    """A transaction behind the snapshot would be replayed onto the restored state (docs/storage.md 5.1)."""
    put_backup(running)
    stage(running)
    replies, has_written = [], threading.Event()

    def write() -> None:
        with suppress(OSError):
            while not replies or replies[-1] == OK:
                number = len(replies)
                replies.append(said(call(running.url, "setQuota", ownerRole=f"role-{number}", quota=QUOTA)))
                has_written.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert has_written.wait(DEADLINE_SECONDS)
    commit(running)
    writer.join()
    assert replies[0] == OK
    assert set(replies) <= {OK, ("ERROR_TRANSIENT", "Storage is not READY")}
    running.start()
    saved = new_backup(running)
    assert task_bytes(saved) == task_bytes(sample())
    assert_same_sections(saved, sample())


@pytest.mark.parametrize(
    ("query", "is_wanted"),
    [
        (TaskQuery(statuses={ScheduleStatus.RUNNING}), lambda task: task.status == ScheduleStatus.RUNNING),
        (TaskQuery(role="ads"), lambda task: task.assignedTask.task.job.role == "ads"),
        (TaskQuery(instanceIds={0, 1}), lambda task: task.assignedTask.instanceId in (0, 1)),
    ],
    ids=["status", "role", "instances"],
)
def test_a_query_selects_in_the_staged_backup(running, query, is_wanted):
    put_backup(running)
    stage(running)
    everything = codec.decode(Snapshot, sample()).tasks
    expected = {task.assignedTask.taskId for task in everything if is_wanted(task)}
    assert 0 < len(expected) < len(everything)
    assert queried(running, query) == expected


def test_a_query_of_the_staged_backup_ignores_limits_and_empty_sets(running):
    put_backup(running)
    stage(running)
    assert queried(running, TaskQuery(taskIds=set(), limit=1)) == {name.decode() for name in task_bytes(sample())}


def queried(running, query) -> set[str]:
    found = call(running.url, "queryRecovery", query=query).result.queryRecoveryResult.tasks
    return {task.assignedTask.taskId for task in found}


@pytest.mark.parametrize("timestamp", [0, -1, 2**63 - 1, -(2**63)])
def test_a_committed_state_starts_whatever_its_timestamp(running, timestamp):
    put_backup(running, TIMESTAMP.put(sample(), fields.i64(timestamp)))
    stage(running)
    commit(running)
    running.start()
    assert len(tasks(running.url)) == len(task_bytes(sample()))
    assert FRAMEWORK_ID.value(new_backup(running)) == FRAMEWORK_ID.value(sample())


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_with_status_0(running, signal_number):
    assert running.stop(signal_number) == 0
    assert "Stopped" in running.log


def test_leader_health_and_variables(running):
    assert get(running.url, "/health") == (200, "OK\n")
    status, text = get(running.url, "/leaderhealth")
    assert (status, text.splitlines()[0]) == (200, "Current status: This is the leading scheduler.")
    lines = get(running.url, "/vars")[1].splitlines()
    assert lines == sorted(lines)
    assert {"scheduler_lifecycle_ACTIVE 1", "scheduler_lifecycle_DEAD 0", "framework_registered 1"} <= set(lines)


@pytest.mark.parametrize(
    ("name", "empty"),
    [("small-022", ()), ("jobs-10k-022.gz", (JOB_UPDATES, MAINTENANCE_REQUESTS))],
    ids=["small-022", "jobs-10k-022"],
)
def test_backups_of_a_real_scheduler_come_back_complete(scheduler, fixtures, name, empty):
    raw = (fixtures / "backups" / name).read_bytes()
    raw = gzip.decompress(raw) if name.endswith(".gz") else raw
    running = scheduler()
    put_backup(running, raw)
    stage(running)
    commit(running)
    running.start()
    saved = new_backup(running)
    assert task_bytes(saved) == task_bytes(raw) != {}
    assert_same_sections(saved, raw, empty)


def test_a_stage_that_fails_unexpectedly_leaves_the_slot_empty(tmp_path, monkeypatch):
    """Wherever it fails: an occupied slot that nothing can unload would last until the restart."""
    (tmp_path / NAME).write_bytes(sample())
    recovery = Recovery(str(tmp_path), None)
    with monkeypatch.context() as patch:
        patch.setattr("aurora_admin.scheduler.recovery.text_map", lambda entries: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            recovery.stage(NAME)
    assert recovery.in_use is None
    with pytest.raises(RecoveryError, match="No backup loaded"):
        recovery.staged()
