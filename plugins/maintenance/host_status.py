"""Print the maintenance mode of hosts: NONE, SCHEDULED, DRAINING or DRAINED.

Without --hosts and --filename, all hosts that are not NONE are listed. For that the command reads a page of the
scheduler, /maintenance, which leaves out a host that is DRAINING and has no task.

With --output=text, the default, the modes are log records on standard error, sorted by host, and a host that the
scheduler does not know is left out. On a terminal, and with -v, each is followed by the reason for the maintenance, as
far as one was given with --reason, and hosts that are unknown are named. The other formats go to standard output; there
an unknown host has no mode. Only the reference scheduler keeps reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.hosts import add_host_options, required_hosts

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Collection, Iterator

    from aurora_admin.client.maintenance_pages import MaintenanceReason
    from aurora_admin.command import Context
    from aurora_admin.plugins.maintenance.calls import HostCalls

EXAMPLES = """\
aurora_admin host_status --hosts=h1.example.com,h2.example.com west
aurora_admin host_status west
aurora_admin host_status --output=table west
aurora_admin host_status --filename=rack7 --output=json west
"""
COLUMNS = {
    "host": "name of the host",
    "mode": "NONE, SCHEDULED, DRAINING or DRAINED; nothing if the scheduler does not know the host",
    "reason": "why it is in maintenance; only the reference scheduler keeps it",
    "since": "since when it has that reason, in UTC",
    "caller": "address from which the reason was given",
}
COMPATIBILITY = """
Without --hosts and --filename the command lists the hosts that are in maintenance. The original refused that with
"Please specify either --filename or --hosts". An empty value of one of them, as --hosts=, is still refused.

Blank entries in a list of hosts, and hosts that are named twice, are dropped. The lines are sorted by host.
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    add_host_options(parser)


def run(context: Context, args: Namespace) -> None:
    """Print the modes of the hosts named; without any, of all that are in maintenance."""
    from aurora_admin.client.maintenance import NONE

    if args.filename is not None or args.hosts is not None:
        print_status(context, args.cluster, required_hosts(args.filename, args.hosts))
        return
    from aurora_admin.plugins.maintenance.calls import HostCalls

    calls = HostCalls(context, args.cluster)
    hosts = calls.hosts_in_maintenance()
    modes = {host: mode for host, mode in (calls.status(hosts) if hosts else {}).items() if mode != NONE}
    print_modes(context, calls, sorted(modes), modes)
    if not modes and context.out.format == "text":
        context.out.info(f"No host of {args.cluster} is in maintenance")


def print_status(context: Context, cluster: str, hosts: list[str]) -> None:
    """Print the modes of hosts."""
    from aurora_admin.plugins.maintenance.calls import HostCalls

    calls = HostCalls(context, cluster)
    print_modes(context, calls, hosts, calls.status(hosts))


def print_modes(context: Context, calls: HostCalls, hosts: Collection[str], modes: dict[str, str]) -> None:
    """Print modes, in the format of --output."""
    out = context.out
    reasons = calls.reasons() if modes and (out.has_details() or out.format != "text") else {}
    if out.format == "text":
        out.info_many(lines(modes, reasons))
        calls.warn_of_unknown(hosts, modes)
        return
    nothing = (None, None, None)
    rows = ((host, modes.get(host), *reasons.get(host, nothing)) for host in sorted({*hosts, *modes}))
    out.rows(tuple(COLUMNS), rows)


def lines(modes: dict[str, str], reasons: dict[str, MaintenanceReason]) -> Iterator[str]:
    """Yield the original's line for each host, followed by the reason, if there is one."""
    for host, mode in modes.items():
        yield f"{host} is in state: {mode}"
        if host in reasons:
            reason = reasons[host]
            yield f"  {host} since {reason.since}, by {reason.caller}: {reason.reason}"
