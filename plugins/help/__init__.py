"""Help on the installed commands."""

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl


@hookimpl
def aurora_admin_commands() -> tuple[Command, ...]:
    """Declare the commands of this plugin."""
    return (
        Command(
            name="help",
            arguments="[command]",
            summary="List all commands, or explain one",
            category="help",
            effect="read",
            original=True,
            wrong_count="Please specify at most one subcommand.",
        ),
    )
