"""Delete tasks from the staged backup, so that the commit does not bring them back.

Separate the ids by commas. With - the ids are read from standard input, separated by commas or line ends.

The scheduler ignores ids that are not in the backup and still replies OK. So on a terminal, or with -v, the command
also counts the staged tasks before and after, and names the ids that were not among them. A script checks what is left
with scheduler_print_recovery_tasks. Only the staged copy changes, not the file. To undo the deletion, unload the backup
and stage it again.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.errors import AdminError, BadReply
from aurora_admin.plugins.backup import STAGE_FIRST
from aurora_admin.plugins.backup.task_ids import ids_of

if TYPE_CHECKING:
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.output import Output

EXAMPLES = """\
aurora_admin scheduler_delete_recovery_tasks west www-data-prod-hello-0-41ea14dd-c080-4a5b-bff8-a737a9d2e6fc
aurora_admin scheduler_delete_recovery_tasks west www-data-prod-hello-0-41ea14dd,www-data-prod-hello-1-c3a815f2
aurora_admin scheduler_delete_recovery_tasks west - < task-ids
"""
IF_UNKNOWN = """
You may repeat the command: to delete them twice does no harm. aurora_admin scheduler_print_recovery_tasks {cluster}
shows whether they are gone, but prints only active tasks
"""
IF_REFUSED = STAGE_FIRST


def run(context: Context, args: Namespace) -> None:
    """Delete the tasks, and show a person what was deleted."""
    task_ids = ids_of(args.task_ids, context.out)
    scheduler, out = context.scheduler(args.cluster), context.out
    before = staged_before(scheduler, out, task_ids) if out.has_details() else None
    context.check(scheduler.delete_recovery_tasks(task_ids))
    if before:
        show_deleted(scheduler, out, task_ids, before)


def staged_before(scheduler: Scheduler, out: Output, task_ids: set[str]) -> tuple[int, set[str]] | None:
    """Return the number of staged tasks, and which of the ids are among them.

    None if nothing is staged, or if the tasks cannot be read, with a warning.

    Raises:
        AdminError: the scheduler does not reply or serves no calls, so that the deletion would fail too.
    """
    try:
        return staged_among(scheduler, task_ids)
    except BadReply as error:
        out.warn(f"The staged tasks could not be counted. {error.message}")
        return None


def staged_among(scheduler: Scheduler, task_ids: set[str]) -> tuple[int, set[str]] | None:
    """Return the number of staged tasks, and which of the ids are among them; None if nothing is staged."""
    from aurora_admin.plugins.backup.staged import is_staged

    reply = scheduler.query_recovery(None)
    if not is_staged(reply):
        return None
    found = {task.task_id for task in reply.tasks if task.task_id in task_ids}
    return reply.count, found


def show_deleted(scheduler: Scheduler, out: Output, task_ids: set[str], before: tuple[int, set[str]]) -> None:
    """Log the numbers of tasks before and after, and the ids that were not there."""
    try:
        after = staged_among(scheduler, task_ids)
    except AdminError as error:
        out.warn(f"The tasks are deleted, but those that are left could not be counted. {error.message}")
        return
    count, found = before
    if after:
        out.info(f"Staged tasks: {count} before, {after[0]} after")
    if missing := sorted(task_ids - found - {""}):
        out.warn(f"Not in the staged backup: {', '.join(missing)}")
