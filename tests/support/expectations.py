"""What a real scheduler returned about a recorded file, and the same facts of a snapshot of ours."""

import gzip
import json

from aurora_admin.gen.api.ttypes import CronCollisionPolicy, JobUpdateStatus, MaintenanceMode, ScheduleStatus
from tests.support.places import FIXTURES

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


def read_fixture(folder, name):
    """Return the bytes of a recorded file, unpacked."""
    path = FIXTURES / folder / name
    return path.read_bytes() if path.exists() else gzip.decompress(path.with_name(f"{name}.gz").read_bytes())


def recorded_facts(folder, name):
    """Return what a real scheduler returned about a recorded file; for an old release, after an upgrade."""
    facts = json.loads(read_fixture(folder, f"{name}.expect.json"))
    return _upgraded(facts) if name.startswith("era-") else facts


def _upgraded(facts):
    """Return the facts of an old release as an upgrade makes them (the rules are those of docs/wire.md 3.3)."""
    for task in facts["tasks"]:
        # Rule 11, which releases from 0.15 on apply themselves: the tier follows from production.
        task["tier"] = task.get("tier") or ("preferred" if task["production"] else "preemptible")
    # A lock is kept only while the update that holds it is active.
    tokens = {update["lockToken"] for update in facts["updates"] if update["status"] in RUNNING}
    assert len(tokens) == 2
    facts["locks"] = [lock for lock in facts["locks"] if lock["token"] in tokens]
    return {
        section: sorted(facts[section], key=str)
        for section in ("tasks", "quotas", "crons", "hosts", "locks", "updates")
    }


def name_of(enum, value):
    return None if value is None else enum._VALUES_TO_NAMES[value]


def key_of(job):
    return f"{job.role}/{job.environment}/{job.name}"


def amounts(resources):
    """Return the amounts, of which each must be there once, and the names of the ports."""
    found = {
        name: [getattr(one, name) for one in resources if getattr(one, name) is not None]
        for name in ("numCpus", "ramMb", "diskMb", "namedPort")
    }
    (cpus,), (ram,), (disk,) = found["numCpus"], found["ramMb"], found["diskMb"]
    return {"cpus": cpus, "ramMb": ram, "diskMb": disk}, sorted(found["namedPort"])


def era_facts(snapshot):
    """Return what the expectations of old releases hold, from a decoded Snapshot."""
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


def facts_022(snapshot, recorded):
    """Return what the expectations of 0.22 hold, from a decoded Snapshot; they have the quotas of roles with jobs."""
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
            if one.role in recorded["quotas"] and any((found := amounts(one.quota.resources)[0]).values())
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


def comparable_022(recorded):
    """Return an expectation of 0.22 in the form of `facts_022`.

    A scheduler returns a quota of zeros for a role without a quota: these are left out.
    """
    quotas = {}
    for role, reply in recorded["quotas"].items():
        merged = {name: value for one in reply["quota"]["resources"] for name, value in one.items()}
        if any(merged.values()):
            quotas[role] = {"cpus": merged["numCpus"], "ramMb": merged["ramMb"], "diskMb": merged["diskMb"]}
    return {
        "tasks": sorted(recorded["tasks"]),
        "quotas": quotas,
        "updates": sorted(recorded["updates"]),
        "crons": sorted(recorded["crons"]),
        "hosts": sorted(recorded["hosts"]),
    }
