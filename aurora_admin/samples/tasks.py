"""The tasks of a sample cluster, encoded.

A task takes microseconds, because it is not built of objects: a template is encoded once and filled with the values
that differ from task to task.
"""

from bisect import bisect
from collections.abc import Iterator, Mapping
from itertools import accumulate, count
from random import Random
from typing import NamedTuple

from aurora_admin.gen.api import ttypes as api
from aurora_admin.samples.jobs import BLANK_CONFIG, SampleCluster, SampleJob, agent_id, host_name, make_job
from aurora_admin.wire import fields
from aurora_admin.wire.codec import encode

Status = api.ScheduleStatus
# 2026-11-22 10:00:00 UTC, the time of every sample: the same seed gives the same file.
TAKEN_MS = 1795341600000
TASKS_PER_HOST = 20
# The tasks of this many jobs are mixed in the file. A real scheduler, which writes them in hash order, mixes all.
MIXED_JOBS = 40


class TaskHistory(NamedTuple):
    """The events of a task, the last of which is its status; `weight` of a thousand tasks have this history."""

    weight: int
    events: tuple[int, ...]
    placed: bool = True
    replaces_another: bool = False


PENDING, ASSIGNED, STARTING, RUNNING = Status.PENDING, Status.ASSIGNED, Status.STARTING, Status.RUNNING
HISTORIES = (
    TaskHistory(800, (PENDING, ASSIGNED, STARTING, RUNNING)),
    TaskHistory(90, (PENDING, ASSIGNED, STARTING, RUNNING), replaces_another=True),
    TaskHistory(30, (PENDING,), placed=False),
    TaskHistory(5, (PENDING,), placed=False, replaces_another=True),
    TaskHistory(5, (Status.THROTTLED,), placed=False, replaces_another=True),
    TaskHistory(5, (PENDING, ASSIGNED)),
    TaskHistory(5, (PENDING, ASSIGNED, STARTING)),
    TaskHistory(5, (PENDING, ASSIGNED, STARTING, RUNNING, Status.RESTARTING)),
    TaskHistory(5, (PENDING, ASSIGNED, STARTING, RUNNING, Status.KILLING)),
    TaskHistory(5, (PENDING, ASSIGNED, STARTING, RUNNING, Status.DRAINING)),
    TaskHistory(5, (PENDING, ASSIGNED, STARTING, RUNNING, Status.PARTITIONED)),
    TaskHistory(15, (PENDING, ASSIGNED, STARTING, RUNNING, Status.FINISHED)),
    TaskHistory(10, (PENDING, ASSIGNED, STARTING, RUNNING, Status.FAILED), replaces_another=True),
    TaskHistory(10, (PENDING, ASSIGNED, STARTING, RUNNING, Status.KILLING, Status.KILLED)),
    TaskHistory(5, (PENDING, ASSIGNED, Status.LOST)),
)
WEIGHTS = tuple(accumulate(history.weight for history in HISTORIES))
MESSAGES = {
    STARTING: "Initializing sandbox.",
    Status.KILLING: "Killed by deploy.",
    Status.LOST: "Agent is gone.",
    Status.FAILED: "Exit status 1.",
    Status.THROTTLED: "Rescheduled, penalized for 30000 ms for flapping",
}
PLACEHOLDER = 0x7A6B5C4D  # no other bytes of a template are equal to it


class Template:
    """The encoding of a struct, split at its placeholders."""

    def __init__(self, raw: bytes, placeholders: Mapping[str, bytes]) -> None:
        found = sorted((raw.index(value), name, len(value)) for name, value in placeholders.items())
        ends = [0, *(at + length for at, _, length in found)]
        self.parts = [(raw[end:at], name) for end, (at, name, _) in zip(ends, found, strict=False)]
        self.rest = raw[ends[-1] :]

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """Return the struct with an encoded value for each placeholder."""
        return b"".join([part for literal, name in self.parts for part in (literal, values[name])]) + self.rest


def history_template(history: TaskHistory) -> Template:
    """Return the template of a task with this history."""
    texts = {"id": "<id>"} | ({"agent": "<agent>", "host": "<host>"} if history.placed else {})
    texts |= {"ancestor": "<ancestor>"} if history.replaces_another else {}
    numbers = {"port": PLACEHOLDER, "instance": PLACEHOLDER + 1} if history.placed else {"instance": PLACEHOLDER + 1}
    times = {f"time{step}": (PLACEHOLDER << 32) + step for step in range(len(history.events))}
    events = [
        api.TaskEvent(timestamp=time, status=status, message=MESSAGES.get(status), scheduler="scheduler-1")
        for time, status in zip(times.values(), history.events, strict=True)
    ]
    assigned = api.AssignedTask(
        taskId=texts["id"],
        slaveId=texts.get("agent"),
        slaveHost=texts.get("host"),
        task=BLANK_CONFIG,
        assignedPorts={"http": PLACEHOLDER} if history.placed else {},
        instanceId=PLACEHOLDER + 1,
    )
    task = api.ScheduledTask(
        assignedTask=assigned,
        status=history.events[-1],
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


class SampleTasks:
    """The encoded tasks of a sample cluster."""

    def __init__(self, cluster: SampleCluster) -> None:
        self.rng = Random(f"{cluster.seed} tasks")  # noqa: S311 - must be reproducible
        self.cluster = cluster
        self.templates = [history_template(history) for history in HISTORIES]
        self.hosts = [
            (fields.string(agent_id(number).encode()), fields.string(host_name(number).encode()))
            for number in range(min(host_count(cluster.tasks), 5000))
        ]

    def __iter__(self) -> Iterator[bytes]:
        """Yield every task; the tasks of neighbouring jobs are mixed."""
        left, number = self.cluster.tasks, count()
        while left:
            jobs = [make_job(self.cluster, next(number)) for _ in range(MIXED_JOBS)]
            instances = [(job, instance) for job in jobs for instance in range(job.instances)][:left]
            left -= len(instances)
            self.rng.shuffle(instances)
            for job, instance in instances:
                yield self.make(job, instance)

    def make(self, job: SampleJob, instance: int) -> bytes:
        """Return a task with a random history."""
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
        if HISTORIES[number].replaces_another:
            values["ancestor"] = fields.string((name + self.uuid()).encode())
        for step in range(len(HISTORIES[number].events)):
            values[f"time{step}"] = fields.i64(started + step * 900)
        return self.templates[number].fill(values)

    def uuid(self) -> str:
        """Return the random part of a task's id."""
        digits = f"{self.rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def host_count(tasks: int) -> int:
    """Return the number of agents for this number of tasks."""
    return max(3, tasks // TASKS_PER_HOST)
