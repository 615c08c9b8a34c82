"""Print the number of backups in the scheduler's backup folder, then their names, oldest first.

A real scheduler lists every file in that folder, including temporary files and files that are not backups. The
reference scheduler lists only files whose names begin with scheduler-backup-; its reply says how many others there are.
Each scheduler has a backup folder of its own: the list is that of the scheduler that replies.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = "aurora_admin scheduler_list_backups west"


def run(context: Context, args: Namespace) -> None:
    """Print the backups."""
    reply = context.scheduler(args.cluster).list_backups()
    context.check(reply)
    context.out.print(f"{len(reply.backups)} available backups:")
    for name in sorted(reply.backups):
        context.out.print(name)
