"""Deleting staged tasks: find them, delete them, and say how many there were and which were missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.errors import AdminError

if TYPE_CHECKING:
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.client.staged_tasks import Conditions, Found
    from aurora_admin.command import Context
    from aurora_admin.output import Output

IDS_A_CALL = 50_000
SHOWN_IDS = 20
UNCOUNTED = "The tasks are deleted, but those that are left could not be counted."


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
