"""Any state, of old shape or of today's, is the same after every way that it can go: what is not known included."""

import hashlib
import struct
import tempfile
import zlib
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.recovery import Staged
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot import writer
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import canonical
from tests.support.replay import MemoryLog, backup_of, replay

SECTIONS = {
    3: api.HostAttributes,
    4: api.ScheduledTask,
    5: storage.StoredCronJob,
    8: storage.QuotaConfiguration,
    10: storage.StoredJobUpdateDetails,
    13: api.HostMaintenanceRequest,
}
DETAILS = [6, 8]  # of SchedulerMetadata: each writer tells of itself
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
    """A config of any release: with what its scheduler wrote, and maybe something that no release knows yet."""
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
    """A task of one of a few configs; its id tells its number."""
    events = [
        api.TaskEvent(at, draw(st.integers(0, 18)), draw(st.none() | texts))
        for at in draw(st.lists(times, min_size=2, max_size=3))
    ]
    host = draw(st.none() | names)
    assigned = api.AssignedTask(f"{draw(names)}-{number}", slaveId=host, slaveHost=host, instanceId=draw(numbers))
    task = api.ScheduledTask(assigned, draw(st.sampled_from([0, 2, 3, 10, 18])), draw(numbers), taskEvents=events)
    raw = fields.put(codec.encode(task), [1, 4], 12, draw(st.sampled_from(pool)))
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
    desired = fields.put(codec.encode(group), [1], 12, draw(st.sampled_from(pool)))
    events = [api.JobUpdateEvent(draw(st.integers(0, 10)), at) for at in draw(st.lists(times, max_size=3))]
    steps = [api.JobInstanceUpdateEvent(draw(numbers), at, 1) for at in draw(st.lists(times, max_size=3))]
    raw = codec.encode(storage.StoredJobUpdateDetails(api.JobUpdateDetails(update, events, steps)))
    return _with(draw(unknown), fields.put(raw, [1, 1, 2, 2], 12, desired))


@st.composite
def states(draw):
    """The bytes of a Snapshot."""
    pool = draw(st.lists(configs(), min_size=1, max_size=3))
    made = {
        3: [
            codec.encode(api.HostAttributes(name, [api.Attribute("rack", [draw(texts)])], 1, draw(st.none() | texts)))
            for name in draw(st.sets(texts, max_size=3))
        ],
        4: [draw(tasks(pool, number)) for number in range(draw(st.integers(0, 5)))],
        5: [_cron(draw(st.sampled_from(pool)), name) for name in draw(st.sets(names, max_size=2))],
        8: [codec.encode(storage.QuotaConfiguration(role, draw(quotas))) for role in draw(st.sets(texts, max_size=2))],
        10: [draw(updates(pool, number)) for number in range(draw(st.integers(0, 2)))],
        13: [
            codec.encode(api.HostMaintenanceRequest(host=name, timeoutSecs=1))
            for name in draw(st.sets(texts, max_size=2))
        ],
    }
    members = [
        fields.Field(1, 10, fields.i64(draw(times))),
        *(fields.Field(number, 14, fields.container(12, records)) for number, records in made.items()),
        fields.Field(6, 12, codec.encode(storage.SchedulerMetadata(frameworkId=draw(texts), details={}))),
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
    return fields.put(codec.encode(storage.StoredCronJob(job)), [3, 6], 12, config)


def same_state(one, other):
    """Both snapshots hold the same records, byte for byte but for the order of sets and of the records."""
    one, other = (canonical(fields.drop(raw, DETAILS)) for raw in (one, other))
    return one == other


def in_today(raw, folder):
    """The snapshot as a backup of it is staged."""
    path = Path(folder) / "backup"
    path.write_bytes(raw)
    with closing(read_backup(str(path))) as backup:
        return b"".join(writer.snapshot(Staged(backup)))


def entries_of(raw):
    """The state as each kind of log entry, put together here and not by what is tested."""
    tasks_of = fields.elements(fields.get(raw, 4))[1]
    distinct = list(dict.fromkeys(fields.get(task, 1, 4) for task in tasks_of))
    partial = [
        fields.join(
            [
                fields.Field(1, 12, fields.drop(task, [1, 4])),
                fields.Field(2, 8, fields.i32(distinct.index(fields.get(task, 1, 4)))),
            ]
        )
        for task in tasks_of
    ]
    deduplicated = fields.join(
        [
            fields.Field(1, 12, fields.drop(raw, [4])),
            fields.Field(2, 15, fields.container(12, partial)),
            fields.Field(3, 15, fields.container(12, distinct)),
        ]
    )
    for entry in (fields.join([fields.Field(1, 12, raw)]), fields.join([fields.Field(6, 12, deduplicated)])):
        deflated = fields.join([fields.Field(5, 11, fields.string(zlib.compress(entry)))])
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
        wanted = in_today(raw, folder)
        for records in entries_of(raw):
            assert same_state(backup_of(replay(records, folder)), wanted)


@settings(max_examples=60, deadline=None)
@given(states(), st.sampled_from([40, 1 << 20]))
def test_a_staged_and_committed_state_comes_back_and_is_backed_up(raw, max_entry_size):
    """Through file, index, deduplication, deflation, frames, replay and the next backup; twice, nothing changes."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = in_today(raw, folder)
        log = Log(engine := MemoryLog([]), folder, max_entry_size)
        with closing(read_backup(str(Path(folder) / "backup"))) as backup:
            log.append_snapshot(Staged(backup))
        back = backup_of(replay(engine.records, folder))
        assert same_state(back, wanted)
        assert in_today(back, folder) == in_today(in_today(back, folder), folder)
        assert same_state(in_today(back, folder), wanted)


@settings(max_examples=60, deadline=None)
@given(states())
def test_the_same_records_as_ops_are_the_state(raw):
    """Tasks, cron jobs, quotas and hosts: what a scheduler saves one after another."""
    members = {number: fields.elements(fields.get(raw, number))[1] for number in (3, 4, 5, 8, 13)}
    ops = [(10, fields.join([fields.Field(1, 12, one)])) for one in members[3]]
    ops += [(6, fields.join([fields.Field(1, 14, fields.container(12, members[4]))]))]
    ops += [(2, fields.join([fields.Field(2, 12, fields.get(one, 3))])) for one in members[5]]
    ops += [(8, one) for one in members[8]]
    ops += [(19, fields.join([fields.Field(1, 12, one)])) for one in members[13]]
    items = [fields.join([fields.Field(number, 12, body)]) for number, body in ops]
    entry = fields.join([fields.Field(2, 12, fields.join([fields.Field(1, 15, fields.container(12, items))]))])
    with tempfile.TemporaryDirectory() as folder:
        found, wanted = backup_of(replay([entry], folder)), in_today(raw, folder)
        for number in members:
            assert canonical(fields.get(found, number), 14) == canonical(fields.get(wanted, number), 14), number


def test_the_comparison_can_fail():
    one = fields.join([fields.Field(1, 10, struct.pack(">q", 1))])
    assert not same_state(one, fields.join([fields.Field(1, 10, struct.pack(">q", 2))]))
