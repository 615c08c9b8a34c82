"""Drain hosts: end the tasks on them, so that they start elsewhere, and keep new ones away.

All hosts are marked for maintenance first. Then each batch is checked, drained, and waited for. The check asks whether
every production job with 20 live tasks and more keeps 95 % of its tasks running for 30 minutes while the hosts of the
batch are down; the --override options give another percentage and duration. A host that would break that is skipped,
stays SCHEDULED, and the figures of its jobs are printed as aurora_admin-sla_probe_hosts(1) does. A batch is one host,
or with --grouping=none all of them. A batch that is not drained within 5 minutes is left DRAINING, and the next one
follows.

The hosts stay in maintenance. Bring them back with host_activate.

The script of --post_drain_script is run for each host that is drained, and waited for. If it ends with an exit code
other than 0, there is a warning, and the drain goes on.

The exit code is 1 if a host was not drained: because of the check, because it took too long, or because the scheduler
does not know it. With --legacy-exit-codes it is 0 then, as the original's. Hosts that the scheduler knows and that were
not drained are printed on standard output, and written into the file of --unsafe_hosts_file. If there are none, the
file is left as it is.

If the check of a batch cannot be made, the drain ends before that batch, with exit code 1. If the scheduler is lost,
the drain goes on with the next leader. If the reply to drainHosts is lost, the command asks for the modes of the hosts,
and sends it again for those that are still SCHEDULED; to drain a host twice does no harm. Whatever ends the drain
early, Ctrl-C and SIGTERM too, the modes of all hosts are printed, and how to go on.

A warning says so if no host that gets tasks is left beside those named. On a terminal the command shows how many hosts
are drained, how many tasks are left on the batch, and the time; and a warning at the start says that the file of
--unsafe_hosts_file cannot be written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.hosts import GROUPINGS
from aurora_admin.plugins.maintenance import IF_DRAIN_UNKNOWN

if TYPE_CHECKING:
    from argparse import Namespace

    from aurora_admin.command import Context
    from aurora_admin.parser import CommandParser

EXAMPLES = """\
aurora_admin host_drain --hosts=h1.example.com west
aurora_admin host_drain --filename=rack7 --post_drain_script=./reboot --reason="TICKET-1: new disks" west
aurora_admin host_drain --filename=rack7 --unsafe_hosts_file=later west
aurora_admin host_drain --hosts=h1.example.com --override_percentage=50 --override_duration=1m --override_reason=T1 west
"""
IF_UNKNOWN = IF_DRAIN_UNKNOWN
NOT_DRAINED = "The following hosts WERE NOT DRAINED due to failed SLA check or external failures:"
COMPATIBILITY = """
A failed SLA query ends the drain before the hosts of its batch are drained. The original took it for a cluster without
tasks, and drained them.

The exit code is 1 if a host was not drained, or is unknown to the scheduler. The original exited with 0. The option
--legacy-exit-codes brings that back.

The script must be executable at the start. The original found out after the first drain, and ended there. A warning
says so if the script fails. Standard output is written out before the script runs, so that its output comes after that
of the command.

The original, from 0.21 on, first printed the value of --override_percentage, or None, on standard output.

If the reply to drainHosts is lost, the drain goes on as described above. The original ended with a traceback.

Blank entries in a list of hosts, and hosts that are named twice, are dropped. Names of hosts are sorted.
"""


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    from aurora_admin.plugins.maintenance.drain_options import add_drain_options
    from aurora_admin.plugins.maintenance.reason import add_reason_option

    add_drain_options(parser, GROUPINGS)
    add_reason_option(parser)
    parser.add_new("--legacy-exit-codes", action="store_true", help="exit with 0 though hosts were not drained")


def run(context: Context, args: Namespace) -> None:
    """Drain the hosts, and say which were not drained."""
    from aurora_admin.client.retry import REAL_CLOCK
    from aurora_admin.plugins.maintenance.calls import HostCalls
    from aurora_admin.plugins.maintenance.drain import Drain, DrainPlan
    from aurora_admin.plugins.maintenance.drain_options import request_of
    from aurora_admin.plugins.maintenance.reason import checked_reason
    from aurora_admin.plugins.maintenance.results import Results, report_not_drained
    from aurora_admin.plugins.maintenance.script import run_script
    from aurora_admin.plugins.maintenance.states import fail_if_not_drained, told_at_an_end

    request, reason = request_of(args, context.out, GROUPINGS), checked_reason(args)
    calls, results = HostCalls(context, args.cluster, reason), Results(context.out)

    def run_after(host: str) -> None:
        if request.script:
            results.flush()
            run_script(request.script, host, context.out)

    plan = DrainPlan(request.hosts, request.grouping, request.sla, run_after)
    drain = Drain(calls, context.out, results, REAL_CLOCK, plan)
    with told_at_an_end(drain.states, args.cluster):
        drain.run()
    report_not_drained(drain.states.known_not_drained(), args.unsafe_hosts_file, context.out, results, NOT_DRAINED)
    if not args.legacy_exit_codes:
        fail_if_not_drained(drain.states, args.cluster)
    results.finish()
