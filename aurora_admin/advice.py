"""Add to an error what its command says to do about it; imported only when a command fails.

The texts are in the module of the command, because they name other commands: IF_UNKNOWN for a call that may have been
carried out, and IF_REFUSED for a call that the scheduler refused. `{cluster}` stands for the argument `cluster`, quoted
for a shell, so that a command line in the text can be copied.
"""

from __future__ import annotations

import os
from shlex import quote
from typing import TYPE_CHECKING

from aurora_admin.errors import AdminError, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from argparse import Namespace
    from types import ModuleType

    from aurora_admin.command import Command

FIND_OUT = "Find out whether it was before you repeat the command"


def add_advice(error: AdminError, command: Command, module: ModuleType, args: Namespace) -> None:
    """Append its advice, or else IF_UNKNOWN, to an OutcomeUnknown; make IF_REFUSED the hint of a Refused."""
    values = {name: quote(getattr(args, name) or "") for name in command.argument_names}
    if isinstance(error, OutcomeUnknown):
        advice = error.advice or _filled(getattr(module, "IF_UNKNOWN", FIND_OUT), values)
        error.message = f"{error.message.removesuffix('.')}. {advice}"
    elif isinstance(error, Refused):
        error.hint = error.hint or _filled(getattr(module, "IF_REFUSED", ""), values)


def system_error(error: OSError, command: Command) -> AdminError:
    """Return the error for a file, a folder or a connection that a command could not use; it is no bug."""
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, (str, bytes))]
    cause = ": ".join(filter(None, (", ".join(names), error.strerror or str(error) or type(error).__name__)))
    sent = "" if command.effect == "read" else ". A call that was sent before may have been carried out"
    return AdminError(
        f"{command.name} cannot continue: {cause}{sent}. Correct that and run the command again; -v shows where it "
        "failed"
    )


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():  # not str.format: an error in a plugin's text must not hide the error itself
        text = text.replace(f"{{{name}}}", value)
    return " ".join(text.split())
