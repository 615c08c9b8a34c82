"""forceTaskState, pruneTasks, and the two calls for a reconciliation with Mesos (docs/api.md 1.7)."""

from aurora_admin.gen.api.AuroraAdmin import (
    forceTaskState_args,
    pruneTasks_args,
    triggerExplicitTaskReconciliation_args,
    triggerImplicitTaskReconciliation_args,
)
from aurora_admin.scheduler.api.outcome import OK, Outcome, error, invalid_request
from aurora_admin.scheduler.api.query import STATUSES, as_bytes, task_filter
from aurora_admin.scheduler.api.services import UNAUTHENTICATED, Services, task_moves
from aurora_admin.scheduler.state.host_modes import ops_of
from aurora_admin.scheduler.state.ops import TASK_ID, remove_tasks
from aurora_admin.scheduler.state.transitions import ACTIVE, TERMINAL
from aurora_admin.scheduler.storage.storage import StorageNotReady
from aurora_admin.snapshot.task_table import TaskFilter

NOTHING_TO_PRUNE = (
    "No task that has ended matches the query: nothing was pruned. "
    "A real scheduler deletes every task, also those that run, when nothing matches: query first there."
)
EVERY_STATUS = (
    "The set of statuses is empty, which selects active tasks, too: nothing was pruned. "
    "Name statuses of tasks that have ended, or leave the set out for all of these."
)


def force_task_state(services: Services, arguments: forceTaskState_args) -> Outcome:
    """Ask the state machine for a transition; it is OK too if that is not possible, or the task is unknown."""
    if arguments.taskId is None or not arguments.taskId.strip():
        raise error("Argument cannot be blank")
    if arguments.status not in STATUSES:
        raise error()
    task_id = as_bytes(arguments.taskId)
    with services.storage.transaction() as transaction:
        stores = transaction.stores
        moves = task_moves(services, stores)
        rows = stores.tasks.select(TaskFilter(task_ids=frozenset([task_id])))
        moves.request(rows, arguments.status, f"Transition forced by {UNAUTHENTICATED}")
        transaction.ops.extend(ops_of(stores, moves))
    return OK


def prune_tasks(services: Services, arguments: pruneTasks_args) -> Outcome:
    """Delete tasks that have ended. A selection without a task is refused, where a real scheduler deletes all tasks."""
    query = arguments.query
    wanted = task_filter(query)
    assert query
    if wanted.statuses & ACTIVE:
        raise error("Tasks in non-terminal state cannot be pruned.")
    if query.statuses is not None and not query.statuses:
        raise invalid_request(EVERY_STATUS)
    if query.limit is not None and query.limit < 0:
        raise error("limit is negative")
    with services.storage.transaction() as transaction:
        tasks = transaction.stores.tasks
        rows = tasks.select(wanted._replace(statuses=wanted.statuses or TERMINAL))[: query.limit]
        if not rows:
            raise invalid_request(NOTHING_TO_PRUNE)
        transaction.ops.append(remove_tasks(TASK_ID.value(raw) for _, raw in tasks.partial_records(rows)))
    return OK


def trigger_explicit_reconciliation(services: Services, arguments: triggerExplicitTaskReconciliation_args) -> Outcome:
    """Check the settings; there are no agents whose tasks could be compared."""
    if arguments.settings is None:
        raise error()
    if arguments.settings.batchSize is not None and arguments.settings.batchSize <= 0:
        raise invalid_request("Batch size must be greater than zero.")
    with services.storage.read() as stores:
        stores.statistics.add("reconciliation_explicit_runs")
    return OK


def trigger_implicit_reconciliation(services: Services, arguments: triggerImplicitTaskReconciliation_args) -> Outcome:
    try:
        with services.storage.read() as stores:
            stores.statistics.add("reconciliation_implicit_runs")
    except StorageNotReady:
        raise error("Driver is not running.") from None
    return OK
