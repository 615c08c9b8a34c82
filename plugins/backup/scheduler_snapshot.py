"""Make the scheduler write a snapshot of its storage into its log, and drop the log entries before it.

Returns when the snapshot is in the log. It makes the next start of a scheduler quicker; it is no backup.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = "aurora_admin scheduler_snapshot west"
IF_UNKNOWN = """
The scheduler's own log says whether the snapshot was written. You may repeat the command: a second snapshot does no
harm
"""


def run(context: Context, args: Namespace) -> None:
    """Ask for a snapshot."""
    context.check(context.scheduler(args.cluster).snapshot())
