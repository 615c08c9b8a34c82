"""Which hosts can go down without taking a job below its SLA."""

from functools import partial

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl

sla = partial(
    Command,
    category="host maintenance",
    arguments="cluster percentage duration",
    effect="read",
    tabular=True,
    original=True,
)

COMMANDS = (
    sla(
        name="sla_list_safe_domain",
        summary="List the hosts that can go down without breaking the SLA of a job",
        options="""
            [--exclude_file=FILENAME]
            [--exclude_hosts=HOSTS]
            [--grouping=GROUPING]
            [--include_file=FILENAME]
            [--include_hosts=HOSTS]
            [--list_jobs]
            [--min_job_instance_count=COUNT]
            [--override_file=FILENAME]
           """,
        see_also=("sla_probe_hosts",),
    ),
    sla(
        name="sla_probe_hosts",
        summary="Show what becomes of the SLA of each job if hosts go down",
        options="""
            [--filename=FILENAME]
            [--grouping=GROUPING]
            [--hosts=HOSTS]
            [--min_job_instance_count=COUNT]
           """,
        see_also=("sla_list_safe_domain",),
    ),
)


@hookimpl
def aurora_admin_commands() -> tuple[Command, ...]:
    """Declare the commands of this plugin."""
    return COMMANDS
