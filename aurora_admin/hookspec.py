"""Every hook that a plugin may implement; `from aurora_admin.hookspec import hookimpl`.

A plugin is a module (or object) named by an entry point of the group aurora_admin.plugins.v1. It is imported to list
the commands, so it only declares: what is heavy belongs into the module of the command.
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
    """Give the declarations of the plugin's commands.

    Takes no arguments. Called once in a run, and only when a command is looked for that is not a built-in one. A name
    that is taken already stays with the one who has it: built-in commands first, then distributions by name.
    """
    raise NotImplementedError
