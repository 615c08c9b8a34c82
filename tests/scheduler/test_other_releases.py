"""Backups of releases without a recording, generated as docs/releases.md 1 and 2 describe them, are upgraded."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.recovery import StagedBackup
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.path import Path, path
from tests.support.expectations import era_facts, read_fixture, recorded_facts
from tests.support.replay import committed_backup, replay, snapshot_of

TIME = 1_400_000_000_000
TASKS, CRON_JOBS, HOSTS, QUOTAS, LOCKS, UPDATES, MAINTENANCE = (
    path(storage.Snapshot, name)
    for name in (
        "tasks",
        "cronJobs",
        "hostAttributes",
        "quotaConfigurations",
        "locks",
        "jobUpdateDetails",
        "hostMaintenanceRequests",
    )
)
TIMESTAMP, METADATA = path(storage.Snapshot, "timestamp"), path(storage.Snapshot, "schedulerMetadata")
CONFIG = path(api.ScheduledTask, "assignedTask.task")
PARTIAL_TASK = path(storage.DeduplicatedScheduledTask, "partialScheduledTask")
CONFIG_ID = path(storage.DeduplicatedScheduledTask, "taskConfigId")
PARTIAL_SNAPSHOT, PARTIAL_TASKS, TASK_CONFIGS = (
    path(storage.DeduplicatedSnapshot, name) for name in ("partialSnapshot", "partialTasks", "taskConfigs")
)
SNAPSHOT_ENTRY, DEDUPLICATED_ENTRY = (path(storage.LogEntry, name) for name in ("snapshot", "deduplicatedSnapshot"))
IN_0_5 = (TIMESTAMP, HOSTS, TASKS, CRON_JOBS, METADATA, QUOTAS, LOCKS)
UNTIL_0_19 = (*IN_0_5, UPDATES)
IN_0_20 = (TIMESTAMP, HOSTS, TASKS, CRON_JOBS, METADATA, QUOTAS, UPDATES)
JOB = api.JobKey("www", "prod", "web")
OWNER = api.Identity(role="www", user="user")
LEGACY_NAMES = {"owner": OWNER, "environment": "prod", "jobName": "web"}
LEGACY_AMOUNTS = {"numCpus": 0.5, "ramMb": 128, "diskMb": 64, "requestedPorts": {"http"}}
ZEROS = {"numCpus": 0.0, "ramMb": 0, "diskMb": 0, "requestedPorts": set()}
QUOTA = [api.Resource(numCpus=0.5), api.Resource(ramMb=128), api.Resource(diskMb=64)]
RESOURCES = [*QUOTA, api.Resource(namedPort="http")]
MESOS = api.Container(mesos=api.MesosContainer())
BLANK = {"container": None}


class Release(NamedTuple):
    """How a release writes a job with a task, a cron job, an update, a quota and a host."""

    config: dict[str, object]
    quota: api.ResourceAggregate
    sections: tuple[Path, ...] = UNTIL_0_19
    manager: str | None = None
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
        {**LEGACY_NAMES, **LEGACY_AMOUNTS, **BLANK, "production": True},
        OLD_QUOTA,
        IN_0_5,
        "CRON",
        status=10,
        statuses=(0, 2, 3, 10),
        slave=None,
    ),
    "0.7": Release(
        {**LEGACY_NAMES, **LEGACY_AMOUNTS, "job": JOB, "production": True},
        OLD_QUOTA,
        manager="CRON",
        old_keys=True,
        settings=lambda: api.JobUpdateSettings(
            updateGroupSize=3, blockIfNoPulsesAfterMs=0, maxWaitToInstanceRunningMs=1000
        ),
    ),
    "0.9": Release({**LEGACY_NAMES, **LEGACY_AMOUNTS, "job": JOB, "production": False}, OLD_QUOTA, tier="preemptible"),
    "0.11": Release(
        {
            **LEGACY_NAMES,
            **LEGACY_AMOUNTS,
            "job": JOB,
            "container": api.Container(docker=api.DockerContainer("image", [api.DockerParameter("env", "a=b")])),
        },
        OLD_QUOTA,
        details={"date": "d"},
        tier="preemptible",
    ),
    "0.14": Release(
        {**LEGACY_AMOUNTS, "job": JOB, "owner": api.Identity(user="user"), "resources": RESOURCES, "production": True},
        BOTH_QUOTA,
        details={"version": "0.14.0"},
    ),
    "0.15 of a client that leaves resources empty": Release(
        {**LEGACY_AMOUNTS, "job": JOB, "resources": [], "tier": "revocable"}, BOTH_QUOTA, tier="revocable"
    ),
    "0.19": Release({**ZEROS, "job": JOB, "resources": RESOURCES, "tier": "preferred", "production": True}, BOTH_QUOTA),
    "0.20": Release({**ZEROS, "job": JOB, "resources": RESOURCES, "tier": "preferred"}, BOTH_QUOTA, IN_0_20),
    "0.21": Release(
        {"job": JOB, "resources": RESOURCES, "tier": "preemptible", "partitionPolicy": api.PartitionPolicy(True, 30)},
        NEW_QUOTA,
        (*IN_0_20, MAINTENANCE),
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
        (*IN_0_20, MAINTENANCE),
        maintenance=True,
        settings=lambda: api.JobUpdateSettings(updateGroupSize=3, slaAware=True, updateStrategy=BATCH),
    ),
}


def written(release):
    """The backup of a release."""
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
    stored = storage.StoredJob(release.manager, cron) if release.manager else storage.StoredCronJob(cron)
    raw = CRON_JOBS.put_elements(raw, [codec.encode(stored)])
    return fields.join(field for field in fields.parse(raw) if field.id in {section.id for section in release.sections})


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
    """`through(raw)` stages and commits a backup, and returns the next one and the staged one."""

    def go(raw):
        path = tmp_path / "scheduler-backup-2014-05-13-16-53"
        path.write_bytes(raw)
        staged = StagedBackup(read_backup(str(path)))
        return codec.decode(storage.Snapshot, committed_backup(staged, tmp_path)), staged.backup

    return go


@pytest.mark.parametrize("name", RELEASES)
def test_a_backup_of_any_release_is_restored_in_the_current_format(through, name):
    release = RELEASES[name]
    held, _ = through(written(release))
    (task,), (cron,), (host,), (quota,) = held.tasks, held.cronJobs, held.hostAttributes, held.quotaConfigurations
    (initial,), desired = _groups(held) if UPDATES in release.sections else ([task.assignedTask], task.assignedTask)
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
def test_a_log_of_any_release_has_the_same_state_as_its_backup(through, tmp_path, name):
    """The log has the snapshot as an entry, plain or deduplicated."""
    raw = written(RELEASES[name])
    (task,) = TASKS.elements(raw)
    partial = CONFIG_ID.put(PARTIAL_TASK.put(fields.STOP, CONFIG.drop(task)), fields.i32(0))
    deduplicated = PARTIAL_SNAPSHOT.put(fields.STOP, TASKS.drop(raw))
    deduplicated = TASK_CONFIGS.append(PARTIAL_TASKS.append(deduplicated, partial), CONFIG.get(task))
    wanted, _ = through(raw)
    for entry, snapshot in ((SNAPSHOT_ENTRY, raw), (DEDUPLICATED_ENTRY, deduplicated)):
        held = snapshot_of(replay([entry.put(fields.STOP, snapshot)], tmp_path))
        held.schedulerMetadata = wanted.schedulerMetadata
        assert same(held, wanted)


def _groups(held):
    (stored,) = held.jobUpdateDetails
    instructions = stored.details.update.instructions
    return instructions.initialState, instructions.desiredState


def test_a_deleted_sandbox_is_replaced_by_the_status_before_it(through):
    held, backup = through(written(RELEASES["0.5"]))
    (task,) = held.tasks
    assert (task.status, [event.status for event in task.taskEvents]) == (3, [0, 2, 3])
    assert "replaced the status SANDBOX_DELETED" in backup.upgrader.summary


@pytest.mark.parametrize("name", [name for name, release in RELEASES.items() if UPDATES in release.sections])
def test_an_update_of_any_release_is_restored_in_the_current_format(through, name):
    (stored,) = through(written(RELEASES[name]))[0].jobUpdateDetails
    update = stored.details.update
    assert same(update.summary.key, api.JobUpdateKey(JOB, "u-1"))
    state = update.summary.state
    assert (state.status, state.createdTimestampMs, state.lastModifiedTimestampMs) == (4, TIME, TIME + 9)
    queue = api.JobUpdateStrategy(queueStrategy=api.QueueJobUpdateStrategy(groupSize=3))
    settings = update.instructions.settings
    assert same(settings.updateStrategy, RELEASES[name].settings().updateStrategy or queue)
    assert settings.blockIfNoPulsesAfterMs == RELEASES[name].settings().blockIfNoPulsesAfterMs


def test_only_0_5_may_lack_job_updates(through):
    raw = written(RELEASES["0.20"])
    with pytest.raises(BackupError, match="it has no job updates, a section that every release writes"):
        through(UPDATES.drop(raw))
    assert through(written(RELEASES["0.5"]))[0].jobUpdateDetails == set()


IN_SCRIPT = {"locks": LOCKS, "hosts": HOSTS, "quotas": QUOTAS, "job updates": UPDATES}


@pytest.mark.parametrize(
    "left_out", [*([name] for name in IN_SCRIPT), ["locks", "job updates"], ["hosts", "quotas"]], ids=" and ".join
)
def test_any_missing_sections_are_rebuilt_from_the_script(through, fixtures, left_out):
    """With -snapshot_hydrate_stores releases 0.17 and 0.18 write any of the four sections."""
    raw = read_fixture("backups", "era-018-dbscript")
    for name in left_out:
        raw = IN_SCRIPT[name].drop(raw)
    held, backup = through(raw)
    assert era_facts(held) == recorded_facts("backups", "era-018-dbscript")
    (note,) = [note for note in backup.notes if "rebuilt these sections" in note]
    assert set(note.rpartition(": ")[2].split(", ")) == set(left_out)
