"""Have the scheduler write a backup of its complete storage into its backup folder.

The name of a backup has its time to the minute. On a real scheduler, a second backup in the same minute replaces the
first. A real scheduler also replies OK if it could not write the file, so check for the backup with
scheduler_list_backups.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = "aurora_admin scheduler_backup_now west"
IF_UNKNOWN = "The backup may have been written: look for it with aurora_admin scheduler_list_backups {cluster}"


def run(context: Context, args: Namespace) -> None:
    """Request the backup."""
    context.check(context.scheduler(args.cluster).perform_backup())
