"""Load a backup into the memory of the scheduler, where it can be inspected and changed before it is committed.

Running tasks are not affected until scheduler_commit_recovery. Only one backup can be staged at a time. It stays staged
until scheduler_commit_recovery, scheduler_unload_recovery or a restart of the scheduler.

A real scheduler also replies OK to a file that is not a backup, such as a compressed one, and stages no tasks. So on a
terminal, or with -v, the command also counts the tasks that were staged, and prints the time of their newest event.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.errors import AdminError

if TYPE_CHECKING:
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.output import Output

EXAMPLES = """\
aurora_admin scheduler_stage_recovery west scheduler-backup-2026-11-22-10-00
aurora_admin scheduler_stage_recovery --bypass-leader-redirect west scheduler-backup-2026-11-22-10-00
"""
IF_UNKNOWN = """
aurora_admin scheduler_print_recovery_tasks {cluster} shows whether a backup is staged; the scheduler may still be
loading a large one
"""
IF_REFUSED = """
The backups are listed by aurora_admin scheduler_list_backups {cluster}. If another backup is staged,
aurora_admin scheduler_print_recovery_tasks {cluster} shows its tasks and
aurora_admin scheduler_unload_recovery {cluster} drops it
"""


def run(context: Context, args: Namespace) -> None:
    """Stage the backup, and show a person what was staged."""
    scheduler = context.scheduler(args.cluster)
    context.check(scheduler.stage_recovery(args.backup_id))
    if context.out.has_details():
        show_staged(scheduler, context.out)


def show_staged(scheduler: Scheduler, out: Output) -> None:
    """Log what is staged now. The backup is staged, so an error here is a warning."""
    from aurora_admin.plugins.backup.staged import describe, staged_totals

    try:
        found = staged_totals(scheduler)
    except AdminError as error:
        out.warn(f"The backup is staged, but its tasks could not be counted. {error.message}")
        return
    if found is None:
        out.warn("The scheduler replied OK, but has no backup staged now: it was restarted or the backup was unloaded")
        return
    out.info(f"Staged: {describe(found)}")
    if not found.tasks:
        out.warn("A commit of this backup would leave the cluster without tasks: check that the file is a backup")
