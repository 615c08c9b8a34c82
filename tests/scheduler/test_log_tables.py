"""Entries that no recorded log has: invalid ones, unusual frames and snapshots, and legacy ops (docs/storage.md 2)."""

import hashlib
import zlib

import pytest
from thrift.Thrift import TType

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.snapshot.log_entry import DEFLATED, FRAME, FRAME_HEADER, NOOP_ENTRY
from aurora_admin.wire import codec, fields
from aurora_admin.wire.fields import Field
from aurora_admin.wire.path import path
from tests.support.jobs import LONG_AGO, config, cron, job, key, quota, task, update
from tests.support.replay import replay, snapshot_of

FRAME_HEADER_CUT = FRAME.header + FRAME_HEADER.header + b"\x08"
OPS = path(storage.Transaction, "ops")
EMPTY = ("hostAttributes", "tasks", "cronJobs", "quotaConfigurations", "jobUpdateDetails")


def header(count, checksum=b"\0" * 16):
    return codec.encode(storage.LogEntry(frame=storage.Frame(header=storage.FrameHeader(count, checksum))))


def chunk(data):
    return codec.encode(storage.LogEntry(frame=storage.Frame(chunk=storage.FrameChunk(data))))


def deflated_entry(data):
    return codec.encode(storage.LogEntry(deflatedEntry=data))


def deflated(raw):
    return deflated_entry(zlib.compress(raw))


def snapshot(**members):
    return codec.encode(storage.LogEntry(snapshot=storage.Snapshot(timestamp=LONG_AGO, **members)))


def saved(role):
    return ops.transaction([ops.save_quota(role.encode(), codec.encode(quota(role).quota))])


def roles(stores):
    return {one.role for one in snapshot_of(stores).quotaConfigurations}


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([header(0, hashlib.md5(b"").digest())], "announces 0 chunks; the log is damaged"),
        ([header(-1)], "announces -1 chunks; the log is damaged"),
        (
            [FRAME.put(fields.STOP, fields.join([Field(3, TType.STRUCT, fields.STOP)]))],
            "is neither a header nor a chunk",
        ),
        ([FRAME_HEADER_CUT], r"frame at position 1 cannot be decoded \(the input ends"),
        (
            [header(1, hashlib.md5(b"bad").digest()), chunk(b"bad")],
            "entry at position 1 cannot be read: Unrecognized type 98",
        ),
        ([deflated(deflated(saved("r")))], "log entry of unknown kind 5"),
        ([deflated(header(1))], "log entry of unknown kind 4"),
        ([deflated(saved("r"))[:-9] + b"\0"], "the deflated entry is cut short"),
        ([DEFLATED.header + fields.i32(4) + b"badd\0"], "while decompressing data: incorrect header check"),
        ([deflated(saved("r")[:-1])], "the input ends in the middle of a value"),
        ([deflated_entry(zlib.compress(saved("r"))[:-4])], "the deflated entry is cut short, or followed by more data"),
        (
            [deflated_entry(zlib.compress(saved("r")) + b"x")],
            "the deflated entry is cut short, or followed by more data",
        ),
        ([saved("r") + b"\0"], "more follows where the log entry should end"),
        ([b""], "the input ends in the middle of a value"),
        (
            [
                ops.transaction([]).replace(
                    OPS.header + fields.container(TType.STRUCT, []),
                    OPS.header + fields.container(TType.STRUCT, [fields.STOP]),
                )
            ],
            "an op with 0 members",
        ),
    ],
)
def test_an_invalid_entry_stops_the_replay_and_its_position_is_named(tmp_path, records, text):
    with pytest.raises(LogError, match=text) as refused:
        replay([NOOP_ENTRY, *records], tmp_path)
    assert "position 1" in str(refused.value)


def test_any_entry_may_be_deflated_and_in_frames(tmp_path):
    """Also a transaction and a no-op: every reader since 0.5 inflates and joins any entry (docs/storage.md 2.8)."""
    for raw in (saved("a"), deflated(saved("a")), deflated(NOOP_ENTRY)):
        frames = [header(2, hashlib.md5(raw).digest()), chunk(raw[:7]), chunk(raw[7:])]
        assert roles(replay([saved("b"), *frames, deflated(NOOP_ENTRY)], tmp_path)) == (
            {"b"} if raw == deflated(NOOP_ENTRY) else {"a", "b"}
        )


def test_the_schema_version_of_a_transaction_is_ignored(tmp_path):
    for version in (None, 0, 7):
        op = storage.Op(saveFrameworkId=storage.SaveFrameworkId("f"))
        entry = storage.LogEntry(transaction=storage.Transaction(ops=[op], schemaVersion=version))
        assert replay([codec.encode(entry)], tmp_path).framework_id == "f"


FULL = {
    "hostAttributes": [api.HostAttributes("h", [], 1, "s")],
    "tasks": [task(config())],
    "cronJobs": [cron(job())],
    "quotaConfigurations": [quota("r")],
    "jobUpdateDetails": [update(key(), 0, desired=(config(), (0, 1)))],
    "hostMaintenanceRequests": [api.HostMaintenanceRequest("h", timeoutSecs=1, createdTimestampMs=1)],
    "locks": [api.Lock(api.LockKey(job=key()), "t", "me", 1)],
    "schedulerMetadata": storage.SchedulerMetadata("framework"),
}


@pytest.mark.parametrize("sections", [dict.fromkeys(EMPTY, ()), {}], ids=["empty", "absent"])
def test_a_snapshot_replaces_everything_but_the_framework_id(tmp_path, sections):
    """0.19 differs: it keeps the records of a section that is empty in the snapshot (docs/storage.md 2.10)."""
    assert all(getattr(snapshot_of(replay([snapshot(**FULL)], tmp_path)), name) for name in EMPTY)
    stores = replay([snapshot(**FULL), snapshot(**sections)], tmp_path)
    left = snapshot_of(stores)
    assert not any(getattr(left, name) for name in [*EMPTY, "locks", "hostMaintenanceRequests"])
    assert stores.framework_id == "framework"


def test_a_framework_id_is_overwritten_and_never_removed(tmp_path):
    other = storage.SchedulerMetadata("other")
    assert replay([snapshot(**FULL), snapshot(schedulerMetadata=other)], tmp_path).framework_id == "other"
    unset = storage.SchedulerMetadata(details={"a": "b"})
    assert replay([snapshot(**FULL), snapshot(schedulerMetadata=unset)], tmp_path).framework_id == "framework"


def task_without_config(config_id, **members):
    element = task(config())
    element.assignedTask.task = None
    for name, value in members.items():
        setattr(element.assignedTask, name, value)
    return storage.DeduplicatedScheduledTask(element, config_id)


@pytest.mark.parametrize(
    ("tasks", "configs", "text"),
    [
        ([task_without_config(1)], [config()], "referenced invalid task index"),
        ([task_without_config(-1)], [config()], "lacks its id, its status or its config"),
        ([task_without_config(None)], [config()], "lacks its id, its status or its config"),
        ([task_without_config(0)], None, "have no configs"),
        ([task_without_config(0)], [], "referenced invalid task index"),
        ([task_without_config(0), task_without_config(0)], [config()], "two tasks have one id"),
        ([task_without_config(0, taskId=None)], [config()], "two tasks have one id, or one has none"),
    ],
)
def test_an_invalid_deduplicated_task_stops_the_replay(tmp_path, tasks, configs, text):
    entry = storage.LogEntry(deduplicatedSnapshot=storage.DeduplicatedSnapshot(storage.Snapshot(), tasks, configs))
    with pytest.raises(LogError, match=text):
        replay([codec.encode(entry)], tmp_path)


@pytest.mark.parametrize(
    ("tasks", "configs", "count"),
    [
        (None, None, 0),
        ([], [], 0),
        (None, [config()], 0),
        ([], None, 0),
        ([task_without_config(1)], [config(), config()], 1),
    ],
)
def test_a_deduplicated_snapshot_may_be_empty_or_have_unused_configs(tmp_path, tasks, configs, count):
    entry = storage.LogEntry(deduplicatedSnapshot=storage.DeduplicatedSnapshot(storage.Snapshot(), tasks, configs))
    assert len(snapshot_of(replay([codec.encode(entry)], tmp_path)).tasks) == count


def test_a_legacy_cron_job_loses_its_manager_and_gets_its_key(tmp_path):
    """SaveAcceptedJob up to 0.7: owner, environment and name in the task config are the key (docs/storage.md 2.6)."""
    old = api.TaskConfig(owner=api.Identity(role="www"), environment="prod", jobName="web", container=None)
    body = [
        Field(1, 11, fields.string(b"CRON")),
        Field(2, 12, codec.encode(api.JobConfiguration(cronSchedule="* * * * *", taskConfig=old, instanceCount=1))),
    ]
    stores = replay([ops.transaction([Op(ops.SAVE_CRON_JOB, fields.join(body))])], tmp_path)
    (left,) = snapshot_of(stores).cronJobs
    assert (left.jobConfiguration.key.role, left.jobConfiguration.taskConfig.job.name) == ("www", "web")
    removal = Op(ops.REMOVE_JOB, codec.encode(storage.RemoveJob(key())))
    saved_again = ops.transaction([Op(ops.SAVE_CRON_JOB, fields.join(body)), removal])
    assert snapshot_of(replay([saved_again], tmp_path)).cronJobs == set()


def test_a_legacy_quota_is_upgraded_and_an_unusual_one_is_logged(tmp_path, caplog):
    old = api.ResourceAggregate(numCpus=1.0, ramMb=2, diskMb=3)
    stores = replay([ops.transaction([ops.save_quota(b"r", codec.encode(old))])], tmp_path)
    (left,) = snapshot_of(stores).quotaConfigurations
    assert len(left.quota.resources) == 3
    unusual = storage.QuotaConfiguration("gpu", api.ResourceAggregate(resources=[api.Resource(numGpus=1)]))
    assert roles(replay([snapshot(quotaConfigurations=[unusual])], tmp_path)) == {"gpu"}
    assert "1 quotas are not of CPUs, RAM and disk: gpu" in caplog.text


@pytest.mark.parametrize(
    ("number", "ttype", "value"),
    [
        (1, 11, fields.string(b"now")),
        (4, 15, fields.container(12, [])),
        (6, 11, fields.string(b"f")),
        (8, 15, fields.container(12, [])),
        (10, 8, fields.i32(1)),
    ],
)
def test_a_section_of_the_wrong_type_stops_the_replay(tmp_path, number, ttype, value):
    """If it were kept as an unknown field, it would replace the section in the next snapshot."""
    record = fields.join([Field(1, 12, fields.join([Field(number, ttype, value)]))])
    with pytest.raises(LogError, match=f"field {number} of the snapshot has type {ttype}"):
        replay([record], tmp_path)
