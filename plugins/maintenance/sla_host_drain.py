"""Have the scheduler drain hosts as far as the SLA of their jobs allows. It needs release 0.21 or later.

The scheduler ends a task as soon as its SLA allows that: its own, or else that of --default_percentage and
--default_duration. After the time of --force_drain_timeout it ends all tasks that are left. With 0s it does so at once.

The hosts become DRAINING, and the command ends; it does not wait. host_status shows how far the hosts are, and
host_activate brings them back. A warning says so if no host that gets tasks is left beside those named.

The exit code is 1 if the scheduler does not know some of the hosts, because it does not drain those. With
--legacy-exit-codes it is 0 then, as the original's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from aurora_admin.errors import AdminError
from aurora_admin.hosts import add_host_options, required_hosts

if TYPE_CHECKING:
    from argparse import Namespace

    from aurora_admin.command import Context
    from aurora_admin.parser import CommandParser

EXAMPLES = """\
aurora_admin sla_host_drain --hosts=h1.example.com,h2.example.com west
aurora_admin sla_host_drain --filename=rack7 --default_percentage=90 --default_duration=10m west
aurora_admin sla_host_drain --hosts=h1.example.com --force_drain_timeout=2h --reason="TICKET-1: new disks" west
"""
IF_UNKNOWN = """
You may repeat the command: to ask twice does no harm, and the time-out begins anew. aurora_admin host_status
--hosts=HOSTS {cluster} shows which hosts are DRAINING
"""
COMPATIBILITY = """
The exit code is 1 if the scheduler does not know some of the hosts. The original exited with 0, without a word. The
option --legacy-exit-codes brings that back.

An empty or negative duration is refused. The original took an empty --force_drain_timeout for 0s, and so drained at
once.

Blank entries in a list of hosts, and hosts that are named twice, are dropped.
"""


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    from aurora_admin.plugins.maintenance.reason import add_reason_option

    add_host_options(parser)
    parser.add_argument(
        "--default_percentage",
        metavar="DEFAULT_PERCENTAGE",
        default="95",
        help="percentage of a job's tasks that have to run, for tasks without an SLA of their own (default: 95)",
    )
    parser.add_argument(
        "--default_duration",
        metavar="DEFAULT_DURATION",
        default="30m",
        help="how long each of them has to run at least, as 1d3h45m (default: 30m)",
    )
    parser.add_argument(
        "--force_drain_timeout",
        metavar="TIMEOUT",
        default="7d",
        help="after this time tasks are ended whatever their SLA (default: 7d)",
    )
    add_reason_option(parser)
    parser.add_new(
        "--legacy-exit-codes", action="store_true", help="exit with 0 though the scheduler does not know some hosts"
    )


def run(context: Context, args: Namespace) -> None:
    """Ask for the drain, and say which hosts it does not include."""
    from aurora_admin.plugins.maintenance.calls import HostCalls
    from aurora_admin.plugins.maintenance.reason import checked_reason
    from aurora_admin.sla import Sla
    from aurora_admin.units import percentage

    hosts = required_hosts(args.filename, args.hosts)
    sla = Sla(percentage(args.default_percentage), given_duration(args.default_duration))
    timeout_seconds = given_duration(args.force_drain_timeout)
    calls = HostCalls(context, args.cluster, checked_reason(args))
    unknown = calls.sla_drain(hosts, sla, timeout_seconds)
    known = [host for host in hosts if host not in unknown]
    calls.warn_if_all(known, "host_activate ends the drain of a host")
    if unknown and not args.legacy_exit_codes:
        fail_for(unknown, args.cluster, has_known=bool(known))


def given_duration(text: str) -> int:
    """Return the seconds of a duration; raise as `units.duration`, also for an empty text, which would mean at once."""
    from aurora_admin.units import duration

    return duration(text.strip() or "''")


def fail_for(unknown: set[str], cluster: str, *, has_known: bool) -> NoReturn:
    """Raise the error for hosts that the scheduler does not know."""
    from shlex import quote

    names = ",".join(sorted(unknown))
    others = " It drains the other hosts." if has_known else ""
    raise AdminError(
        f"Not drained: {names}, because the scheduler does not know them.{others} Check the names; "
        "a scheduler keeps the request for an unknown host until aurora_admin host_activate "
        f"--hosts={quote(names)} {quote(cluster)} removes it"
    )
