"""The schedulers of the recorded sessions, rebuilt as far as what they printed tells (tests/fixtures/cli/README.md).

In the session with a real scheduler there were six agents, and after some command lines jobs were created. Later agents
ended tasks of hosts that were drained. The reference scheduler has no agents: each part of the session gets the state
that the recorded queries show, and where command lines wait for agents, the test ends the tasks.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    Constraint,
    Container,
    HostAttributes,
    Identity,
    LimitConstraint,
    MaintenanceMode,
    MesosContainer,
    Metadata,
    Resource,
    ScheduledTask,
    ScheduleStatus,
    TaskConfig,
    TaskConstraint,
    TaskEvent,
)
from tests.support import jobs
from tests.support.recorded_cli import Row

HOSTS = [f"slave-{number}-hostname" for number in range(1, 7)]
AGE_SECONDS = 300  # of the tasks: more than a minute, and less than the 30 minutes that an SLA asks for
STATES = (ScheduleStatus.PENDING, ScheduleStatus.ASSIGNED, ScheduleStatus.STARTING, ScheduleStatus.RUNNING)
FIRST_ID = "www-prod-hello-0-93f32dda-016c-4f3d-b412-d81e237030d7"


class Part(NamedTuple):
    """A part of the session: its command lines, and the tasks that there are before them, made when they are needed.

    With `has_agents` something has to end the tasks that are being drained.
    """

    name: str
    rows: Sequence[Row]
    tasks: Callable[[], Iterable[ScheduledTask]] = tuple
    has_agents: bool = False

    @property
    def snapshot(self) -> bytes:
        """The state at the beginning."""
        hosts = [HostAttributes(host, set(), MaintenanceMode.NONE, f"agent-{host}") for host in HOSTS]
        return jobs.snapshot(hostAttributes=hosts, tasks=list(self.tasks()))


def parts(rows: Sequence[Row]) -> list[Part]:
    """Return the parts of the recorded session with a real scheduler."""

    def lines(first: int, last: int) -> list[Row]:
        return list(rows[first - 1 : last])

    return [
        Part("without tasks", lines(1, 49)),
        Part("with 44 tasks", lines(50, 182), running_tasks),
        Part("with agents", lines(183, 199), running_tasks, has_agents=True),
        Part("with 44 tasks again", lines(200, 212), running_tasks),
        Part("with ended tasks", lines(213, 230), lambda: ended_tasks(rows[212])),
        Part("without a scheduler", lines(231, len(rows))),
    ]


def running_tasks() -> Iterator[ScheduledTask]:
    """Yield the tasks that the queries of the session print, on the hosts that the SLA commands print."""
    for role, environment, name, count, hosts in (
        ("www", "prod", "hello", 24, HOSTS),
        ("www", "prod", "web", 12, HOSTS),
        ("www", "devel", "batch", 3, HOSTS),
        ("ads", "prod", "api", 4, HOSTS[:2]),
    ):
        config = _config(role, environment, name)
        for instance in range(count):
            yield _task(config, instance, hosts[instance % len(hosts)])
    yield _task(_config("db", "prod", "stuck"), 0, None, ScheduleStatus.PENDING)


def ended_tasks(query: Row) -> Iterator[ScheduledTask]:
    """Yield the tasks that a recorded query for ended ones prints, and 18 running ones, which a later one prints."""
    for line in query.stdout.splitlines():
        job, status = line.split()
        role, name, instance = job.split("/")
        config = _config(role, "devel" if name == "batch" else "prod", name)
        yield _task(config, int(instance), HOSTS[0], ScheduleStatus._NAMES_TO_VALUES[status], "-ended")
    for instance in range(18):
        yield _task(_config("www", "prod", "hello"), instance, HOSTS[3 + instance % 3])


def _config(role: str, environment: str, name: str) -> TaskConfig:
    resources = {Resource(numCpus=0.5), Resource(ramMb=64), Resource(diskMb=64)}
    usual = {
        "container": Container(mesos=MesosContainer(volumes=[])),
        "taskLinks": {},
        "mesosFetcherUris": set(),
    }
    of_hello = {
        "contactEmail": "ops@example.com",
        "constraints": {Constraint("host", TaskConstraint(limit=LimitConstraint(4)))},
        "metadata": {Metadata("k", "v")},
    }
    config = jobs.config(jobs.key(name, role, environment), **usual, **(of_hello if name == "hello" else {}))
    config.owner, config.resources, config.executorConfig.data = Identity(user=role), resources, '{"x": "y"}'
    config.isService = config.production = environment == "prod"
    config.tier = "preferred" if config.production else "preemptible"
    config.priority, config.maxTaskFailures = 0, 1
    return config


def _task(
    config: TaskConfig, instance: int, host: str | None, status: int = ScheduleStatus.RUNNING, mark: str = ""
) -> ScheduledTask:
    key, number = config.job, host and host.split("-")[1]
    task_id = f"{key.role}-{key.environment}-{key.name}-{instance}{mark}"
    if task_id == "www-prod-hello-0":
        task_id = FIRST_ID
    states = list(STATES) if host else [status]
    states += [status] if status not in states else []
    begun = int(time.time() - AGE_SECONDS) * 1000
    events = [TaskEvent(begun + 100 * place, state, scheduler="host") for place, state in enumerate(states)]
    assigned = AssignedTask(
        task_id,
        slaveId=f"slave-{number}" if host else None,
        slaveHost=host,
        task=config,
        assignedPorts={},
        instanceId=instance,
    )
    return ScheduledTask(assigned, status, failureCount=0, timesPartitioned=0, taskEvents=events)
