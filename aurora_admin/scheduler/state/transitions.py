"""How tasks come to be: those of a new job, and the successors of tasks that ended (docs/api.md 1.8 and 3.3).

Each function returns an op or a record; nothing changes before it is in the log.
"""

import re
from collections.abc import Sequence
from uuid import uuid4

from aurora_admin.gen.api import constants
from aurora_admin.gen.api.ttypes import AssignedTask, ScheduledTask, ScheduleStatus, TaskConfig, TaskEvent
from aurora_admin.scheduler.state.ops import Op, save_tasks
from aurora_admin.snapshot.paths import TASK_CONFIG
from aurora_admin.snapshot.task_table import JobName
from aurora_admin.wire import codec

ACTIVE = frozenset(constants.ACTIVE_STATES)
TERMINAL = frozenset(constants.TERMINAL_STATES)
NOT_STARTED = frozenset((ScheduleStatus.PENDING, ScheduleStatus.THROTTLED))
NOT_IN_TASK_ID = re.compile(r"[^A-Za-z0-9_-]")


def create(config: TaskConfig, instances: Sequence[int], event: TaskEvent) -> Op:
    """Return the op that adds a PENDING task for each instance; `event` is the first one of each."""
    key = config.job
    assert key
    job = JobName(*((part or "").encode() for part in (key.role, key.environment, key.name)))
    raw = codec.encode(config)
    return save_tasks([TASK_CONFIG.put(codec.encode(pending(job, instance, event)), raw) for instance in instances])


def pending(job: JobName, instance: int, event: TaskEvent) -> ScheduledTask:
    """Return a new PENDING task, which lacks its config; `event` is its first one."""
    assigned = AssignedTask(_new_task_id(job, instance), assignedPorts={}, instanceId=instance)
    return ScheduledTask(assigned, ScheduleStatus.PENDING, failureCount=0, timesPartitioned=0, taskEvents=[event])


def _new_task_id(job: JobName, instance: int) -> str:
    names = "-".join(part.decode(errors="replace") for part in job)
    return NOT_IN_TASK_ID.sub("-", f"{names}-{instance}-{uuid4()}")
