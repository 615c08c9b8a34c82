"""Print the number of backups in the scheduler's backup folder, then their names, oldest first.

A real scheduler lists every file of that folder, also temporary ones and those that are no backups. The folder is the
one of the scheduler that answers: each scheduler has its own.
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
