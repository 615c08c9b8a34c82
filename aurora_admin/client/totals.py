"""The tasks of a reply in numbers, counted while they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aurora_admin.gen.api.constants import ACTIVE_STATES
from aurora_admin.gen.slim.ttypes import TaskWithEvents

if TYPE_CHECKING:
    from aurora_admin.client.reply import TasksReply


class Totals(NamedTuple):
    """Numbers of tasks and jobs, and the time of the newest event of a task, in ms since 1970."""

    tasks: int = 0
    active: int = 0
    jobs: int = 0
    newest_event_ms: int | None = None


def totals(reply: TasksReply) -> Totals:
    """Count the tasks of a reply; only the names of the jobs are kept.

    Raises:
        BadReply: the reply breaks off, or is not valid.
    """
    jobs: set[tuple[bytes, bytes, bytes]] = set()
    tasks = active = 0
    newest: int | None = None
    for task in reply.records(TaskWithEvents):
        job = task.assignedTask.task.job
        jobs.add((job.role, job.environment, job.name))
        tasks += 1
        active += task.status in ACTIVE_STATES
        for event in task.taskEvents or ():
            if event.timestamp is not None and (newest is None or event.timestamp > newest):
                newest = event.timestamp
    return Totals(tasks, active, len(jobs), newest)
