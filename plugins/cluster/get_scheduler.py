"""Print the address of the cluster's leading scheduler.

It is looked up in ZooKeeper, for 20 seconds in all or those of --timeout; while there is none the log says why. Or it
is taken as it is from scheduler_uri in clusters.json. The scheduler is not contacted, so it may be down: --verify asks
it whether it leads, and prints nothing if it does not.

A scheduler that is elected but not registered with Mesos yet is not in ZooKeeper. It serves the recovery commands, for
those who have its address as scheduler_uri and give --bypass-leader-redirect.
"""

from argparse import ArgumentParser, Namespace

from aurora_admin.command import Context

EXAMPLES = """\
aurora_admin get_scheduler west
aurora_admin get_scheduler --verify west
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--verify", action="store_true", help="ask the scheduler that was found whether it leads")


def run(context: Context, args: Namespace) -> None:
    """Print the leader's address."""
    leader = context.verified_leader(args.cluster) if args.verify else context.leader(args.cluster)
    context.out.print(f"Found leading scheduler at: {leader.url}")
