"""Delete tasks from the staged backup, so that the commit does not bring them back.

Separate the ids by commas. With - the ids are read from standard input, separated by commas or line ends.

The scheduler ignores ids that are not in the backup and still replies OK. So on a terminal, or with -v, the command
also counts the staged tasks before and after, and names the ids that were not among them. A script checks what is left
with scheduler_print_recovery_tasks. Only the staged copy changes, not the file. To undo the deletion, unload the backup
and stage it again.

The options --role, --env, --job, --host, --state and --task-ids-file select tasks by what they are, also those that are
not active. With one of them the ids may be omitted. A task is deleted if it meets everything that is given: all of the
options, and the ids too if there are some. The command says how many staged tasks match before, and how many are left
after, also without a terminal. An option that is empty is an error, and nothing is deleted if no task matches.

The options mean the same with every release of the scheduler, because this program looks for the tasks itself: it reads
the staged tasks, and has the scheduler delete those that match by their ids, 50,000 at a time. Old releases do not know
all fields of a query, and would delete more tasks than those that were meant.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.errors import AdminError, BadReply
from aurora_admin.plugins.backup import STAGE_FIRST
from aurora_admin.plugins.backup.selectors import add_selectors, conditions_of, is_selecting
from aurora_admin.plugins.backup.task_ids import ids_of

if TYPE_CHECKING:
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.client.staged_tasks import Conditions, Found
    from aurora_admin.output import Output
    from aurora_admin.parser import CommandParser

EXAMPLES = """\
aurora_admin scheduler_delete_recovery_tasks west www-data-prod-hello-0-41ea14dd-c080-4a5b-bff8-a737a9d2e6fc
aurora_admin scheduler_delete_recovery_tasks west www-data-prod-hello-0-41ea14dd,www-data-prod-hello-1-c3a815f2
aurora_admin scheduler_delete_recovery_tasks west - < task-ids
aurora_admin scheduler_delete_recovery_tasks --role=www-data --env=test west
aurora_admin scheduler_delete_recovery_tasks --job=www-data/prod/hello --state=LOST,KILLED west
aurora_admin scheduler_delete_recovery_tasks --task-ids-file=task-ids --host=agent7 west
"""
IF_UNKNOWN = """
You may repeat the command: to delete them twice does no harm. aurora_admin scheduler_print_recovery_tasks {cluster}
shows whether they are gone, but prints only active tasks
"""
IF_REFUSED = STAGE_FIRST
IDS_A_CALL = 50_000
SHOWN_IDS = 20
UNCOUNTED = "The tasks are deleted, but those that are left could not be counted."


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    add_selectors(parser)


def run(context: Context, args: Namespace) -> None:
    """Delete the tasks, and show what was deleted: with options always, with ids to a person."""
    if is_selecting(args):
        conditions = conditions_of(args, context.out)
        delete_matching(context, context.scheduler(args.cluster), conditions)
        return
    task_ids = ids_of(args.task_ids, context.out)
    scheduler, out = context.scheduler(args.cluster), context.out
    before = staged_before(scheduler, out, task_ids) if out.has_details() else None
    context.check(scheduler.delete_recovery_tasks(task_ids))
    if before:
        show_deleted(scheduler, out, task_ids, before)


def delete_matching(context: Context, scheduler: Scheduler, conditions: Conditions) -> None:
    """Find the staged tasks that meet the conditions, delete them by their ids, and count again.

    Raises:
        AdminError: the staged tasks cannot be read; or a call failed, or tasks that match are left, with the number.
    """
    found = look(context, scheduler, conditions)
    out = context.out
    out.info(f"Staged tasks: {found.total} before, of which {len(found.matching)} match")
    if conditions.task_ids is not None:
        warn_of_missing(out, set(conditions.task_ids) - found.known)
    if not found.matching:
        out.warn("No staged task matches: nothing was deleted")
        return
    delete_by_ids(context, scheduler, sendable(found.matching))
    try:
        left = look(context, scheduler, conditions)
    except AdminError as error:
        out.warn(f"{UNCOUNTED} {error.message}".rstrip())
        return
    out.info(f"Staged tasks: {left.total} after, of which {len(left.matching)} match")
    if left.matching:
        raise AdminError(
            f"{len(left.matching)} of the tasks are still staged: someone staged a backup meanwhile. Look at it with "
            "recovery_status, and run the command again"
        )


def look(context: Context, scheduler: Scheduler, conditions: Conditions) -> Found:
    """Look through the staged tasks; if nothing is staged, log the response and raise Refused."""
    from aurora_admin.client.staged_tasks import find

    reply = scheduler.query_recovery(None)
    if not reply.ok:
        context.check(reply)
    return find(reply, conditions)


def sendable(task_ids: list[str]) -> list[str]:
    """Return ids that can all be sent.

    Raises:
        AdminError: one is not UTF-8.
    """
    for task_id in task_ids:
        if not task_id.isascii():
            try:
                task_id.encode()
            except UnicodeEncodeError:
                raise AdminError(
                    f"The staged task {task_id!r} cannot be deleted, because its id is not UTF-8: nothing was deleted. "
                    "Select other tasks"
                ) from None
    return task_ids


def delete_by_ids(context: Context, scheduler: Scheduler, task_ids: list[str]) -> None:
    """Delete tasks, some at a time; if that fails, log how many had been deleted before."""
    deleted = 0
    try:
        while deleted < len(task_ids):
            some = set(task_ids[deleted : deleted + IDS_A_CALL])
            context.check(scheduler.delete_recovery_tasks(some))
            deleted += len(some)
    except (AdminError, KeyboardInterrupt):
        if deleted:
            context.out.warn(f"{deleted} of the {len(task_ids)} tasks had been deleted before")
        raise


def warn_of_missing(out: Output, task_ids: set[str]) -> None:
    """Warn of ids that are not staged."""
    missing = sorted(task_ids - {""})
    if missing:
        more = f" and {len(missing) - SHOWN_IDS} others" if len(missing) > SHOWN_IDS else ""
        out.warn(f"Not in the staged backup: {', '.join(missing[:SHOWN_IDS])}{more}")


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
        out.warn(f"{UNCOUNTED} {error.message}")
        return
    count, found = before
    if after:
        out.info(f"Staged tasks: {count} before, {after[0]} after")
    warn_of_missing(out, task_ids - found)
