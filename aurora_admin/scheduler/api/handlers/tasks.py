"""getTasksStatus, getTasksWithoutConfigs and killTasks (docs/api.md 1.4 and 1.8)."""

from collections.abc import Callable, Iterator, Sequence

from aurora_admin.calls import TASKS
from aurora_admin.gen.api.AuroraSchedulerManager import killTasks_args
from aurora_admin.gen.api.ReadOnlyScheduler import getTasksStatus_args, getTasksWithoutConfigs_args
from aurora_admin.gen.api.ttypes import ScheduleStatus, TaskConfig, TaskQuery
from aurora_admin.scheduler.api.active_updates import check_not_updating
from aurora_admin.scheduler.api.outcome import OK, Outcome, error, with_structs
from aurora_admin.scheduler.api.query import job_key, page, task_filter
from aurora_admin.scheduler.api.services import UNAUTHENTICATED, Services, task_moves
from aurora_admin.scheduler.state.host_modes import ops_of
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.scheduler.state.transitions import ACTIVE
from aurora_admin.snapshot.task_table import TaskFilter
from aurora_admin.wire.path import path

EXECUTOR_DATA = path(TaskConfig, "executorConfig.data")


def get_tasks_status(services: Services, arguments: getTasksStatus_args) -> Outcome:
    return _tasks(services, arguments.query, lambda config: config)


def get_tasks_without_configs(services: Services, arguments: getTasksWithoutConfigs_args) -> Outcome:
    """Return tasks without the data of their executors; a real 0.22 fails at a task that has no executor."""
    return _tasks(services, arguments.query, EXECUTOR_DATA.drop)


def _tasks(services: Services, query: TaskQuery | None, show: Callable[[bytes], bytes]) -> Outcome:
    if query is None:
        raise error()
    with services.storage.read() as stores:
        tasks = stores.tasks
        rows = page(tasks.select(task_filter(query)), query)
    return with_structs(TASKS, len(rows), _shown(tasks, rows, show))


def _shown(tasks: LiveTasks, rows: Sequence[int], show: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """Yield tasks with their configs as `show` returns them; it is called once for each config."""
    shown = {number: show(tasks.configs.raw[number]) for number in set(map(tasks.config.__getitem__, rows))}
    return (raw for _, raw in tasks.records(rows, shown))


def kill_tasks(services: Services, arguments: killTasks_args) -> Outcome:
    key = job_key(arguments.job)
    message = f"Killed by {UNAUTHENTICATED}" + ("" if arguments.message is None else f".\n{arguments.message}")
    instances = frozenset(arguments.instances or ())
    wanted = TaskFilter(jobs=frozenset([key]), instances=instances, statuses=ACTIVE - {ScheduleStatus.KILLING})
    with services.storage.transaction() as transaction:
        stores = transaction.stores
        check_not_updating(stores, key)
        rows = stores.tasks.select(wanted)
        moves = task_moves(services, stores)
        moves.request(rows, ScheduleStatus.KILLING, message)
        transaction.ops.extend(ops_of(stores, moves))
    return OK if rows else Outcome(messages=["No tasks to kill."])
