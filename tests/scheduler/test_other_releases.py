"""Backups of releases that none was recorded of, made as docs/releases.md 1 and 2 say, in today's shape."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.recovery import Staged
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from tests.scheduler.test_manifests import committed
from tests.support.expectations import era_facts, read_fixture, recorded_facts
from tests.support.replay import replay, snapshot_of

TIME = 1_400_000_000_000
JOB = api.JobKey("www", "prod", "web")
OWNER = api.Identity(role="www", user="user")
OLD_NAMES = {"owner": OWNER, "environment": "prod", "jobName": "web"}
OLD_AMOUNTS = {"numCpus": 0.5, "ramMb": 128, "diskMb": 64, "requestedPorts": {"http"}}
ZEROS = {"numCpus": 0.0, "ramMb": 0, "diskMb": 0, "requestedPorts": set()}
QUOTA = [api.Resource(numCpus=0.5), api.Resource(ramMb=128), api.Resource(diskMb=64)]
RESOURCES = [*QUOTA, api.Resource(namedPort="http")]
MESOS = api.Container(mesos=api.MesosContainer())
BLANK = {"container": None}


class Release(NamedTuple):
    """What one release writes of a job with a task, a cron job and an update, in its quota and on its host."""

    config: dict[str, object]
    quota: api.ResourceAggregate
    sections: tuple[int, ...] = (1, 3, 4, 5, 6, 8, 9, 10)
    manager: bytes | None = None
    details: dict[str, str] | None = None
    cron_config: dict[str, object] | None = None
    status: int = api.ScheduleStatus.RUNNING
    statuses: tuple[int, ...] = (api.ScheduleStatus.PENDING, api.ScheduleStatus.RUNNING)
    slave: str | None = "agent-1"
    old_keys: bool = False
    settings: Callable[[], api.JobUpdateSettings] = lambda: api.JobUpdateSettings(updateGroupSize=3)
    maintenance: bool = False
    tier: str = "preferred"


OLD_QUOTA = api.ResourceAggregate(numCpus=0.5, ramMb=128, diskMb=64)
BOTH_QUOTA = api.ResourceAggregate(numCpus=0.5, ramMb=128, diskMb=64, resources=QUOTA)
NEW_QUOTA = api.ResourceAggregate(resources=QUOTA)
BATCH = api.JobUpdateStrategy(varBatchStrategy=api.VariableBatchJobUpdateStrategy([1, 2], False))
RELEASES = {
    "0.5": Release(
        {**OLD_NAMES, **OLD_AMOUNTS, **BLANK, "production": True},
        OLD_QUOTA,
        (1, 3, 4, 5, 6, 8, 9),
        b"CRON",
        status=10,
        statuses=(0, 2, 3, 10),
        slave=None,
    ),
    "0.7": Release(
        {**OLD_NAMES, **OLD_AMOUNTS, "job": JOB, "production": True},
        OLD_QUOTA,
        manager=b"CRON",
        old_keys=True,
        settings=lambda: api.JobUpdateSettings(
            updateGroupSize=3, blockIfNoPulsesAfterMs=0, maxWaitToInstanceRunningMs=1000
        ),
    ),
    "0.9": Release({**OLD_NAMES, **OLD_AMOUNTS, "job": JOB, "production": False}, OLD_QUOTA, tier="preemptible"),
    "0.11": Release(
        {
            **OLD_NAMES,
            **OLD_AMOUNTS,
            "job": JOB,
            "container": api.Container(docker=api.DockerContainer("image", [api.DockerParameter("env", "a=b")])),
        },
        OLD_QUOTA,
        details={"date": "d"},
        tier="preemptible",
    ),
    "0.14": Release(
        {**OLD_AMOUNTS, "job": JOB, "owner": api.Identity(user="user"), "resources": RESOURCES, "production": True},
        BOTH_QUOTA,
        details={"version": "0.14.0"},
    ),
    "0.15 of a client that leaves resources empty": Release(
        {**OLD_AMOUNTS, "job": JOB, "resources": [], "tier": "revocable"}, BOTH_QUOTA, tier="revocable"
    ),
    "0.19": Release({**ZEROS, "job": JOB, "resources": RESOURCES, "tier": "preferred", "production": True}, BOTH_QUOTA),
    "0.20": Release(
        {**ZEROS, "job": JOB, "resources": RESOURCES, "tier": "preferred"}, BOTH_QUOTA, (1, 3, 4, 5, 6, 8, 10)
    ),
    "0.21": Release(
        {"job": JOB, "resources": RESOURCES, "tier": "preemptible", "partitionPolicy": api.PartitionPolicy(True, 30)},
        NEW_QUOTA,
        (1, 3, 4, 5, 6, 8, 10, 13),
        maintenance=True,
        tier="preemptible",
    ),
    "0.25": Release(
        {
            "job": JOB,
            "resources": [*RESOURCES, api.Resource(ipAddr=1)],
            "tier": "preferred",
            "slaPolicy": api.SlaPolicy(countSlaPolicy=api.CountSlaPolicy(1, 2)),
        },
        NEW_QUOTA,
        (1, 3, 4, 5, 6, 8, 10, 13),
        maintenance=True,
        settings=lambda: api.JobUpdateSettings(updateGroupSize=3, slaAware=True, updateStrategy=BATCH),
    ),
}


def written(release):
    """The bytes of the release's backup."""
    events = [api.TaskEvent(TIME + at, status) for at, status in enumerate(release.statuses)]
    config = api.TaskConfig(**release.config)
    assigned = api.AssignedTask("task-1", release.slave, "host-1", config, {"http": 31000}, 4)
    cron = api.JobConfiguration(key=JOB, owner=OWNER, cronSchedule="* * * * *", taskConfig=config, instanceCount=2)
    snapshot = storage.Snapshot(
        timestamp=TIME,
        schedulerMetadata=storage.SchedulerMetadata("framework-1", release.details),
        locks=[],
        hostAttributes=[api.HostAttributes("host-1", [api.Attribute("rack", {"a"})], 1, release.slave)],
        tasks=[api.ScheduledTask(assigned, release.status, 1, None, events, "task-0")],
        quotaConfigurations=[storage.QuotaConfiguration("www", release.quota)],
        jobUpdateDetails=[_update(release)],
        hostMaintenanceRequests=[api.HostMaintenanceRequest("host-1", api.SlaPolicy(), 5, TIME)],
    )
    raw = codec.encode(snapshot)
    stored = fields.join([fields.Field(3, 12, codec.encode(cron))])
    if release.manager:
        stored = fields.put(stored, [1], 11, fields.string(release.manager))
    raw = fields.put(raw, [5], 14, fields.container(12, [stored]))
    return fields.join(field for field in fields.parse(raw) if field.id in release.sections)


def _update(release):
    summary = api.JobUpdateSummary(user="user")
    if release.old_keys:
        summary.updateId, summary.jobKey = "u-1", JOB
    else:
        summary.key = api.JobUpdateKey(JOB, "u-1")
    group = api.InstanceTaskConfig(api.TaskConfig(**release.config), [api.Range(0, 3)])
    instructions = api.JobUpdateInstructions([group], group, release.settings())
    events = [api.JobUpdateEvent(0, TIME), api.JobUpdateEvent(4, TIME + 9)]
    return storage.StoredJobUpdateDetails(api.JobUpdateDetails(api.JobUpdate(summary, instructions), events, []))


@pytest.fixture
def through(tmp_path):
    """`through(raw)` stages and commits a backup, starts from that log, and decodes the next backup."""

    def go(raw):
        path = tmp_path / "scheduler-backup-2014-05-13-16-53"
        path.write_bytes(raw)
        staged = Staged(read_backup(str(path)))
        return codec.decode(storage.Snapshot, committed(staged, tmp_path)), staged.backup

    return go


@pytest.mark.parametrize("name", RELEASES)
def test_a_backup_of_any_release_comes_back_in_the_newest_shape(through, name):
    release = RELEASES[name]
    held, _ = through(written(release))
    (task,), (cron,), (host,), (quota,) = held.tasks, held.cronJobs, held.hostAttributes, held.quotaConfigurations
    (initial,), desired = _groups(held) if 10 in release.sections else ([task.assignedTask], task.assignedTask)
    wanted_resources = release.config.get("resources") or RESOURCES
    for config in (task.assignedTask.task, cron.jobConfiguration.taskConfig, initial.task, desired.task):
        assert same(config.job, JOB)
        assert sorted(map(repr, config.resources)) == sorted(map(repr, wanted_resources))  # rule 9
        assert config.tier == release.tier  # rule 11
        assert same(config.container, release.config.get("container") or MESOS)  # rule 19
        assert (config.constraints, config.partitionPolicy is None, config.slaPolicy is None) == (
            None,
            "partitionPolicy" not in release.config,
            "slaPolicy" not in release.config,
        )
    assert sorted(map(repr, quota.quota.resources)) == sorted(map(repr, QUOTA))  # rule 10
    assert (host.host, host.slaveId) == ("host-1", release.slave)
    assert (task.assignedTask.taskId, task.ancestorId, task.failureCount) == ("task-1", "task-0", 1)
    assert (task.assignedTask.instanceId, task.assignedTask.assignedPorts) == (4, {"http": 31000})
    assert (cron.jobConfiguration.cronSchedule, cron.jobConfiguration.instanceCount) == ("* * * * *", 2)
    assert held.schedulerMetadata.frameworkId == "framework-1"
    assert len(held.hostMaintenanceRequests) == release.maintenance


@pytest.mark.parametrize("name", RELEASES)
def test_a_log_of_any_release_is_the_same_state_as_its_backup(through, tmp_path, name):
    """It has the snapshot as an entry, whole or with each config once."""
    raw = written(RELEASES[name])
    (task,) = fields.elements(fields.get(raw, 4))[1]
    partial = fields.join([fields.Field(1, 12, fields.drop(task, [1, 4])), fields.Field(2, 8, fields.i32(0))])
    deduplicated = fields.join(
        [
            fields.Field(1, 12, fields.drop(raw, [4])),
            fields.Field(2, 15, fields.container(12, [partial])),
            fields.Field(3, 15, fields.container(12, [fields.get(task, 1, 4)])),
        ]
    )
    wanted, _ = through(raw)
    for member, snapshot in ((1, raw), (6, deduplicated)):
        held = snapshot_of(replay([fields.join([fields.Field(member, 12, snapshot)])], tmp_path))
        held.schedulerMetadata = wanted.schedulerMetadata
        assert same(held, wanted)


def _groups(held):
    (stored,) = held.jobUpdateDetails
    instructions = stored.details.update.instructions
    return instructions.initialState, instructions.desiredState


def test_a_task_whose_sandbox_was_deleted_is_what_it_was(through):
    held, backup = through(written(RELEASES["0.5"]))
    (task,) = held.tasks
    assert (task.status, [event.status for event in task.taskEvents]) == (3, [0, 2, 3])
    assert "the status before SANDBOX_DELETED" in backup.backfill.summary


@pytest.mark.parametrize("name", [name for name, release in RELEASES.items() if 10 in release.sections])
def test_an_update_of_any_release_comes_back_in_the_newest_shape(through, name):
    (stored,) = through(written(RELEASES[name]))[0].jobUpdateDetails
    update = stored.details.update
    assert same(update.summary.key, api.JobUpdateKey(JOB, "u-1"))
    state = update.summary.state
    assert (state.status, state.createdTimestampMs, state.lastModifiedTimestampMs) == (4, TIME, TIME + 9)
    queue = api.JobUpdateStrategy(queueStrategy=api.QueueJobUpdateStrategy(groupSize=3))
    settings = update.instructions.settings
    assert same(settings.updateStrategy, RELEASES[name].settings().updateStrategy or queue)
    assert settings.blockIfNoPulsesAfterMs is None


def test_only_0_5_may_lack_job_updates(through):
    raw = written(RELEASES["0.20"])
    with pytest.raises(BackupError, match="it has no section of its job updates, which every release writes"):
        through(fields.drop(raw, [10]))
    assert through(written(RELEASES["0.5"]))[0].jobUpdateDetails == set()


HYDRATED = {"locks": 9, "hosts": 3, "quotas": 8, "job updates": 10}


@pytest.mark.parametrize(
    "left_out", [*([name] for name in HYDRATED), ["locks", "job updates"], ["hosts", "quotas"]], ids=" and ".join
)
def test_any_part_of_a_trimmed_backup_comes_from_its_script(through, fixtures, left_out):
    """-snapshot_hydrate_stores of 0.17 and 0.18 may be any part of the four."""
    raw = read_fixture("backups", "era-018-dbscript")
    for name in left_out:
        raw = fields.drop(raw, [HYDRATED[name]])
    held, backup = through(raw)
    assert era_facts(held) == recorded_facts("backups", "era-018-dbscript")
    (note,) = [note for note in backup.notes if "the only place where they stand" in note]
    assert set(note.rpartition(": ")[2].split(", ")) == set(left_out)
