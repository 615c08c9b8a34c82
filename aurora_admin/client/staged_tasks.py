"""The tasks of a staged backup: as rows for people, and those of them that meet some conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from aurora_admin.client.reply import STATUS_NAMES
from aurora_admin.client.task_fields import job_of
from aurora_admin.gen.slim.ttypes import AnyTask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from aurora_admin.client.reply import TasksReply


class StagedTask(NamedTuple):
    """A task of the staged backup; the host is None before the task had one."""

    role: str
    environment: str | None
    job: str
    instance: int
    status: str
    host: str | None
    task_id: str


class Conditions(NamedTuple):
    """Conditions that a task meets if it meets each of them; None is no condition, and nothing is in an empty one."""

    role: str | None = None
    environment: str | None = None
    job: str | None = None
    hosts: Collection[str] | None = None
    states: Collection[str] | None = None
    task_ids: Collection[str] | None = None

    def are_met_by(self, task: StagedTask) -> bool:
        """Return whether a task meets all of them.

        >>> task = StagedTask("www", "prod", "hello", 0, "RUNNING", None, "t-1")
        >>> Conditions(role="www", states=["RUNNING"]).are_met_by(task), Conditions(hosts=["h1"]).are_met_by(task)
        (True, False)
        """
        return (
            self.role in (None, task.role)
            and self.environment in (None, task.environment)
            and self.job in (None, task.job)
            and (self.hosts is None or task.host in self.hosts)
            and (self.states is None or task.status in self.states)
            and (self.task_ids is None or task.task_id in self.task_ids)
        )


class Found(NamedTuple):
    """What a look at the staged tasks has found.

    Attributes:
        total: how many tasks are staged.
        matching: the ids of those that meet the conditions.
        known: which of the ids among the conditions are staged.
    """

    total: int
    matching: list[str]
    known: set[str]


def staged_tasks(reply: TasksReply) -> Iterator[StagedTask]:
    """Yield the tasks of a reply to queryRecovery as they arrive; raise as `TasksReply.tasks`.

    What is not UTF-8 is kept as surrogate escapes, so that it is equal to nothing that can be sent.
    """
    names = STATUS_NAMES
    for item in reply.records(AnyTask, _is_complete):
        assigned = item.assignedTask
        role, environment, job = job_of(assigned.task)
        yield StagedTask(
            _text(role) or "",
            _text(environment),
            _text(job) or "",
            assigned.instanceId,
            names.get(item.status) or str(item.status),
            _text(assigned.slaveHost),
            assigned.taskId.decode("utf-8", "surrogateescape"),
        )


def _is_complete(task: Any) -> bool:
    assigned = task.assignedTask
    return bool(assigned and assigned.taskId is not None and assigned.task and None not in job_of(assigned.task)[::2])


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def find(reply: TasksReply, conditions: Conditions) -> Found:
    """Look through the staged tasks; only the ids that match are kept. Raise as `staged_tasks`."""
    matching: list[str] = []
    known: set[str] = set()
    total = 0
    for task in staged_tasks(reply):
        total += 1
        if conditions.task_ids and task.task_id in conditions.task_ids:
            known.add(task.task_id)
        if conditions.are_met_by(task):
            matching.append(task.task_id)
    return Found(total, matching, known)
