"""getTasksStatus, getTasksWithoutConfigs and killTasks (docs/api.md 1.4 and 1.8)."""

from collections.abc import Callable, Iterator, Sequence

from thrift.Thrift import TType

from aurora_admin.gen.api import constants
from aurora_admin.gen.api.AuroraSchedulerManager import killTasks_args
from aurora_admin.gen.api.ReadOnlyScheduler import getTasksStatus_args, getTasksWithoutConfigs_args
from aurora_admin.gen.api.ttypes import ScheduleStatus, TaskEvent, TaskQuery
from aurora_admin.scheduler.api.query import job_name, page, task_filter
from aurora_admin.scheduler.api.response import OK, Answer, error, of_tasks
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.api.updates import check_not_updating
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.snapshot.task_table import TaskFilter
from aurora_admin.wire import codec, fields

SCHEDULE_STATUS_RESULT = 3
EXECUTOR_DATA = (25, 2)
STATUS = 2
TASK_EVENTS = 4
NOT_STARTED = frozenset((ScheduleStatus.PENDING, ScheduleStatus.THROTTLED))
# The name of a caller that was not authenticated (docs/api.md 1.1).
UNAUTHENTICATED = "UNSECURE"


def get_tasks_status(services: Services, arguments: getTasksStatus_args) -> Answer:
    return _tasks(services, arguments.query, lambda config: config)


def get_tasks_without_configs(services: Services, arguments: getTasksWithoutConfigs_args) -> Answer:
    """Leave out the executors' payload; a task without an executor, on which a real 0.22 fails, is no exception."""
    return _tasks(services, arguments.query, lambda config: fields.drop(config, EXECUTOR_DATA))


def _tasks(services: Services, query: TaskQuery | None, show: Callable[[bytes], bytes]) -> Answer:
    if query is None:
        raise error()
    with services.storage.read() as stores:
        tasks = stores.tasks
        rows = page(tasks.select(task_filter(query)), query)
    return of_tasks(SCHEDULE_STATUS_RESULT, TType.LIST, len(rows), _shown(tasks, rows, show))


def _shown(tasks: LiveTasks, rows: Sequence[int], show: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """Yield the tasks with their configs as they are shown; each config is changed once."""
    shown = {number: show(tasks.configs.raw[number]) for number in set(map(tasks.config.__getitem__, rows))}
    return (raw for _, raw in tasks.records(rows, shown))


def kill_tasks(services: Services, arguments: killTasks_args) -> Answer:
    key = job_name(arguments.job)
    message = f"Killed by {UNAUTHENTICATED}" + ("" if arguments.message is None else f".\n{arguments.message}")
    event = TaskEvent(services.clock_ms(), ScheduleStatus.KILLING, message, services.host_name)
    with services.storage.transaction() as transaction:
        check_not_updating(transaction.stores, key)
        tasks = transaction.stores.tasks
        instances = frozenset(arguments.instances or ())
        statuses = frozenset(constants.ACTIVE_STATES) - {ScheduleStatus.KILLING}
        rows = tasks.select(TaskFilter(jobs=frozenset([key]), instances=instances, statuses=statuses))
        waiting = [row for row in rows if tasks.status[row] in NOT_STARTED]
        started = [row for row in rows if tasks.status[row] not in NOT_STARTED]
        if waiting:
            transaction.ops.append(ops.remove_tasks(tasks.id_of(row) for row in waiting))
        if started:
            transaction.ops.append(
                ops.save_tasks([_moved(raw, ScheduleStatus.KILLING, event) for _, raw in tasks.records(started)])
            )
    return OK if rows else Answer(details=["No tasks to kill."])


def _moved(task: bytes, status: int, event: TaskEvent) -> bytes:
    """Return a ScheduledTask in another state, with the event that tells of it."""
    task = fields.put(task, [STATUS], TType.I32, fields.i32(status))
    return fields.append(task, [TASK_EVENTS], TType.LIST, codec.encode(event))
