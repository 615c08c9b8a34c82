"""List the hosts that can go down without breaking the SLA of a job.

A job has an SLA if it is in production and has at least --min_job_instance_count live tasks. Its SLA is kept if the
percentage of its tasks has been running for at least the duration, without the tasks on the hosts that go down. The
duration is given as XdYhZmWs, for example 30m or 1d12h. --override_file has the SLA of single jobs.

Each group of hosts is judged for itself. With --grouping=by_host each host is a group: two hosts of the list need not
be safe together. With --grouping=none all hosts of the cluster are one group, and it is never safe: the list is empty
if there is a job that has an SLA. A host that runs no job with an SLA is not listed, not even if it is named in
--include_hosts.

The rows are sorted by host and job. In the format text the list has the hosts alone, and with --list_jobs the host, the
job, the percentage that is left of it, and the duration in seconds, separated by tabs. The other formats have a row for
each host and job, with and without --list_jobs. If a query fails, nothing is listed, and the exit code is 1.

An override file has a job, a percentage and a duration in each line, separated by blanks:

west/www/prod/hello 95 2h

Blank lines are skipped. Of two lines about one job the later one holds. A line about a job that is not there, or has no
SLA, has no effect; a warning says so on a terminal, and with -v.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.hosts import checked_grouping, optional_hosts
from aurora_admin.plugins.sla.options import add_common_options
from aurora_admin.units import duration, percentage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aurora_admin.output import Output
    from aurora_admin.parser import CommandParser
    from aurora_admin.sla import Domain, SafeRow, Sla

EXAMPLES = """\
aurora_admin sla_list_safe_domain west 95 30m
aurora_admin sla_list_safe_domain --list_jobs --override_file=jobs.txt west 95 30m
aurora_admin sla_list_safe_domain --exclude_file=in-repair.txt --output=json west 95 1d12h
"""
COLUMNS = {
    "host": "a host that can go down; in JSON null, else empty, for tasks without one",
    "job": "a job on it, as cluster/role/environment/name",
    "percentage": "how many of its tasks have been running long enough when the host is down, with two decimals",
    "duration_seconds": "how long that is",
}
COMPATIBILITY = """\
A query that the scheduler refuses, or does not answer with tasks, ends the command with the exit code 1. The original
printed an empty list then, and exited with 0. Queries are sent again if the scheduler cannot be reached. If the
scheduler fails because a task has no executor, getTasksStatus is called, and the command succeeds.

The percentage nan is refused; the original took every host for safe. So is a negative duration. Blank names of hosts
are dropped, and a list with nothing else is refused. --override_jobs, which the synopsis of the original shows but its
program does not know, is another name of --override_file. What is wrong in a file, and ended the original with a
traceback, is one line.
"""


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    for letter, name, what in (("x", "exclude", "leave these hosts out"), ("i", "include", "look at these hosts only")):
        parser.add_argument(f"-{letter}", f"--{name}_hosts", metavar="HOSTS", help=f"{what}, separated by commas")
        parser.add_argument(
            f"-{letter.upper()}",
            f"--{name}_file",
            metavar="FILENAME",
            help=f"{what}; the file has one a line; - for standard input",
        )
    add_common_options(parser)
    parser.add_argument("-l", "--list_jobs", action="store_true", help="list the jobs of each host too")
    parser.add_argument(
        "-o", "--override_file", metavar="FILENAME", help="file with the SLA of single jobs; - for standard input"
    )
    parser.add_new("--override_jobs", dest="override_file", metavar="FILENAME", help="the same as --override_file")


def run(context: Context, args: Namespace) -> None:
    """Check the arguments in the original's order, query the tasks, and print the hosts."""
    from aurora_admin.plugins.sla.domain import read_domain
    from aurora_admin.plugins.sla.override_file import read_overrides

    share, seconds = percentage(args.percentage), duration(args.duration)
    excluded = set(optional_hosts(args.exclude_file, args.exclude_hosts))
    included = optional_hosts(args.include_file, args.include_hosts)
    overrides = read_overrides(args.override_file)
    grouping = checked_grouping(args.grouping)
    domain = read_domain(context, args.cluster, included or None, args.min_job_instance_count)
    if args.override_file and context.out.has_details():
        warn_of_no_effect(context.out, args.override_file, overrides, domain)
    rows = domain.safe_hosts(share, seconds, grouping, included, overrides)
    print_rows(context.out, (row for row in rows if row.host not in excluded), is_with_jobs=args.list_jobs)


def print_rows(out: Output, rows: Iterator[SafeRow], *, is_with_jobs: bool) -> None:
    """Print the rows as the original does, or in the format of --output."""
    if out.format != "text":
        out.rows(tuple(COLUMNS), ((row.host, row.job, round(row.percentage, 2), row.duration) for row in rows))
        return
    for line in (row.line() for row in rows) if is_with_jobs else dict.fromkeys(str(row.host) for row in rows):
        out.print(line)


def warn_of_no_effect(out: Output, filename: str, overrides: dict[str, Sla], domain: Domain) -> None:
    """Warn of an override file that has no job, or jobs that have no SLA here."""
    if not overrides:
        out.warn(f"{filename} has no overrides")
    if unknown := sorted(set(overrides) - domain.jobs):
        out.warn(
            f"Of no effect in {filename}, because these jobs have no SLA here, or do not run on the hosts: "
            + ", ".join(unknown)
        )
