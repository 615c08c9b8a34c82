"""The hooks that a plugin may implement, with `from aurora_admin.hookspec import hookimpl`.

A plugin is a module, or an object, that an entry point of the group aurora_admin.plugins.v1 names. It is imported to
list the commands, so it only declares them. Whatever takes time to import belongs in the modules of the commands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    from aurora_admin.command import Command

PROJECT = "aurora_admin"

hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)


@hookspec
def aurora_admin_commands() -> Iterable[Command]:
    """Return the declarations of the plugin's commands.

    Takes no arguments. Called at most once in a run, and only if the command line names no built-in command or the
    commands are listed. A declaration that cannot be used is left out, with a warning. If two plugins declare
    the same command, the built-in one wins, else the distribution whose name sorts first.
    """
    raise NotImplementedError
