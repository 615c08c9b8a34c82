"""An argument parser that names unknown options and commands, and the nearest known one."""

import re
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast

OPTION = re.compile(r"--?[^-\d]")  # not "-", which stands for a stream, and not a negative number

# What follows these is no option, or is not looked at.
LAST = ("--", "-h", "--help", "--version")


class Parser(ArgumentParser):
    """An ArgumentParser that checks the names first.

    argparse reports a mistyped option as something else: as a missing option, or as a value of the option that its
    first letter is.
    """

    def parse_known_args(  # type: ignore[override]  # its overloads differ only in the type of the namespace
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """Parse arguments as ArgumentParser does; exit with an error that names an unknown option or command."""
        if args is not None:
            self._check_names(args)
        return super().parse_known_args(args, namespace)

    def _check_names(self, args: Sequence[str]) -> None:
        commands = self._commands()
        for argument in args:
            if argument in LAST or argument.startswith("@"):
                return
            name = argument.partition("=")[0]
            if OPTION.match(argument):
                if name not in self.options and any(name in command.options for command in commands.values()):
                    self.error(f"the option {name!r} must follow the command")
                self._check(name, self.options, "option")
            elif commands:
                self._check(argument, commands, "command")
                return

    @property
    def options(self) -> Iterable[str]:
        return self._option_string_actions

    def _commands(self) -> "Mapping[str, Parser]":
        found = [action.choices for action in self._actions if action.dest == "command"]
        return cast("Mapping[str, Parser]", found[0]) if found else {}

    def _check(self, name: str, known: Iterable[str], kind: str) -> None:
        if name in known:
            return
        nearest = get_close_matches(f"--{name.lstrip('-')}" if kind == "option" else name, list(known), n=1)
        self.error(f"unknown {kind} {name!r}" + (f"; did you mean {nearest[0]!r}?" if nearest else ""))
