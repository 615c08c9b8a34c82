"""Show what becomes of the SLA of each job if hosts go down.

A job has an SLA if it is in production and has at least --min_job_instance_count live tasks. Its SLA is kept if the
percentage of its tasks has been running for at least the duration, without the tasks on the hosts that go down. The
duration is given as XdYhZmWs, for example 30m or 1d12h.

The hosts of a group go down together: with --grouping=by_host each host alone, with --grouping=none all that are named.
A host that runs no job with an SLA has no row; a warning names it on a terminal, and with -v.

The rows are sorted by host and job. In the format text they have the host, the job, the percentage that is left, True
or False, and the seconds to wait, separated by tabs: 0 if the host can go down now, n/a if waiting does not help. The
exit code is 0 whether the hosts can go down or not. If a query fails, there are no rows, and the exit code is 1.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.hosts import add_host_options, checked_grouping, required_hosts
from aurora_admin.plugins.sla.options import add_common_options
from aurora_admin.units import duration, percentage

if TYPE_CHECKING:
    from aurora_admin.output import Output
    from aurora_admin.parser import CommandParser
    from aurora_admin.sla import ProbeRow

EXAMPLES = """\
aurora_admin sla_probe_hosts --hosts=agent-1.example.org,agent-2.example.org west 95 30m
aurora_admin sla_probe_hosts --filename=rack-7.txt --grouping=none --output=table west 95 30m
"""
COLUMNS = {
    "host": "a host that would go down",
    "job": "a job on it, as cluster/role/environment/name",
    "percentage": "how many of its tasks have been running long enough when the host is down, with two decimals",
    "safe": "whether that is enough; true or false in JSON",
    "wait_seconds": "after how many seconds it will be enough, 0 if it is; in JSON null, else empty, if waiting does "
    "not help",
}
COMPATIBILITY = """\
A query that the scheduler refuses, or does not answer with tasks, ends the command with the exit code 1. The original
printed nothing then, and exited with 0. Queries are sent again if the scheduler cannot be reached. If the scheduler
fails because a task has no executor, getTasksStatus is called, and the command succeeds.

The percentage nan is refused; the original took every host for safe. So is a negative duration. Blank names of hosts
are dropped, and a list with nothing else is refused. What ended the original with a traceback is one line.
"""


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    add_host_options(parser)
    add_common_options(parser)


def run(context: Context, args: Namespace) -> None:
    """Check the arguments in the original's order, query the tasks, and print the rows."""
    from aurora_admin.plugins.sla.domain import read_domain

    share, seconds = percentage(args.percentage), duration(args.duration)
    hosts = required_hosts(args.filename, args.hosts)
    grouping = checked_grouping(args.grouping)
    domain = read_domain(context, args.cluster, hosts, args.min_job_instance_count)
    rows = domain.probe(share, seconds, hosts, grouping)
    if context.out.has_details():
        warn_of_missing(context.out, hosts, rows)
    print_rows(context.out, rows)


def print_rows(out: Output, rows: list[ProbeRow]) -> None:
    """Print the rows as the original does, or in the format of --output."""
    if out.format != "text":
        out.rows(tuple(COLUMNS), [row._replace(percentage=round(row.percentage, 2)) for row in rows])
        return
    for row in rows:
        out.print(row.line())


def warn_of_missing(out: Output, hosts: list[str], rows: list[ProbeRow]) -> None:
    """Warn of hosts without a row: there is nothing that keeps them up, or they are misspelt."""
    if missing := sorted(set(hosts) - {row.host for row in rows}):
        out.warn(f"No job that has an SLA runs on: {', '.join(missing)}. Check the spelling of their names")
