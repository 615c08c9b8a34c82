"""Print the address of the leading scheduler of a cluster, or with --all every scheduler that is known.

The leader is looked up in ZooKeeper for 20 seconds, or for the time of --timeout. While there is no leader, warnings
say why. If the cluster has a scheduler_uri in clusters.json, that address is printed. The scheduler itself is not
contacted, so it may be down. With --verify the address is printed only if the scheduler confirms that it leads.

With --all there is a row for each scheduler that is registered in ZooKeeper, whether there is a leader or not: first
the leader, then the others in the order in which they would lead. Role, host and nodes are those of ZooKeeper. The
version is read from the page /vars of the scheduler. ZooKeeper has the address of the leader only; for another one the
port of the leader is tried, and the address is printed if a scheduler that does not lead replies there. If the cluster
has a scheduler_uri there is one row, with the role that this scheduler reports.

A scheduler that is elected but not yet registered with Mesos is not in ZooKeeper as a leader. It serves the recovery
commands if its address is given as scheduler_uri and the command has the option --bypass-leader-redirect.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.errors import AdminError

if TYPE_CHECKING:
    from aurora_admin.parser import CommandParser

EXAMPLES = """\
aurora_admin get_scheduler west
aurora_admin get_scheduler --verify west
aurora_admin get_scheduler --all --output=json west
"""
COLUMNS = {
    "role": "leader, standby, or elected: it will lead when it has read its log and registered with Mesos",
    "address": "URL of the scheduler, if it is known",
    "host": "the host name in the node of the candidate; in nodes of releases before 0.17 its IP address or nothing",
    "version": "release of the scheduler, if its /vars tells; of the reference scheduler: reference and its version",
    "candidate": "name of its candidate node in ZooKeeper",
    "member": "name of its member node in ZooKeeper, which only a leader has",
}


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    parser.add_new("--verify", action="store_true", help="check with the scheduler that it leads")
    parser.add_new("--all", action="store_true", help="print every candidate and member in ZooKeeper")


def run(context: Context, args: Namespace) -> None:
    """Print the leader's address, or the rows of all schedulers."""
    if args.all and args.verify:
        raise AdminError("--all and --verify exclude each other: the rows of --all are what ZooKeeper has")
    if args.all:
        print_all(context, args.cluster)
        return
    leader = context.verified_leader(args.cluster) if args.verify else context.leader(args.cluster)
    if context.out.format == "text":
        context.out.print(f"Found leading scheduler at: {leader.url}")
    else:
        context.out.rows(("role", "address"), [("leader", leader.url)])


def print_all(context: Context, cluster: str) -> None:
    """Print a row for each scheduler, and a warning if none leads."""
    from aurora_admin.client.discovery.listing import LEADER, listed_schedulers
    from aurora_admin.clusters import find

    found = listed_schedulers(find(cluster), context.out, context.options.timeout_seconds)
    context.out.rows(tuple(COLUMNS), found)
    if not any(one.role == LEADER for one in found):
        context.out.warn(f"None of these schedulers of {cluster} leads")
