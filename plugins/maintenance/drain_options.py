"""The options of host_drain and of its predecessor, and their checks (docs/cli.md 4.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aurora_admin.errors import AdminError
from aurora_admin.hosts import BY_HOST, add_host_options, checked_grouping, required_hosts
from aurora_admin.plugins.maintenance.results import warn_of_file
from aurora_admin.plugins.maintenance.script import checked_script
from aurora_admin.sla import Sla
from aurora_admin.units import duration, duration_text, percentage

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Collection

    from aurora_admin.output import Output

DEFAULT_SLA = Sla(95, 30 * 60)
OVERRIDES = "All --override_* options are required when attempting to override default SLA values."


class DrainRequest(NamedTuple):
    """What an operator asks for. `script` is an absolute path, or empty."""

    hosts: list[str]
    grouping: str
    sla: Sla
    script: str


def add_drain_options(parser: ArgumentParser, groupings: Collection[str]) -> None:
    """Declare the options."""
    add_host_options(parser)
    parser.add_argument(
        "--post_drain_script",
        metavar="POST_DRAIN_SCRIPT",
        help="executable that is run once for each drained host, with the host as its only argument",
    )
    parser.add_argument(
        "--grouping",
        metavar="GROUPING",
        default=BY_HOST,
        help=f"what a batch is: {' or '.join(groupings)} (default: {BY_HOST})",
    )
    parser.add_argument(
        "--override_percentage",
        metavar="PERCENTAGE",
        help=f"percentage of the SLA (default: {DEFAULT_SLA.percentage:g}); needs all three --override options",
    )
    parser.add_argument(
        "--override_duration",
        metavar="DURATION",
        help=f"duration of the SLA, as 1d3h45m (default: {DEFAULT_SLA.duration // 60}m)",
    )
    parser.add_argument("--override_reason", metavar="REASON", help="why the SLA is another one; it is logged")
    parser.add_argument(
        "--unsafe_hosts_file", metavar="UNSAFE_HOSTS_FILENAME", help="file for the names of hosts that are not drained"
    )


def request_of(args: Namespace, out: Output, groupings: Collection[str]) -> DrainRequest:
    """Return what the options ask for, checked in the order of the original; warn of another SLA.

    Raises:
        AdminError: an option is missing or invalid.
    """
    hosts = required_hosts(args.filename, args.hosts)
    grouping = checked_grouping(args.grouping, groupings)
    overrides = (args.override_percentage, args.override_duration, args.override_reason)
    if any(overrides) and not all(overrides):
        raise AdminError(OVERRIDES)
    sla = DEFAULT_SLA
    if all(overrides):
        sla = Sla(percentage(args.override_percentage), duration(args.override_duration))
        default = f"percentage: {DEFAULT_SLA.percentage:g}, duration: {duration_text(DEFAULT_SLA.duration)}"
        out.warn(
            f"Default SLA values ({default}) are overridden for the following hosts: {hosts!r}. New percentage: "
            f"{sla.percentage}, duration: {duration_text(sla.duration)}, override reason: {args.override_reason}"
        )
    script = checked_script(args.post_drain_script) if args.post_drain_script else ""
    warn_of_file(args.unsafe_hosts_file, out)
    return DrainRequest(hosts, grouping, sla, script)
