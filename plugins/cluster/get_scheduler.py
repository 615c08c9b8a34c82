"""Print the address of the leading scheduler of a cluster.

The leader is looked up in ZooKeeper for 20 seconds, or for the time of --timeout. While there is no leader, warnings
say why. If the cluster has a scheduler_uri in clusters.json, that address is printed. The scheduler itself is not
contacted, so it may be down. With --verify the address is printed only if the scheduler confirms that it leads.

A scheduler that is elected but not yet registered with Mesos is not in ZooKeeper. It serves the recovery commands if
its address is given as scheduler_uri and the command has the option --bypass-leader-redirect.
"""

from argparse import ArgumentParser, Namespace

from aurora_admin.command import Context

EXAMPLES = """\
aurora_admin get_scheduler west
aurora_admin get_scheduler --verify west
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--verify", action="store_true", help="check with the scheduler that it leads")


def run(context: Context, args: Namespace) -> None:
    """Print the leader's address."""
    leader = context.verified_leader(args.cluster) if args.verify else context.leader(args.cluster)
    context.out.print(f"Found leading scheduler at: {leader.url}")
