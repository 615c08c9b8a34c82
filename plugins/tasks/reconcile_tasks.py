"""Have the scheduler compare the states of its tasks with those that Mesos knows.

An explicit reconciliation, the default, asks Mesos for the state of each task that the scheduler has placed, in batches
with pauses between them. An implicit one asks for the states of all tasks that Mesos knows. The scheduler also does
both periodically. It replies at once, and asks in the background: the exit code says only that it has begun.
"""

from argparse import ArgumentParser, Namespace

from aurora_admin.command import Context

EXAMPLES = """\
aurora_admin reconcile_tasks west
aurora_admin reconcile_tasks --batch_size=1000 west
aurora_admin reconcile_tasks --type=implicit west
"""
IF_UNKNOWN = "You may repeat the command: to reconcile twice does no harm"
IF_REFUSED = "A batch size has to be 1 or more"
EXPLICIT, IMPLICIT = TYPES = ("explicit", "implicit")

COMPATIBILITY = """
A batch size that does not fit into 32 bits ends with one line and exit code 1; the original ended with a traceback.
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    from aurora_admin.units import whole_number

    parser.add_argument(
        "-t", "--type", choices=TYPES, default=EXPLICIT, help=f"kind of reconciliation (default: {EXPLICIT})"
    )
    parser.add_argument(
        "-b",
        "--batch_size",
        metavar="BATCHSIZE",
        type=whole_number,
        help="number of tasks in a batch of an explicit one; without it the scheduler takes its own",
    )


def run(context: Context, args: Namespace) -> None:
    """Trigger the reconciliation."""
    from aurora_admin.client.reconciliation import reconcile_explicitly, reconcile_implicitly
    from aurora_admin.units import sendable

    scheduler = context.scheduler(args.cluster)
    if args.type == IMPLICIT:
        context.check(reconcile_implicitly(scheduler))
    else:
        size = None if args.batch_size is None else sendable("--batch_size", args.batch_size)
        context.check(reconcile_explicitly(scheduler, size))
