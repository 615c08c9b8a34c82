"""Have the scheduler write a backup of its complete storage into its backup folder.

The name of a backup has its time to the minute. On a real scheduler, a second backup in the same minute replaces the
first. A real scheduler also replies OK if it could not write the file. So on a terminal, or with -v, the command also
lists the backups before and after, and prints the name of the new one. A script checks for it with
scheduler_list_backups.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.errors import AdminError, BadReply

if TYPE_CHECKING:
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.output import Output

EXAMPLES = "aurora_admin scheduler_backup_now west"
IF_UNKNOWN = "The backup may have been written: look for it with aurora_admin scheduler_list_backups {cluster}"
PREFIX = "scheduler-backup-"  # of backups; a real scheduler lists every file of the folder


def run(context: Context, args: Namespace) -> None:
    """Request the backup, and show a person its name."""
    scheduler, out = context.scheduler(args.cluster), context.out
    before = names_before(scheduler) if out.has_details() else None
    context.check(scheduler.perform_backup())
    if out.has_details():
        show_new(out, before, scheduler)


def names_before(scheduler: Scheduler) -> set[str] | None:
    """Return the names of the backups; None if the scheduler does not list them.

    Raises:
        AdminError: the scheduler does not reply or serves no calls, so that the backup would fail too.
    """
    try:
        return names(scheduler)
    except BadReply:
        return None


def names(scheduler: Scheduler) -> set[str]:
    """Return the names of the backups.

    Raises:
        BadReply: the scheduler refuses to list them.
        AdminError: the scheduler does not reply.
    """
    reply = scheduler.list_backups()
    if not reply.ok:
        raise BadReply(f"The reply to listBackups is {reply.code_name}: {reply.message}")
    return {name for name in reply.backups if name.startswith(PREFIX)}


def show_new(out: Output, before: set[str] | None, scheduler: Scheduler) -> None:
    """Log the names of the backups that were not there before. An error here is a warning: the backup was made."""
    try:
        after = names(scheduler)
    except AdminError as error:
        out.warn(f"The name of the new backup is unknown. {error.message}")
        return
    if before is None:
        out.warn(f"Which backup is new is unknown. The last one by name: {max(after, default='none')}")
    elif after - before:
        out.info(f"New backup: {', '.join(sorted(after - before))}")
    else:
        out.warn(
            "The list of backups has no new name: the scheduler has replaced a backup of the same minute, or could not "
            f"write the file. The last one by name: {max(after, default='none')}. The scheduler's log says more"
        )
