"""Drop the staged backup and all changes to it. The file of the backup and the state of the scheduler do not change.

The scheduler also replies OK if no backup is staged.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = "aurora_admin scheduler_unload_recovery west"
IF_UNKNOWN = "aurora_admin scheduler_print_recovery_tasks {cluster} shows whether a backup is still staged"


def run(context: Context, args: Namespace) -> None:
    """Unload the staged backup."""
    context.check(context.scheduler(args.cluster).unload_recovery())
