"""Forget the staged backup with all that was deleted from it; its file and the running state stay as they are.

The scheduler says OK also when nothing is staged.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = "aurora_admin scheduler_unload_recovery west"
IF_UNKNOWN = "aurora_admin scheduler_print_recovery_tasks {cluster} shows whether a backup is still staged"


def run(context: Context, args: Namespace) -> None:
    """Unload the staged backup."""
    context.check(context.scheduler(args.cluster).unload_recovery())
