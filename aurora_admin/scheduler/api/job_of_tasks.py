"""A job put together from its tasks, for jobs that are stored nowhere else (docs/api.md 1.4)."""

from collections.abc import Sequence

from aurora_admin.gen.api.ttypes import JobConfiguration, TaskConfig, TaskEvent
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.scheduler.state.transitions import ACTIVE
from aurora_admin.snapshot.paths import JOB_CONFIG, TASK_EVENTS
from aurora_admin.wire import fields
from aurora_admin.wire.path import path

JOB_OWNER = path(JobConfiguration, "owner")
JOB_INSTANCES = path(JobConfiguration, "instanceCount")
JOB_KEY = path(JobConfiguration, "key")
CONFIG_OWNER = path(TaskConfig, "owner")
CONFIG_JOB_KEY = path(TaskConfig, "job")
EVENT_TIME = path(TaskEvent, "timestamp")


def job_of_tasks(tasks: LiveTasks, rows: Sequence[int]) -> bytes:
    """Return a JobConfiguration for the tasks of a job, with the config of the latest one.

    An active task is later than one that has ended; of several the one that changed last is the latest.
    """
    config = _latest_config(tasks, [row for row in rows if tasks.status[row] in ACTIVE] or rows)
    owner = CONFIG_OWNER.get(config)
    return fields.join(
        [
            JOB_CONFIG.field(config),
            *([JOB_OWNER.field(owner)] if owner else []),
            JOB_INSTANCES.field(fields.i32(len(rows))),
            JOB_KEY.field(CONFIG_JOB_KEY.get(config) or fields.STOP),
        ]
    )


def _latest_config(tasks: LiveTasks, rows: Sequence[int]) -> bytes:
    if len({tasks.config[row] for row in rows}) == 1:
        return tasks.config_of(rows[0])
    return tasks.config_of(max(tasks.partial_records(rows), key=_last_change)[0])


def _last_change(record: tuple[int, bytes]) -> int:
    events = TASK_EVENTS.elements(record[1])
    return EVENT_TIME.value(events[-1]) or 0 if events else 0
