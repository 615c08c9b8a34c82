"""Drain hosts, run a script for each, and bring them back into service, as in release 0.5.

All hosts are marked for maintenance first. Then each batch, which is one host, is checked as by host_drain and drained.
A host that fails the check is brought back into service at once. The command waits without a limit until the batch is
drained, looking every 30 seconds. Then it starts the script for each host, does not wait for its end, and brings the
hosts back into service. So the script has to be done with the host, or has to take it out of service itself.

To keep hosts in maintenance, use host_drain.

The exit code is 0 whether all hosts were drained or not. Those that failed the check are printed on standard output,
and written into the file of --unsafe_hosts_file. Whatever ends the command early, Ctrl-C and SIGTERM too, the modes
of all hosts are printed, and how to go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.hosts import BY_HOST
from aurora_admin.plugins.maintenance import IF_DRAIN_UNKNOWN

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from aurora_admin.command import Context

EXAMPLES = "aurora_admin perform_maintenance_hosts --filename=rack7 --post_drain_script=./upgrade west"
IF_UNKNOWN = IF_DRAIN_UNKNOWN
COMPATIBILITY = """
A failed SLA query ends the command before the hosts of its batch are drained. The original took it for a cluster
without tasks, and drained them. The script must be executable at the start.

If the reply to drainHosts is lost, the command asks for the modes of the hosts, and sends it again for those that are
still SCHEDULED.

Blank entries in a list of hosts, and hosts that are named twice, are dropped. Names of hosts are sorted.
"""
NOT_DRAINED = "The following hosts did not pass SLA check and were not drained:"
GROUPINGS = (BY_HOST,)


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    from aurora_admin.plugins.maintenance.drain_options import add_drain_options

    add_drain_options(parser, GROUPINGS)


def run(context: Context, args: Namespace) -> None:
    """Drain the hosts and bring them back, and say which were not drained."""
    from aurora_admin.client.retry import REAL_CLOCK
    from aurora_admin.plugins.maintenance.calls import HostCalls
    from aurora_admin.plugins.maintenance.drain import DrainPlan
    from aurora_admin.plugins.maintenance.drain_and_return import DrainAndReturn
    from aurora_admin.plugins.maintenance.drain_options import request_of
    from aurora_admin.plugins.maintenance.results import Results, report_not_drained
    from aurora_admin.plugins.maintenance.script import start_script
    from aurora_admin.plugins.maintenance.states import told_at_an_end

    request = request_of(args, context.out, GROUPINGS)
    calls, results = HostCalls(context, args.cluster), Results(context.out)

    def start_after(host: str) -> None:
        if request.script:
            results.flush()
            start_script(request.script, host)

    plan = DrainPlan(request.hosts, request.grouping, request.sla, start_after)
    sequence = DrainAndReturn(calls, context.out, results, REAL_CLOCK, plan)
    with told_at_an_end(sequence.states, args.cluster):
        unsafe = sequence.run()
    report_not_drained(unsafe, args.unsafe_hosts_file, context.out, results, NOT_DRAINED)
    results.finish()
