"""Help on the commands there are."""

from collections.abc import Iterator

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl


@hookimpl
def aurora_admin_commands() -> Iterator[Command]:
    """Declare the commands of this plugin."""
    yield Command(
        name="help",
        synopsis="help [command]",
        summary="List every command, or explain one",
        module="aurora_admin.plugins.help.help",
        category="help",
        effect="read",
        original=True,
    )
