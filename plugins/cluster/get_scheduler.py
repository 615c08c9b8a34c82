"""Print the address of the cluster's leading scheduler.

It is looked up in ZooKeeper, or taken as it is from scheduler_uri in clusters.json; that scheduler is not contacted, so
it may be down.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = "aurora_admin get_scheduler west"


def run(context: Context, args: Namespace) -> None:
    """Print the leader's address."""
    (cluster,) = context.positionals(args, "cluster")
    context.out.print(f"Found leading scheduler at: {context.leader(cluster).url}")
