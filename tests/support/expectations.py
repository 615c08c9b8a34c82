"""What a real scheduler said of a file, and how a snapshot of ours says it."""

import gzip
import json

from aurora_admin.gen.api.ttypes import CronCollisionPolicy, JobUpdateStatus, MaintenanceMode, ScheduleStatus
from tests.conftest import FIXTURES

ERAS = (
    "era-006",
    "era-008",
    "era-012-nodbscript",
    "era-013-dbscript",
    "era-016-dbscript",
    "era-016-failover",
    "era-018-dbscript",
    "era-018-trimmed",
    "era-018-trimmed-failover",
)
RUNNING = {"ROLLING_FORWARD", "ROLL_FORWARD_AWAITING_PULSE"}


def read(folder, name):
    """The bytes of a recorded file, unpacked."""
    path = FIXTURES / folder / name
    return path.read_bytes() if path.exists() else gzip.decompress(path.with_name(f"{name}.gz").read_bytes())


def expected(folder, name):
    """What a real scheduler answered about a recorded file."""
    told = json.loads(read(folder, f"{name}.expect.json"))
    return today(told) if name.startswith("era-") else told


def today(told):
    """What an old release told, and what our rules add to that (their numbers are those of docs/wire.md 3.3)."""
    for task in told["tasks"]:
        # Rule 11, from 0.15 on the release's own: the tier follows from production.
        task["tier"] = task.get("tier") or ("preferred" if task["production"] else "preemptible")
    # Locks are kept for updates that have not ended.
    tokens = {update["lockToken"] for update in told["updates"] if update["status"] in RUNNING}
    assert len(tokens) == 2
    told["locks"] = [lock for lock in told["locks"] if lock["token"] in tokens]
    return {
        section: sorted(told[section], key=str) for section in ("tasks", "quotas", "crons", "hosts", "locks", "updates")
    }


def name_of(enum, value):
    return None if value is None else enum._VALUES_TO_NAMES[value]


def key_of(job):
    return f"{job.role}/{job.environment}/{job.name}"


def amounts(resources):
    """Each amount once, ports by their names."""
    found = {
        name: [getattr(one, name) for one in resources if getattr(one, name) is not None]
        for name in ("numCpus", "ramMb", "diskMb", "namedPort")
    }
    (cpus,), (ram,), (disk,) = found["numCpus"], found["ramMb"], found["diskMb"]
    return {"cpus": cpus, "ramMb": ram, "diskMb": disk}, sorted(found["namedPort"])


def as_era(snapshot):
    """A decoded Snapshot in the words of the era expectations."""
    return {
        section: sorted(records, key=str)
        for section, records in {
            "tasks": map(_task, snapshot.tasks),
            "quotas": ({"role": one.role, **amounts(one.quota.resources)[0]} for one in snapshot.quotaConfigurations),
            "crons": (_cron(one.jobConfiguration) for one in snapshot.cronJobs),
            "hosts": map(_host, snapshot.hostAttributes),
            "locks": map(_lock, snapshot.locks or ()),
            "updates": map(_update, snapshot.jobUpdateDetails),
        }.items()
    }


def _task(task):
    assigned = task.assignedTask
    config = assigned.task
    quantities, ports = amounts(config.resources)
    return {
        "id": assigned.taskId,
        "role": config.job.role,
        "environment": config.job.environment,
        "job": config.job.name,
        "instance": assigned.instanceId,
        "status": name_of(ScheduleStatus, task.status),
        "host": assigned.slaveHost,
        "events": len(task.taskEvents),
        **quantities,
        "production": config.production,
        "tier": config.tier,
        "ports": ports,
    }


def _cron(job):
    return {
        "key": key_of(job.key),
        "schedule": job.cronSchedule,
        "collisionPolicy": name_of(CronCollisionPolicy, job.cronCollisionPolicy),
        "instances": job.instanceCount,
    }


def _host(host):
    return {
        "host": host.host,
        "slaveId": host.slaveId,
        "mode": name_of(MaintenanceMode, host.mode),
        "attributes": dict(sorted((one.name, sorted(one.values)) for one in host.attributes)),
    }


def _lock(lock):
    return {
        "job": key_of(lock.key.job),
        "token": lock.token,
        "user": lock.user,
        "timestampMs": lock.timestampMs,
        "message": lock.message,
    }


def _update(stored):
    details = stored.details
    summary, instructions = details.update.summary, details.update.instructions
    return {
        "job": key_of(summary.key.job),
        "id": summary.key.id,
        "user": summary.user,
        "status": name_of(JobUpdateStatus, summary.state.status),
        "createdTimestampMs": summary.state.createdTimestampMs,
        "lastModifiedTimestampMs": summary.state.lastModifiedTimestampMs,
        "updateEvents": len(details.updateEvents),
        "instanceEvents": len(details.instanceEvents),
        "lockToken": stored.lockToken,
        "initialStates": len(instructions.initialState),
        "updateGroupSize": instructions.settings.updateGroupSize,
    }


def as_022(snapshot, told):
    """A decoded Snapshot in the words of the 0.22 expectations, which tell the quotas of roles that have jobs."""
    return {
        "tasks": sorted(
            [
                task.assignedTask.taskId,
                *_job(task.assignedTask.task.job),
                task.assignedTask.instanceId,
                name_of(ScheduleStatus, task.status),
                task.failureCount,
                len(task.taskEvents),
                task.assignedTask.slaveHost,
            ]
            for task in snapshot.tasks
        ),
        "quotas": {
            one.role: found
            for one in snapshot.quotaConfigurations
            if one.role in told["quotas"] and any((found := amounts(one.quota.resources)[0]).values())
        },
        "updates": sorted(_summary(one) for one in snapshot.jobUpdateDetails),
        "crons": sorted(
            [
                *_job(one.jobConfiguration.key),
                one.jobConfiguration.cronSchedule,
                name_of(CronCollisionPolicy, one.jobConfiguration.cronCollisionPolicy),
                one.jobConfiguration.instanceCount,
            ]
            for one in snapshot.cronJobs
        ),
        "hosts": sorted([one.host, name_of(MaintenanceMode, one.mode)] for one in snapshot.hostAttributes),
    }


def _job(key):
    return [key.role, key.environment, key.name]


def _summary(stored):
    details = stored.details
    summary = details.update.summary
    return [
        *_job(summary.key.job),
        summary.key.id,
        name_of(JobUpdateStatus, summary.state.status),
        summary.user,
        summary.state.createdTimestampMs,
        summary.state.lastModifiedTimestampMs,
        len(details.updateEvents),
        len(details.instanceEvents),
    ]


def told_022(told):
    """A 0.22 expectation, reduced to what a snapshot tells: a role without a quota is answered with one of nothing."""
    quotas = {}
    for role, answer in told["quotas"].items():
        merged = {name: value for one in answer["quota"]["resources"] for name, value in one.items()}
        if any(merged.values()):
            quotas[role] = {"cpus": merged["numCpus"], "ramMb": merged["ramMb"], "diskMb": merged["diskMb"]}
    return {
        "tasks": sorted(told["tasks"]),
        "quotas": quotas,
        "updates": sorted(told["updates"]),
        "crons": sorted(told["crons"]),
        "hosts": sorted(told["hosts"]),
    }
