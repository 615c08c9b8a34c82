"""Jobs to create, and schedulers in any state that a snapshot can hold."""

import re

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
from tests.support.thrift_calls import call, code_and_text, get

OK = ("OK", "")
BACKUP = "scheduler-backup-2026-11-22-10-00"
LONG_AGO = 1_700_000_000_000


def key(name="web", role="www", environment="prod"):
    return JobKey(role, environment, name)


def resources(cpus=1.0, ram_mb=128, disk_mb=256):
    return {Resource(numCpus=cpus), Resource(ramMb=ram_mb), Resource(diskMb=disk_mb)}


def config(job=None, executor="AuroraExecutor", **members):
    """Return a TaskConfig as a client sends it, without what is optional."""
    given = {"job": job or key(), "executorConfig": ExecutorConfig(executor, "{}"), "resources": resources(), **members}
    return TaskConfig(**given)


def job(name="web", instances=2, role="www", environment="prod", **members):
    """Return a JobConfiguration as a client sends it; members are those of its task config."""
    named = key(name, role, environment)
    return JobConfiguration(key=named, taskConfig=config(named, **members), instanceCount=instances)


def dedicated(value):
    """Return the constraint of a task to dedicated hosts."""
    return {Constraint("dedicated", TaskConstraint(value=ValueConstraint(negated=False, values={value})))}


def task(of, instance=0, status=ScheduleStatus.RUNNING, changed_ms=LONG_AGO):
    """Return a stored task, whose id has its job and instance."""
    name = f"{of.job.role}-{of.job.environment}-{of.job.name}-{instance}"
    host = None if status == ScheduleStatus.PENDING else f"host-{instance}"
    events = [TaskEvent(LONG_AGO - 1, ScheduleStatus.PENDING), TaskEvent(changed_ms, status)]
    assigned = AssignedTask(name, slaveHost=host, task=of, assignedPorts={}, instanceId=instance)
    return ScheduledTask(assigned, status, failureCount=0, timesPartitioned=0, taskEvents=events)


def update(of, status, initial=(), desired=None):
    """Return a stored job update; `desired` and each of `initial` are a config and ranges of instances."""
    summary = JobUpdateSummary(key=JobUpdateKey(of, f"update-{status}"))
    instructions = JobUpdateInstructions(
        initialState={_group(*pair) for pair in initial}, desiredState=_group(*desired) if desired else None
    )
    events = [JobUpdateEvent(0, LONG_AGO), JobUpdateEvent(status, LONG_AGO + 1)]
    return StoredJobUpdateDetails(JobUpdateDetails(JobUpdate(summary, instructions), events, []))


def _group(task_config, *ranges):
    return InstanceTaskConfig(task_config, {Range(first, last) for first, last in ranges})


def cron(of):
    """Return a stored cron job."""
    of.cronSchedule = "0 * * * *"
    return StoredCronJob(of)


def quota(role, *amounts):
    return QuotaConfiguration(role, ResourceAggregate(resources=resources(*amounts)))


def snapshot(**sections):
    """Return a backup with these sections; the others are empty, and written, as every release does."""
    names = ("hostAttributes", "tasks", "cronJobs", "quotaConfigurations", "jobUpdateDetails")
    return encode(Snapshot(timestamp=LONG_AGO, **{**dict.fromkeys(names, ()), **sections}))


def restored(scheduler, **sections):
    """Start a scheduler and restore a state with these sections of a snapshot."""
    running = scheduler()
    raw = snapshot(**sections)
    (running.backup_dir / BACKUP).write_bytes(raw)
    assert code_and_text(call(running.url, "stageRecovery", backupId=BACKUP)) == OK
    assert code_and_text(call(running.url, "commitRecovery")) == OK
    assert running.wait_exit() == 0, running.log
    return running.start()


def create(running, description):
    """Call createJob; return code and text of the response."""
    return code_and_text(call(running.url, "createJob", description=description))


def entries_written(running):
    """Return how many entries this process has written to the log."""
    return int(re.search(r"^scheduler_log_entries_written (\d+)$", get(running.url, "/vars")[1], re.MULTILINE)[1])


def power_cut(running):
    """Kill a scheduler without warning and start it again."""
    running.kill()
    running.start()
