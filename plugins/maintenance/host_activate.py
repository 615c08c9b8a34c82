"""Bring hosts back into service, whatever their mode is: it becomes NONE. They get tasks again.

Afterwards the command asks for the modes of the hosts, and warns of those that are not NONE. Hosts that the scheduler
does not know are skipped; on a terminal, and with -v, a warning names them. Tasks on a host that is DRAINING when the
command is called still end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.hosts import add_host_options, required_hosts

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from aurora_admin.command import Context

EXAMPLES = """\
aurora_admin host_activate --hosts=h1.example.com,h2.example.com west
aurora_admin host_activate --filename=rack7 west
"""
IF_UNKNOWN = """
You may repeat the command: to bring hosts back twice does no harm. aurora_admin host_status --hosts=HOSTS {cluster}
shows which are NONE
"""
COMPATIBILITY = """
The command fails if the scheduler refuses to say which modes the hosts have afterwards. The original did not look.

The warning says DRAINING or DRAINED for a host that is SCHEDULED too, as the original's.

Blank entries in a list of hosts, and hosts that are named twice, are dropped.
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    add_host_options(parser)


def run(context: Context, args: Namespace) -> None:
    """Bring the hosts back."""
    from aurora_admin.plugins.maintenance.calls import HostCalls

    calls = HostCalls(context, args.cluster)
    calls.end(required_hosts(args.filename, args.hosts))
