"""Hosts that are taken out of service, and brought back."""

from functools import partial

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl

HOSTS = "{--filename=filename | --hosts=hosts}"
DRAIN_OPTIONS = (
    "[--post_drain_script=path]",
    "[--grouping=function]",
    "[--override_percentage=percentage]",
    "[--override_duration=duration]",
    "[--override_reason=reason]",
    "[--unsafe_hosts_file=unsafe_hosts_filename]",
)
SLA_OPTIONS = (
    "[--default_percentage=percentage]",
    "[--default_duration=duration]",
    "[--force_drain_timeout=timeout]",
)
# The warning of a command that takes every host out of service.
ALL_HOSTS = "These are all the hosts that get tasks: what runs on them has no host to go to"
# What to do if it is unknown what became of a drain, for the manual pages; an error of a drain names the hosts too.
IF_DRAIN_UNKNOWN = """
aurora_admin host_status --hosts=HOSTS {cluster} shows the modes of the hosts. You may repeat the command: to drain a
host twice does no harm
"""


def command(
    name: str, summary: str, *options: str, hosts: str = HOSTS, effect: str = "write", **settings: object
) -> Command:
    """Declare a command. Its synopsis has a line for each option, as the original's (docs/cli.md 4.12 to 4.15)."""
    margin = "\n" + " " * len(name)
    return Command(
        name=name,
        options=f"{margin} ".join((hosts, *options)) + margin,
        arguments="cluster",
        summary=summary,
        category="host maintenance",
        effect=effect,  # type: ignore[arg-type]
        original=True,
        **settings,  # type: ignore[arg-type]
    )


reading = partial(command, effect="read", tabular=True)

COMMANDS = (
    reading(
        "host_status",
        "Print the maintenance mode of hosts, or list the hosts that are in maintenance",
        hosts="[--filename=filename | --hosts=hosts]",
        wrong_count=f"usage: host_status {HOSTS}\n\nsee the help subcommand for more details.",
        see_also=("host_deactivate", "host_drain", "host_activate"),
    ),
    command(
        "host_deactivate",
        "Mark hosts for maintenance, so that they get tasks only as the last choice",
        see_also=("host_drain", "sla_host_drain", "host_activate", "host_status"),
    ),
    command(
        "host_drain",
        "Drain hosts batch by batch, and wait, as far as the SLA of their jobs allows",
        *DRAIN_OPTIONS,
        see_also=("sla_host_drain", "sla_probe_hosts", "host_activate", "host_status"),
    ),
    command(
        "sla_host_drain",
        "Have the scheduler drain hosts as far as the SLA of their jobs allows",
        *SLA_OPTIONS,
        see_also=("host_drain", "host_activate", "host_status"),
    ),
    command(
        "host_activate",
        "Bring hosts back into service",
        see_also=("host_deactivate", "host_drain", "host_status"),
    ),
    reading("host_maintenance_status", "Print the maintenance mode of hosts (release 0.5)", see_also=("host_status",)),
    command(
        "start_maintenance_hosts",
        "Mark hosts for maintenance (release 0.5)",
        see_also=("host_deactivate",),
    ),
    command(
        "perform_maintenance_hosts",
        "Drain hosts, run a script for each, and bring them back into service (release 0.5)",
        *DRAIN_OPTIONS,
        see_also=("host_drain", "host_activate", "host_status"),
    ),
    command("end_maintenance_hosts", "Bring hosts back into service (release 0.5)", see_also=("host_activate",)),
)


@hookimpl
def aurora_admin_commands() -> tuple[Command, ...]:
    """Declare the commands of this plugin."""
    return COMMANDS
