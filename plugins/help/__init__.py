"""Help on the installed commands, and the version."""

from functools import partial

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl

about = partial(Command, category="help", effect="read")


@hookimpl
def aurora_admin_commands() -> tuple[Command, ...]:
    """Declare the commands of this plugin."""
    return (
        about(
            name="help",
            arguments="[command]",
            summary="List all commands, or explain one",
            original=True,
            wrong_count="Please specify at most one subcommand.",
        ),
        about(name="version", arguments="", summary="Print the version"),
    )
