"""Have the scheduler write a snapshot of its storage into its log, and delete the log entries before it.

The command returns when the snapshot is in the log. A snapshot shortens the next start of a scheduler. It is not a
backup.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = "aurora_admin scheduler_snapshot west"
IF_UNKNOWN = """
The scheduler's own log says whether the snapshot was written. You may repeat the command: a second snapshot does no
harm
"""


def run(context: Context, args: Namespace) -> None:
    """Request the snapshot."""
    context.check(context.scheduler(args.cluster).snapshot())
