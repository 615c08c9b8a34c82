"""The quotas of roles: what their production tasks may use on shared hosts."""

from functools import partial

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl

quota = partial(Command, category="quotas", tabular=True)

COMMANDS = (
    quota(
        name="get_quota",
        arguments="cluster role",
        summary="Print the quota of a role, and what the role uses",
        effect="read",
        see_also=("set_quota", "increase_quota"),
    ),
    quota(
        name="set_quota",
        arguments="cluster role cpu ram[MGT] disk[MGT]",
        summary="Set the quota of a role",
        effect="write",
        original=True,
        see_also=("get_quota", "increase_quota", "set_quota_file"),
    ),
    quota(
        name="increase_quota",
        arguments="cluster role cpu ram[unit] disk[unit]",
        summary="Add to the quota of a role",
        effect="write",
        original=True,
        see_also=("get_quota", "set_quota"),
    ),
    quota(
        name="set_quota_file",
        arguments="cluster FILE",
        summary="Set the quotas of many roles from a YAML or JSON file",
        effect="destroy",
        see_also=("get_quota", "set_quota"),
    ),
)


@hookimpl
def aurora_admin_commands() -> tuple[Command, ...]:
    """Declare the commands of this plugin."""
    return COMMANDS
