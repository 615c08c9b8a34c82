"""Mark hosts for maintenance: they become SCHEDULED, and get new tasks only if there is no room elsewhere.

Their tasks go on. Mark all hosts first that you are going to drain, and then drain them in batches: so drained tasks do
not land on hosts that are drained next.

A host that is DRAINING or DRAINED becomes SCHEDULED too. Hosts that the scheduler does not know are skipped, with a
warning. Another warning says so if no host that gets tasks is left beside those named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.hosts import add_host_options, required_hosts

if TYPE_CHECKING:
    from argparse import Namespace

    from aurora_admin.command import Context
    from aurora_admin.parser import CommandParser

EXAMPLES = """\
aurora_admin host_deactivate --hosts=h1.example.com,h2.example.com west
aurora_admin host_deactivate --filename=rack7 --reason="TICKET-1: new disks" west
aurora_admin host_deactivate --filename=- west < rack7
"""
IF_UNKNOWN = """
You may repeat the command: to mark hosts twice does no harm. aurora_admin host_status --hosts=HOSTS {cluster} shows
which are SCHEDULED
"""
COMPATIBILITY = """
Blank entries in a list of hosts, and hosts that are named twice, are dropped. The original sent a blank one as a host
without a name, and warned of unknown hosts if one was named twice.
"""


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    from aurora_admin.plugins.maintenance.reason import add_reason_option

    add_host_options(parser)
    add_reason_option(parser)


def run(context: Context, args: Namespace) -> None:
    """Mark the hosts."""
    from aurora_admin.plugins.maintenance.calls import HostCalls
    from aurora_admin.plugins.maintenance.reason import checked_reason

    calls = HostCalls(context, args.cluster, checked_reason(args))
    modes = calls.start(required_hosts(args.filename, args.hosts))
    calls.warn_if_all(modes, "Bring some back with host_activate before you drain the others")
