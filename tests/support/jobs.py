"""Jobs to create, and schedulers in any state that a snapshot can hold."""

from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    Constraint,
    ExecutorConfig,
    InstanceTaskConfig,
    JobConfiguration,
    JobKey,
    JobUpdate,
    JobUpdateDetails,
    JobUpdateEvent,
    JobUpdateInstructions,
    JobUpdateKey,
    JobUpdateSummary,
    Range,
    Resource,
    ResourceAggregate,
    ScheduledTask,
    ScheduleStatus,
    TaskConfig,
    TaskConstraint,
    TaskEvent,
    ValueConstraint,
)
from aurora_admin.gen.storage.ttypes import QuotaConfiguration, Snapshot, StoredCronJob, StoredJobUpdateDetails
from aurora_admin.wire.codec import encode
from tests.support.recovery import commit, put_backup, stage

LONG_AGO = 1_700_000_000_000


def key(name="web", role="www", environment="prod"):
    return JobKey(role, environment, name)


def resources(cpus=1.0, ram_mb=128, disk_mb=256):
    return {Resource(numCpus=cpus), Resource(ramMb=ram_mb), Resource(diskMb=disk_mb)}


def config(job=None, executor="AuroraExecutor", **members):
    """A TaskConfig as a client sends it: what can be left out is."""
    given = {"job": job or key(), "executorConfig": ExecutorConfig(executor, "{}"), "resources": resources(), **members}
    return TaskConfig(**given)


def job(name="web", instances=2, role="www", environment="prod", **members):
    """A JobConfiguration as a client sends it; members are those of its task config."""
    named = key(name, role, environment)
    return JobConfiguration(key=named, taskConfig=config(named, **members), instanceCount=instances)


def dedicated(value):
    return {Constraint("dedicated", TaskConstraint(value=ValueConstraint(negated=False, values={value})))}


def task(of, instance=0, status=ScheduleStatus.RUNNING, changed_ms=LONG_AGO):
    """A stored task; its id tells job and instance."""
    name = f"{of.job.role}-{of.job.environment}-{of.job.name}-{instance}"
    host = None if status == ScheduleStatus.PENDING else f"host-{instance}"
    events = [TaskEvent(LONG_AGO - 1, ScheduleStatus.PENDING), TaskEvent(changed_ms, status)]
    assigned = AssignedTask(name, slaveHost=host, task=of, assignedPorts={}, instanceId=instance)
    return ScheduledTask(assigned, status, failureCount=0, timesPartitioned=0, taskEvents=events)


def update(of, status, initial=(), desired=None):
    """A stored job update; initial and desired are pairs of a config and ranges."""
    summary = JobUpdateSummary(key=JobUpdateKey(of, f"update-{status}"))
    instructions = JobUpdateInstructions(
        initialState={_group(*pair) for pair in initial}, desiredState=_group(*desired) if desired else None
    )
    events = [JobUpdateEvent(0, LONG_AGO), JobUpdateEvent(status, LONG_AGO + 1)]
    return StoredJobUpdateDetails(JobUpdateDetails(JobUpdate(summary, instructions), events, []))


def _group(task_config, *ranges):
    return InstanceTaskConfig(task_config, {Range(first, last) for first, last in ranges})


def cron(of):
    of.cronSchedule = "0 * * * *"
    return StoredCronJob(of)


def quota(role, *amounts):
    return QuotaConfiguration(role, ResourceAggregate(resources=resources(*amounts)))


def snapshot(**sections):
    """A backup with these sections; the others are there and empty, as every release writes them."""
    names = ("hostAttributes", "tasks", "cronJobs", "quotaConfigurations", "jobUpdateDetails")
    return encode(Snapshot(timestamp=LONG_AGO, **{**dict.fromkeys(names, ()), **sections}))


def restored(scheduler, **sections):
    """Start a scheduler with these sections of a snapshot as its state."""
    running = scheduler()
    put_backup(running, snapshot(**sections))
    stage(running)
    commit(running)
    return running.start()
