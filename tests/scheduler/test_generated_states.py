"""Any state, legacy or current, is the same after a backup, a restore and a replay, unknown fields included."""

import hashlib
import struct
import tempfile
import zlib
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from thrift.Thrift import TType

from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.recovery import StagedBackup
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot import writer
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import canonical
from aurora_admin.wire.path import path
from tests.support.replay import MemoryLog, backup_of, replay

SECTIONS = {
    name: path(storage.Snapshot, name)
    for name in (
        "hostAttributes",
        "tasks",
        "cronJobs",
        "quotaConfigurations",
        "jobUpdateDetails",
        "hostMaintenanceRequests",
    )
}
TASKS = SECTIONS["tasks"]
TIMESTAMP = path(storage.Snapshot, "timestamp")
METADATA = path(storage.Snapshot, "schedulerMetadata")
# Each writer has its own.
METADATA_DETAILS = path(storage.Snapshot, "schedulerMetadata.details")
TASK_CONFIG = path(api.ScheduledTask, "assignedTask.task")
GROUP_CONFIG = path(api.InstanceTaskConfig, "task")
DESIRED_STATE = path(storage.StoredJobUpdateDetails, "details.update.instructions.desiredState")
CRON_JOB = path(storage.StoredCronJob, "jobConfiguration")
CRON_CONFIG = path(storage.StoredCronJob, "jobConfiguration.taskConfig")
SNAPSHOT = path(storage.LogEntry, "snapshot")
DEDUPLICATED = path(storage.LogEntry, "deduplicatedSnapshot")
PARTIAL_SNAPSHOT = path(storage.DeduplicatedSnapshot, "partialSnapshot")
PARTIAL_TASKS = path(storage.DeduplicatedSnapshot, "partialTasks")
TASK_CONFIGS = path(storage.DeduplicatedSnapshot, "taskConfigs")
PARTIAL_TASK = path(storage.DeduplicatedScheduledTask, "partialScheduledTask")
SAVED_HOST = path(storage.SaveHostAttributes, "hostAttributes")
SAVED_CRON_JOB = path(storage.SaveCronJob, "jobConfig")
SAVED_REQUEST = path(storage.SaveHostMaintenanceRequest, "hostMaintenanceRequest")
CONFIG_NUMBER = path(storage.DeduplicatedScheduledTask, "taskConfigId")


def structs(items):
    """Return the encoded list or set of these structs."""
    return fields.container(TType.STRUCT, items)


names = st.text("abcXYZ019._-", min_size=1, max_size=8)
texts = st.text(max_size=12)
numbers = st.integers(-(2**31), 2**31 - 1)
times = st.integers(0, 10**13)
keys = st.builds(api.JobKey, role=names, environment=st.sampled_from(["prod", "devel"]), name=names)
unknown = st.sampled_from(
    [
        None,
        (99, 11, fields.string(b"\xff\xfe later")),
        (98, 2, b"\x01"),
        (97, 12, fields.join([fields.Field(-3, 10, fields.i64(-1))])),
    ]
)
resources = st.builds(
    lambda cpus, ram, disk, ports: [
        api.Resource(numCpus=cpus),
        api.Resource(ramMb=ram),
        api.Resource(diskMb=disk),
        *(api.Resource(namedPort=port) for port in ports),
    ],
    st.floats(0, 100),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.sets(names, max_size=2),
)


@st.composite
def configs(draw):
    """A config of any release, possibly with a field that no release knows."""
    job = draw(keys)
    config = api.TaskConfig(
        job=job,
        owner=api.Identity(user=draw(texts)),
        isService=draw(st.booleans()),
        priority=draw(numbers),
        production=draw(st.none() | st.booleans()),
        tier=draw(st.none() | st.sampled_from(["preferred", "revocable"])),
        contactEmail=draw(st.none() | texts),
        metadata=[api.Metadata(key, "v") for key in draw(st.sets(texts, max_size=2))],
        container=draw(
            st.sampled_from(
                [None, api.Container(mesos=api.MesosContainer()), api.Container(docker=api.DockerContainer("image"))]
            )
        ),
        executorConfig=draw(st.none() | st.builds(api.ExecutorConfig, name=texts, data=texts)),
    )
    if draw(st.booleans()):
        config.resources = draw(resources)
    else:
        config.numCpus, config.ramMb, config.diskMb = draw(st.floats(0, 9)), draw(times), draw(times)
        config.requestedPorts = draw(st.sets(names, max_size=2))
    if draw(st.booleans()):
        config.owner.role, config.environment, config.jobName = job.role, job.environment, job.name
        config.job = draw(st.sampled_from([None, job]))
    return _with(draw(unknown), codec.encode(config))


def _with(field, raw):
    return raw if field is None else fields.put(raw, [field[0]], field[1], field[2])


@st.composite
def tasks(draw, pool, number):
    """A task with one of a few configs, and its number in its id."""
    events = [
        api.TaskEvent(at, draw(st.integers(0, 18)), draw(st.none() | texts))
        for at in draw(st.lists(times, min_size=2, max_size=3))
    ]
    host = draw(st.none() | names)
    assigned = api.AssignedTask(f"{draw(names)}-{number}", slaveId=host, slaveHost=host, instanceId=draw(numbers))
    task = api.ScheduledTask(assigned, draw(st.sampled_from([0, 2, 3, 10, 18])), draw(numbers), taskEvents=events)
    raw = TASK_CONFIG.put(codec.encode(task), draw(st.sampled_from(pool)))
    return _with(draw(unknown), raw)


@st.composite
def updates(draw, pool, number):
    summary = draw(
        st.sampled_from(
            [
                api.JobUpdateSummary(key=api.JobUpdateKey(api.JobKey("a", "b", "c"), str(number))),
                api.JobUpdateSummary(updateId=str(number), jobKey=api.JobKey("a", "b", "c")),
            ]
        )
    )
    summary.state = api.JobUpdateState(draw(st.integers(0, 10)), draw(times), draw(times))
    update_settings = api.JobUpdateSettings(
        updateGroupSize=draw(numbers),
        blockIfNoPulsesAfterMs=draw(st.sampled_from([None, 0, 5])),
        waitForBatchCompletion=draw(st.booleans()),
    )
    update = api.JobUpdate(summary, api.JobUpdateInstructions(initialState=[], settings=update_settings))
    group = api.InstanceTaskConfig(instances=[api.Range(0, draw(numbers))])
    desired = GROUP_CONFIG.put(codec.encode(group), draw(st.sampled_from(pool)))
    events = [api.JobUpdateEvent(draw(st.integers(0, 10)), at) for at in draw(st.lists(times, max_size=3))]
    steps = [api.JobInstanceUpdateEvent(draw(numbers), at, 1) for at in draw(st.lists(times, max_size=3))]
    raw = codec.encode(storage.StoredJobUpdateDetails(api.JobUpdateDetails(update, events, steps)))
    return _with(draw(unknown), DESIRED_STATE.put(raw, desired))


@st.composite
def states(draw):
    """The bytes of a Snapshot."""
    pool = draw(st.lists(configs(), min_size=1, max_size=3))
    sections = {
        "hostAttributes": [
            codec.encode(api.HostAttributes(name, [api.Attribute("rack", [draw(texts)])], 1, draw(st.none() | texts)))
            for name in draw(st.sets(texts, max_size=3))
        ],
        "tasks": [draw(tasks(pool, number)) for number in range(draw(st.integers(0, 5)))],
        "cronJobs": [_cron(draw(st.sampled_from(pool)), name) for name in draw(st.sets(names, max_size=2))],
        "quotaConfigurations": [
            codec.encode(storage.QuotaConfiguration(role, draw(quotas))) for role in draw(st.sets(texts, max_size=2))
        ],
        "jobUpdateDetails": [draw(updates(pool, number)) for number in range(draw(st.integers(0, 2)))],
        "hostMaintenanceRequests": [
            codec.encode(api.HostMaintenanceRequest(host=name, timeoutSecs=1))
            for name in draw(st.sets(texts, max_size=2))
        ],
    }
    members = [
        TIMESTAMP.field(fields.i64(draw(times))),
        *(SECTIONS[name].field(structs(records)) for name, records in sections.items()),
        METADATA.field(codec.encode(storage.SchedulerMetadata(frameworkId=draw(texts), details={}))),
    ]
    return _with(draw(unknown), fields.join(sorted(members, key=lambda member: member.id)))


quotas = st.builds(
    lambda new, cpus: (
        api.ResourceAggregate(resources=new) if cpus is None else api.ResourceAggregate(numCpus=cpus, ramMb=1, diskMb=2)
    ),
    resources,
    st.none() | st.floats(0, 9),
)


def _cron(config, name):
    job = api.JobConfiguration(key=api.JobKey("r", "e", name), cronSchedule="* * * * *", instanceCount=1)
    return CRON_CONFIG.put(codec.encode(storage.StoredCronJob(job)), config)


def same_state(one, other):
    """Tell whether two snapshots hold the same records, in any order."""
    one, other = (canonical(METADATA_DETAILS.drop(raw)) for raw in (one, other))
    return one == other


def upgraded(raw, folder):
    """Return a snapshot in the current format: as a staged backup of it."""
    path = Path(folder) / "backup"
    path.write_bytes(raw)
    with closing(read_backup(str(path))) as backup:
        return b"".join(writer.snapshot(StagedBackup(backup)))


def entries_of(raw):
    """Yield the records of each kind of log entry that holds a state, made without the code under test."""
    tasks_of = TASKS.elements(raw)
    distinct = list(dict.fromkeys(TASK_CONFIG.get(task) for task in tasks_of))
    partial = [
        fields.join(
            [
                PARTIAL_TASK.field(TASK_CONFIG.drop(task)),
                CONFIG_NUMBER.field(fields.i32(distinct.index(TASK_CONFIG.get(task)))),
            ]
        )
        for task in tasks_of
    ]
    deduplicated = fields.join(
        [
            PARTIAL_SNAPSHOT.field(TASKS.drop(raw)),
            PARTIAL_TASKS.field(structs(partial)),
            TASK_CONFIGS.field(structs(distinct)),
        ]
    )
    for entry in (fields.join([SNAPSHOT.field(raw)]), fields.join([DEDUPLICATED.field(deduplicated)])):
        deflated = codec.encode(storage.LogEntry(deflatedEntry=zlib.compress(entry)))
        yield [entry]
        yield [deflated]
        yield list(_frames(deflated, 50))


def _frames(entry, size):
    pieces = [entry[at : at + size] for at in range(0, len(entry), size)]
    digest = hashlib.md5(entry, usedforsecurity=False).digest()
    yield codec.encode(storage.LogEntry(frame=storage.Frame(header=storage.FrameHeader(len(pieces), digest))))
    for piece in pieces:
        yield codec.encode(storage.LogEntry(frame=storage.Frame(chunk=storage.FrameChunk(piece))))


@settings(max_examples=60, deadline=None)
@given(states())
def test_every_kind_of_entry_replays_to_the_state(raw):
    with tempfile.TemporaryDirectory() as folder:
        wanted = upgraded(raw, folder)
        for records in entries_of(raw):
            assert same_state(backup_of(replay(records, folder)), wanted)


@settings(max_examples=60, deadline=None)
@given(states(), st.sampled_from([40, 1 << 20]))
def test_a_staged_and_committed_state_comes_back_and_is_backed_up(raw, max_entry_size):
    """A second upgrade changes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = upgraded(raw, folder)
        log = Log(engine := MemoryLog([]), folder, max_entry_size)
        with closing(read_backup(str(Path(folder) / "backup"))) as backup:
            log.append_snapshot(StagedBackup(backup))
        back = backup_of(replay(engine.records, folder))
        assert same_state(back, wanted)
        assert upgraded(back, folder) == upgraded(upgraded(back, folder), folder)
        assert same_state(upgraded(back, folder), wanted)


def op(number, member, value):
    return ops.Op(number, fields.join([member.field(value)]))


@settings(max_examples=60, deadline=None)
@given(states())
def test_the_same_records_as_ops_are_the_state(raw):
    """All but job updates, which are saved without their events."""
    records = {name: member.elements(raw) for name, member in SECTIONS.items() if name != "jobUpdateDetails"}
    saved = [op(ops.SAVE_HOST_ATTRIBUTES, SAVED_HOST, one) for one in records["hostAttributes"]]
    saved += [ops.save_tasks(records["tasks"])]
    saved += [op(ops.SAVE_CRON_JOB, SAVED_CRON_JOB, CRON_JOB.get(one)) for one in records["cronJobs"]]
    saved += [ops.Op(ops.SAVE_QUOTA, one) for one in records["quotaConfigurations"]]
    saved += [op(ops.SAVE_HOST_MAINTENANCE_REQUEST, SAVED_REQUEST, one) for one in records["hostMaintenanceRequests"]]
    entry = ops.transaction(saved)
    with tempfile.TemporaryDirectory() as folder:
        found, wanted = backup_of(replay([entry], folder)), upgraded(raw, folder)
        for name in records:
            section = SECTIONS[name]
            assert canonical(section.get(found), section.ttype) == canonical(section.get(wanted), section.ttype), name


def test_the_comparison_can_fail():
    one = fields.join([fields.Field(1, 10, struct.pack(">q", 1))])
    assert not same_state(one, fields.join([fields.Field(1, 10, struct.pack(">q", 2))]))
