"""Write a realistic backup of any size, in constant memory; the same for the same seed.

A task costs microseconds because it is not made of objects: its encoding is cut once where the values stand that differ
from task to task, and is put together again around new ones.
"""

import argparse
import errno
import os
import signal
import struct
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import accumulate, count
from random import Random
from typing import NamedTuple

from thrift.Thrift import TType

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.samples.jobs import BLANK_CONFIG, RACKS, ROLES, Cluster, Job, agent_id, host_name, make_job
from aurora_admin.wire import fields
from aurora_admin.wire.codec import encode

Status = api.ScheduleStatus
# 2026-11-22 10:00:00 UTC. A fixed time, so that the same seed gives the same file.
TAKEN_MS = 1795341600000
TASKS_PER_HOST = 20
HOSTS_PER_DRAINED_HOST = 100
TASKS_PER_CRON_JOB = 2000
TASKS_PER_UPDATE = 500
# So many jobs lie mixed in the file, as a real scheduler's hash order would mix all of them.
MIXED_JOBS = 40


class Life(NamedTuple):
    """How tasks come to be in one status, and how many of a thousand are."""

    weight: int
    events: tuple[int, ...]
    placed: bool = True
    replaces_another: bool = False


PENDING, ASSIGNED, STARTING, RUNNING = Status.PENDING, Status.ASSIGNED, Status.STARTING, Status.RUNNING
LIVES = (
    Life(800, (PENDING, ASSIGNED, STARTING, RUNNING)),
    Life(90, (PENDING, ASSIGNED, STARTING, RUNNING), replaces_another=True),
    Life(30, (PENDING,), placed=False),
    Life(5, (PENDING,), placed=False, replaces_another=True),
    Life(5, (Status.THROTTLED,), placed=False, replaces_another=True),
    Life(5, (PENDING, ASSIGNED)),
    Life(5, (PENDING, ASSIGNED, STARTING)),
    Life(5, (PENDING, ASSIGNED, STARTING, RUNNING, Status.RESTARTING)),
    Life(5, (PENDING, ASSIGNED, STARTING, RUNNING, Status.KILLING)),
    Life(5, (PENDING, ASSIGNED, STARTING, RUNNING, Status.DRAINING)),
    Life(5, (PENDING, ASSIGNED, STARTING, RUNNING, Status.PARTITIONED)),
    Life(15, (PENDING, ASSIGNED, STARTING, RUNNING, Status.FINISHED)),
    Life(10, (PENDING, ASSIGNED, STARTING, RUNNING, Status.FAILED), replaces_another=True),
    Life(10, (PENDING, ASSIGNED, STARTING, RUNNING, Status.KILLING, Status.KILLED)),
    Life(5, (PENDING, ASSIGNED, Status.LOST)),
)
WEIGHTS = tuple(accumulate(life.weight for life in LIVES))
MESSAGES = {
    STARTING: "Initializing sandbox.",
    Status.KILLING: "Killed by deploy.",
    Status.LOST: "Agent is gone.",
    Status.FAILED: "Exit status 1.",
    Status.THROTTLED: "Rescheduled, penalized for 30000 ms for flapping",
}
MARK = 0x7A6B5C4D  # no other number in a template begins like this


class Template:
    """The encoding of a struct, cut where its placeholders stand."""

    def __init__(self, raw: bytes, placeholders: Mapping[str, bytes]) -> None:
        found = sorted((raw.index(value), name, len(value)) for name, value in placeholders.items())
        ends = [0, *(at + length for at, _, length in found)]
        self.parts = [(raw[end:at], name) for end, (at, name, _) in zip(ends, found, strict=False)]
        self.rest = raw[ends[-1] :]

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """Return the struct with an encoded value in each place."""
        return b"".join([part for literal, name in self.parts for part in (literal, values[name])]) + self.rest


def life_template(life: Life) -> Template:
    """Cut the encoding of a task that lives this life."""
    texts = {"id": "<id>"} | ({"agent": "<agent>", "host": "<host>"} if life.placed else {})
    texts |= {"ancestor": "<ancestor>"} if life.replaces_another else {}
    numbers = {"port": MARK, "instance": MARK + 1} if life.placed else {"instance": MARK + 1}
    times = {f"time{step}": (MARK << 32) + step for step in range(len(life.events))}
    events = [
        api.TaskEvent(timestamp=time, status=status, message=MESSAGES.get(status), scheduler="scheduler-1")
        for time, status in zip(times.values(), life.events, strict=True)
    ]
    assigned = api.AssignedTask(
        taskId=texts["id"],
        slaveId=texts.get("agent"),
        slaveHost=texts.get("host"),
        task=BLANK_CONFIG,
        assignedPorts={"http": MARK} if life.placed else {},
        instanceId=MARK + 1,
    )
    task = api.ScheduledTask(
        assignedTask=assigned,
        status=life.events[-1],
        failureCount=0,
        taskEvents=events,
        ancestorId=texts.get("ancestor"),
        timesPartitioned=0,
    )
    return Template(
        encode(task),
        {
            "config": encode(BLANK_CONFIG),
            **{name: fields.string(text.encode()) for name, text in texts.items()},
            **{name: fields.i32(number) for name, number in numbers.items()},
            **{name: fields.i64(time) for name, time in times.items()},
        },
    )


class Tasks:
    """The tasks of a made-up cluster, one after another, each as bytes."""

    def __init__(self, cluster: Cluster) -> None:
        self.rng = Random(f"{cluster.seed} tasks")  # noqa: S311 - wanted: the same again
        self.cluster = cluster
        self.templates = [life_template(life) for life in LIVES]
        self.hosts = [
            (fields.string(agent_id(number).encode()), fields.string(host_name(number).encode()))
            for number in range(min(host_count(cluster.tasks), 5000))
        ]

    def __iter__(self) -> Iterator[bytes]:
        """Yield every task, neighbouring jobs mixed."""
        left, number = self.cluster.tasks, count()
        while left:
            jobs = [make_job(self.cluster, next(number)) for _ in range(MIXED_JOBS)]
            places = [(job, instance) for job in jobs for instance in range(job.instances)][:left]
            left -= len(places)
            self.rng.shuffle(places)
            for job, instance in places:
                yield self.make(job, instance)

    def make(self, job: Job, instance: int) -> bytes:
        """Make one task, in a status and with a history by chance."""
        random, key = self.rng.random, job.key
        number = bisect(WEIGHTS, int(random() * 1000))
        name = f"{key.role}-{key.environment}-{key.name}-{instance}-"
        agent, host = self.hosts[int(random() * len(self.hosts))]
        started = TAKEN_MS - 60_000 - int(random() * 30 * 86_400_000)
        values = {
            "id": fields.string((name + self.uuid()).encode()),
            "agent": agent,
            "host": host,
            "config": job.raw_config,
            "port": fields.i32(31_000 + int(random() * 1000)),
            "instance": fields.i32(instance),
        }
        if LIVES[number].replaces_another:
            values["ancestor"] = fields.string((name + self.uuid()).encode())
        for step in range(len(LIVES[number].events)):
            values[f"time{step}"] = fields.i64(started + step * 900)
        return self.templates[number].fill(values)

    def uuid(self) -> str:
        """Return the random part of a task's id."""
        digits = f"{self.rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def host_count(tasks: int) -> int:
    """Return how many agents run so many tasks."""
    return max(3, tasks // TASKS_PER_HOST)


def make_host(number: int) -> api.HostAttributes:
    """Make one agent; some are on their way out."""
    attributes = (
        api.Attribute(name="host", values=(host_name(number),)),
        api.Attribute(name="rack", values=(RACKS[number % len(RACKS)],)),
        api.Attribute(name="zone", values=("zone-1", "zone-2")),
    )
    mode = api.MaintenanceMode.DRAINING if number % HOSTS_PER_DRAINED_HOST == 1 else api.MaintenanceMode.NONE
    return api.HostAttributes(host=host_name(number), attributes=attributes, mode=mode, slaveId=agent_id(number))


def make_cron(cluster: Cluster, number: int) -> storage.StoredCronJob:
    """Make one cron job, numbered far from the others."""
    job = make_job(cluster, 10**6 + number)
    return storage.StoredCronJob(
        jobConfiguration=api.JobConfiguration(
            cronSchedule=f"{number % 60} 3 * * *",
            cronCollisionPolicy=api.CronCollisionPolicy.CANCEL_NEW,
            taskConfig=job.config,
            owner=api.Identity(user=job.key.role),
            instanceCount=1,
            key=job.key,
        )
    )


def make_quota(role: str) -> storage.QuotaConfiguration:
    """Make the quota of a role."""
    resources = (api.Resource(numCpus=8000.0), api.Resource(ramMb=16_000_000), api.Resource(diskMb=64_000_000))
    return storage.QuotaConfiguration(role=role, quota=api.ResourceAggregate(resources=resources))


def make_update(cluster: Cluster, number: int) -> storage.StoredJobUpdateDetails:
    """Make the update that brought every tenth job to where it is, with its events."""
    job = make_job(cluster, 10 * number)
    rng = Random(f"{cluster.seed} update {number}")  # noqa: S311 - wanted: the same again
    begin, end = TAKEN_MS - rng.randrange(30 * 86_400_000), TAKEN_MS - 1000
    state = api.JobUpdateState(
        status=api.JobUpdateStatus.ROLLED_FORWARD, createdTimestampMs=begin, lastModifiedTimestampMs=end
    )
    key = api.JobUpdateKey(job=job.key, id=f"{rng.getrandbits(128):032x}")
    everywhere = api.InstanceTaskConfig(task=job.config, instances=(api.Range(first=0, last=job.instances - 1),))
    strategy = api.JobUpdateStrategy(queueStrategy=api.QueueJobUpdateStrategy(groupSize=5))
    settings = api.JobUpdateSettings(
        updateGroupSize=5,
        maxPerInstanceFailures=1,
        maxFailedInstances=0,
        minWaitInInstanceRunningMs=45_000,
        rollbackOnFailure=True,
        updateOnlyTheseInstances=(),
        waitForBatchCompletion=False,
        blockIfNoPulsesAfterMs=0,
        slaAware=False,
        updateStrategy=strategy,
    )
    summary = api.JobUpdateSummary(
        user="deploy", state=state, key=key, metadata=(api.Metadata(key="ticket", value=f"OPS-{number}"),)
    )
    update = api.JobUpdate(
        summary=summary,
        instructions=api.JobUpdateInstructions(initialState=(everywhere,), desiredState=everywhere, settings=settings),
    )
    events = [
        api.JobUpdateEvent(status=api.JobUpdateStatus.ROLLING_FORWARD, timestampMs=begin, user="deploy"),
        api.JobUpdateEvent(status=api.JobUpdateStatus.ROLLED_FORWARD, timestampMs=end),
    ]
    actions = api.JobUpdateAction
    steps = [
        api.JobInstanceUpdateEvent(instanceId=instance, timestampMs=begin + 1000 * instance, action=action)
        for instance in range(2)
        for action in (actions.INSTANCE_UPDATING, actions.INSTANCE_UPDATED)
    ]
    return storage.StoredJobUpdateDetails(
        details=api.JobUpdateDetails(update=update, updateEvents=events, instanceEvents=steps)
    )


def make_maintenance(number: int) -> api.HostMaintenanceRequest:
    """Make the request that drains a host."""
    policy = api.SlaPolicy(percentageSlaPolicy=api.PercentageSlaPolicy(percentage=95.0, durationSecs=1800))
    return api.HostMaintenanceRequest(
        host=host_name(number), defaultSlaPolicy=policy, timeoutSecs=7200, createdTimestampMs=TAKEN_MS - 600_000
    )


def make_metadata(seed: int) -> storage.SchedulerMetadata:
    """Make the scheduler's own record: the framework id and the build."""
    return storage.SchedulerMetadata(
        frameworkId=f"6d1f0c3e-5a3b-4c11-9d2e-{seed:012d}-0000", details={"version": "0.22.0", "git.tag": "sample"}
    )


def snapshot(cluster: Cluster) -> Iterator[bytes]:
    """Yield the bytes of a Snapshot, section after section in the order of their ids."""
    tasks, hosts = cluster.tasks, host_count(cluster.tasks)
    yield fields.header(TType.I64, 1) + fields.i64(TAKEN_MS)
    yield from _section(3, hosts, (encode(make_host(n)) for n in range(hosts)))
    yield from _section(4, tasks, Tasks(cluster))
    crons, updates = tasks // TASKS_PER_CRON_JOB + 2, tasks // TASKS_PER_UPDATE + 1
    yield from _section(5, crons, (encode(make_cron(cluster, n)) for n in range(crons)))
    yield fields.header(TType.STRUCT, 6) + encode(make_metadata(cluster.seed))
    yield from _section(8, len(ROLES), (encode(make_quota(role)) for role in ROLES))
    yield from _section(10, updates, (encode(make_update(cluster, n)) for n in range(updates)))
    drained = range(1, hosts, HOSTS_PER_DRAINED_HOST)
    yield from _section(13, len(drained), (encode(make_maintenance(n)) for n in drained))
    yield b"\0"


def _section(number: int, size: int, records: Iterable[bytes]) -> Iterator[bytes]:
    yield fields.header(TType.SET, number) + struct.pack(">bi", TType.STRUCT, size)
    yield from records


def write_sample(path: str, tasks: int, seed: int = 0) -> None:
    """Write a backup of so many tasks; under its name it appears whole, once it is on disk, or nothing is left.

    Raises:
        OSError: it cannot be written, or something else than a file has the name, or anything its unfinished form.
    """
    if os.path.lexists(path) and not os.path.isfile(path):
        raise FileExistsError(errno.EEXIST, "it is there and is no file", path)
    unfinished = f"{path}.part"
    if os.path.lexists(unfinished):
        raise FileExistsError(errno.EEXIST, "it is there", unfinished)
    try:  # an interrupt may come as soon as the file is there
        with open(unfinished, "xb", buffering=1 << 20) as file:
            file.writelines(snapshot(Cluster(seed, tasks)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except FileExistsError:
        raise
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)
        raise


def main() -> None:
    """Run as a program: `python -m aurora_admin.samples.backup --tasks N FILE`."""
    parser = argparse.ArgumentParser(prog="make-backup", description="Write a realistic backup of N tasks.")
    parser.add_argument("--tasks", type=int, required=True, metavar="N", help="how many tasks, about 1.8 KB each")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, another cluster (default 0)")
    parser.add_argument("file", metavar="FILE", help="where to write it; an existing file is replaced")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if args.tasks < 0:
        parser.error(f"argument --tasks: a number of tasks is 0 or more, not {args.tasks}")
    try:
        write_sample(args.file, args.tasks, args.seed)
    except OSError as error:
        parser.exit(1, f"make-backup: {error.filename or args.file} cannot be written: {error.strerror}\n")
    except KeyboardInterrupt:
        parser.exit(130, f"make-backup: interrupted, {args.file} was not written\n")


if __name__ == "__main__":
    main()
