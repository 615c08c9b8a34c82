"""Load a backup into the memory of the scheduler, where it can be inspected and changed before it is committed.

Running tasks are not affected until scheduler_commit_recovery. Only one backup can be staged at a time. It stays staged
until scheduler_commit_recovery, scheduler_unload_recovery or a restart of the scheduler.

A real scheduler also replies OK to a file that is not a backup, such as a compressed one, and stages nothing. Look at
the tasks with scheduler_print_recovery_tasks before you commit.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = """\
aurora_admin scheduler_stage_recovery west scheduler-backup-2026-11-22-10-00
aurora_admin scheduler_stage_recovery --bypass-leader-redirect west scheduler-backup-2026-11-22-10-00
"""
IF_UNKNOWN = "aurora_admin scheduler_print_recovery_tasks {cluster} shows whether a backup is staged"
IF_REFUSED = """
The backups are listed by aurora_admin scheduler_list_backups {cluster}. If another backup is staged,
aurora_admin scheduler_print_recovery_tasks {cluster} shows its tasks and
aurora_admin scheduler_unload_recovery {cluster} drops it
"""


def run(context: Context, args: Namespace) -> None:
    """Stage the backup."""
    context.check(context.scheduler(args.cluster).stage_recovery(args.backup_id))
