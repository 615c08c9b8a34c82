"""Make the scheduler write a backup of its whole storage into its own backup folder.

The name tells the minute, so a second backup in one minute replaces the first one of a real scheduler. A real scheduler
answers OK even if the file could not be written: look for it with scheduler_list_backups.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = "aurora_admin scheduler_backup_now west"
IF_UNKNOWN = "The backup may have been written: look for it with aurora_admin scheduler_list_backups {cluster}"


def run(context: Context, args: Namespace) -> None:
    """Ask for a backup."""
    context.check(context.scheduler(args.cluster).perform_backup())
