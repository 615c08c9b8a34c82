"""How tasks come to be and change their status (docs/api.md 3).

Each function returns the ops or records of a change; nothing changes before these are in the log.
"""

import re
from collections.abc import Iterator, Sequence
from uuid import uuid4

from aurora_admin.gen.api import constants
from aurora_admin.gen.api.ttypes import AssignedTask, ScheduledTask, ScheduleStatus, TaskConfig, TaskEvent
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.scheduler.state.ops import Op, remove_tasks, save_tasks
from aurora_admin.snapshot.paths import TASK_EVENTS, TASK_STATUS
from aurora_admin.wire import codec, fields

ACTIVE = frozenset(constants.ACTIVE_STATES)
NOT_STARTED = frozenset((ScheduleStatus.PENDING, ScheduleStatus.THROTTLED))
NOT_IN_TASK_ID = re.compile(r"[^A-Za-z0-9_-]")


def create(config: TaskConfig, instances: Sequence[int], event: TaskEvent) -> Op:
    """Return the op that adds a PENDING task for each instance; `event` is the first one of each."""
    return save_tasks([codec.encode(_pending(config, instance, event)) for instance in instances])


def kill(tasks: LiveTasks, rows: Sequence[int], event: TaskEvent) -> Iterator[Op]:
    """Yield the ops that kill active tasks: those that wait for a host are removed, the others become KILLING.

    `event` is that of the transition to KILLING.
    """
    waiting = [row for row in rows if tasks.status[row] in NOT_STARTED]
    started = [row for row in rows if tasks.status[row] not in NOT_STARTED]
    if waiting:
        yield remove_tasks(map(tasks.id_of, waiting))
    if started:
        yield save_tasks([_moved(task, event) for _, task in tasks.records(started)])


def _pending(config: TaskConfig, instance: int, event: TaskEvent) -> ScheduledTask:
    assigned = AssignedTask(_new_task_id(config, instance), task=config, assignedPorts={}, instanceId=instance)
    return ScheduledTask(assigned, ScheduleStatus.PENDING, failureCount=0, timesPartitioned=0, taskEvents=[event])


def _new_task_id(config: TaskConfig, instance: int) -> str:
    job = config.job
    assert job
    return NOT_IN_TASK_ID.sub("-", f"{job.role}-{job.environment}-{job.name}-{instance}-{uuid4()}")


def _moved(task: bytes, event: TaskEvent) -> bytes:
    """Return a ScheduledTask with the status of this event, and the event as its last one."""
    assert event.status is not None
    task = TASK_STATUS.put(task, fields.i32(event.status))
    return TASK_EVENTS.append(task, codec.encode(event))
