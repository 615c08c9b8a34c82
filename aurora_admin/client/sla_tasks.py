"""The live tasks that an SLA is computed from (docs/cli.md 4.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aurora_admin.client.selection import LIVE, NUMBERS, Selection
from aurora_admin.errors import BadReply, ServerFailed
from aurora_admin.gen.slim.ttypes import SlaScheduledTask
from aurora_admin.sla import VALID_NAME, SlaTask
from aurora_admin.wire.reader import without_collector

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from aurora_admin.client.reply import Reply, TasksReply
    from aurora_admin.client.scheduler import Scheduler

RUNNING = NUMBERS["RUNNING"]
METHOD = "getTasksWithoutConfigs"
# A real 0.22 fails in the first one if a task has no executor (docs/api.md 1.4). This one sends all the data that the
# executors of the tasks get, which is most of a task.
METHOD_WITH_CONFIGS = "getTasksStatus"


def sla_tasks(
    scheduler: Scheduler, check: Callable[[Reply], None], cluster_name: str, hosts: Collection[str] | None
) -> list[SlaTask]:
    """Return every live task of the cluster; with hosts, of the jobs that run on these hosts.

    `check` gets each reply, as Context.check: it logs the response line, and raises if the code is not OK. So a failed
    query is never taken for a cluster without tasks.

    Raises:
        Refused: the scheduler refused a query.
        BadReply: a reply cannot be used; else as `Scheduler.call`.
        ValueError: there are no hosts; the scheduler would return all tasks.
    """
    if hosts is None:
        return _live_tasks(scheduler, check, cluster_name, Selection(statuses=LIVE))
    if not hosts:
        raise ValueError("an empty set of hosts means every host")
    found = _live_tasks(scheduler, check, cluster_name, Selection(statuses=LIVE, hosts=hosts))
    if not found:
        return found
    jobs = {_job_key(task.job) for task in found}
    return _live_tasks(scheduler, check, cluster_name, Selection(statuses=LIVE, jobs=jobs))


def _live_tasks(
    scheduler: Scheduler, check: Callable[[Reply], None], cluster_name: str, selection: Selection
) -> list[SlaTask]:
    try:
        return _checked_tasks(scheduler.tasks(METHOD, selection), check, cluster_name)
    except ServerFailed:
        return _checked_tasks(scheduler.tasks(METHOD_WITH_CONFIGS, selection), check, cluster_name)


def _checked_tasks(reply: TasksReply, check: Callable[[Reply], None], cluster_name: str) -> list[SlaTask]:
    """Read the tasks of a reply. The message of an OK reply is known only then, so the check comes last."""
    records, tasks, problem = _Records(cluster_name), [], None
    try:
        with without_collector():
            tasks = [records.task(record) for record in reply.records(SlaScheduledTask)]
    except ServerFailed:
        raise
    except BadReply as error:
        problem = error
    check(reply)
    if problem:
        raise problem
    return tasks


class _Records:
    """Makes tasks of the records of one reply. Each name is kept once, however many tasks have it."""

    def __init__(self, cluster_name: str) -> None:
        self._cluster_name = cluster_name
        self._jobs: dict[tuple[bytes, bytes, bytes], str] = {}
        self._hosts: dict[bytes | None, str | None] = {None: None}

    def task(self, record: Any) -> SlaTask:
        """Return the task of a record.

        Raises:
            BadReply: no scheduler sends such a one.
        """
        assigned = record.assignedTask
        key, host = assigned.task.job, assigned.slaveHost
        job = self._jobs.get((key.role, key.environment, key.name)) or self._new_job(key)
        if host not in self._hosts:
            self._hosts[host] = host.decode("utf-8", "surrogateescape")
        since = _running_since(record.taskEvents, job)
        return SlaTask(job, self._hosts[host], assigned.instanceId, bool(assigned.task.production), since)

    def _new_job(self, key: Any) -> str:
        parts = [(part or b"").decode("utf-8", "replace") for part in (key.role, key.environment, key.name)]
        path = "/".join((self._cluster_name, *parts))
        if not all(map(VALID_NAME.fullmatch, parts)):
            raise _no_task(f"{path!r} is no valid name of a job")
        return self._jobs.setdefault((key.role, key.environment, key.name), path)


def _running_since(events: Any, job: str) -> int | None:
    """Return the time of the first event RUNNING, in whole seconds since 1970 (docs/cli.md 5.1)."""
    if events is None:
        raise _no_task(f"a task of {job} has no events")
    for event in events:
        if event.status == RUNNING:
            if event.timestamp is None:
                raise _no_task(f"an event of a task of {job} has no time")
            return int(event.timestamp // 1000)
    return None


def _no_task(problem: str) -> BadReply:
    return BadReply(f"The tasks that the scheduler sent cannot be used: {problem}. Its log and its version say more")


def _job_key(path: str) -> tuple[str, str, str]:
    """Return role, environment and name of a job; the name of the cluster may have any characters."""
    role, environment, name = path.rsplit("/", 3)[1:]
    return role, environment, name
