"""Find the command in argv, and parse its options, which may stand anywhere (docs/cli.md 1.2)."""

from __future__ import annotations

import os
from argparse import ArgumentParser, HelpFormatter
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NoReturn

from aurora_admin.command import Options
from aurora_admin.errors import AdminError, UsageError, WrongArgumentCount, did_you_mean
from aurora_admin.options import PROGRAM, PrintText, add_common, add_log, add_old
from aurora_admin.output import INFO, PLAIN, escaped
from aurora_admin.rows import FORMATS, TEXT
from aurora_admin.tokens import as_new, joined, option_of, tokens

if TYPE_CHECKING:
    from argparse import Action, Namespace
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    from aurora_admin.command import Command
    from aurora_admin.tokens import Token

OPTIONS_OF_EVERY_COMMAND = "Options of every command, such as -v and --timeout: --long-help, or aurora_admin(1)."


class CommandParser(ArgumentParser):
    """The parser of a command's options and arguments; without a command, of the options of every command."""

    def __init__(self, command: Command | None = None, names: Sequence[str] = ()) -> None:
        super().__init__(prog=PROGRAM, add_help=False, formatter_class=_formatter)
        self.color = False  # Python 3.14 would colour the help, which scripts read too
        self.command = command
        self.notice = ""  # printed before an error of the command line
        self._names = names  # of all commands, for the usage of the program
        self.common = list(add_common(self, lambda: self.format_help(is_long=True)))
        self.old = [*add_log(self, self.note), *add_old(self)]
        self.set_defaults(is_confirmed=False, dry_run=False, accept_cluster_name=None, output=TEXT, positionals=())
        self.set_defaults(log_level=(PLAIN, INFO), obsolete="")
        if command is not None:
            self._add_declared(command)

    def note(self, text: str) -> None:
        """Print a line before an error of the command line."""
        self.notice = f"{text}\n"

    def add_new(self, *names: str, **settings: Any) -> Action:
        """Add an option that the original does not have: it never makes an abbreviation of the original's ambiguous."""
        return as_new(self.add_argument(*names, **settings))

    def configure(self, module: ModuleType) -> None:
        """Take the description and the options from the command's module.

        Raises:
            ValueError: an argument of the command has the name of an option, so that `args` cannot hold both.
        """
        self.description = (module.__doc__ or "").strip()
        if hasattr(module, "configure"):
            module.configure(self)
        taken = {action.dest for action in self._actions} | self._defaults.keys()
        for name in self.command.argument_names if self.command else ():
            if name in taken:
                raise ValueError(f"argument {name}: an option has that name")

    def parse(self, argv: Sequence[str], *, known_only: bool = False) -> Namespace:
        """Parse a command line from which the command was removed. `.positionals` has the arguments as a list.

        Options act from left to right: the help after an unknown option is not printed.

        Raises:
            UsageError: an option is unknown or invalid. With `known_only`, unknown options are ignored.
            TextRequested: the help or the version is requested.
        """
        options: list[str] = []
        for token in self._tokens(argv):
            if not token.is_option:
                continue
            option = option_of(argv[token.start], self._option_string_actions)[0]
            if option is not None:
                options += joined(argv[token.start : token.end], self._option_string_actions)
            elif not known_only:
                self.parse_args(options)
                self._fail_at_unknown(argv[token.start])
            if isinstance(option, PrintText):
                break
        args = self.parse_args(options)
        args.positionals = self.positionals(argv)
        return args

    def parse_leading(self, argv: Sequence[str]) -> Namespace:
        """Parse the options before the first argument, which is all that the original did without a command."""
        end = next((token.start for token in self._tokens(argv) if not token.is_option), len(argv))
        return self.parse(argv[:end])

    def bind_arguments(self, args: Namespace) -> None:
        """Make each argument of the command an attribute of a parsed command line; None if it was left out.

        Raises:
            WrongArgumentCount: there are too many or too few arguments; the text is that of docs/cli.md 1.5.
        """
        assert self.command
        names = self.command.argument_names
        has_stand_in = any(getattr(args, option) is not None for option in self.command.stand_ins)
        count, required = len(args.positionals), self.command.required_count - has_stand_in
        if count < required and self.command.too_few:
            raise WrongArgumentCount(self.command.too_few)
        if not required <= count <= len(names):
            usage = f"usage: {self.command.usage}\n\nsee the help subcommand for more details."
            raise WrongArgumentCount(self.command.wrong_count or usage)
        vars(args).update(zip_longest(names, args.positionals))

    def positionals(self, argv: Sequence[str]) -> list[str]:
        """Return the words of a command line that are neither an option nor the value of one."""
        return [argv[token.start] for token in self._tokens(argv) if not token.is_option]

    def error(self, message: str, hint: str | None = None) -> NoReturn:
        """Raise an error of argparse as UsageError."""
        raise UsageError(f"{self.notice}{self.format_usage()}\n{self.prog}: error: {escaped(message, '')}", hint)

    def _fail_at_unknown(self, text: str) -> NoReturn:
        """Raise the error for an option that is unknown or, as an abbreviation, ambiguous."""
        name = text.partition("=")[0]
        begun = [spelling for spelling in self._option_string_actions if spelling.startswith(name)]
        if name.startswith("--") and begun:
            self.error(f"ambiguous option: {text} could match {', '.join(begun)}")
        self.error(f"unrecognized arguments: {text}", did_you_mean(name, self._option_string_actions))

    def _tokens(self, argv: Sequence[str]) -> Iterator[Token]:
        command, known = self.command, self._option_string_actions
        if command is None:
            return tokens(argv, known)
        # Where options can replace the argument, a mistyped one must not be taken for it.
        return tokens(argv, known, command.required_count, is_long_literal=not command.stand_ins)

    def format_usage(self) -> str:
        """Return the synopsis of the command; without a command, the list of all commands."""
        if self.command is not None:
            return f"Usage: {self.command.synopsis}\n"
        listed = "".join(f"    {name}\n" for name in self._names)
        more = "For more help on an individual command:\n    aurora-admin help <command>\n"
        return f"Usage: \nAvailable commands:\n{listed}\n{more}\n"

    def format_help(self, *, is_long: bool = False) -> str:
        """Return usage, description and options; the options of every command in full only in the long help."""
        formatter = self._get_formatter()
        for paragraph in (self.description or "").split("\n\n"):
            formatter.add_text(paragraph)
        is_listed = is_long or self.command is None
        for heading, options in (
            ("Options", self.own_options() if self.command else self.common),
            ("Options of every command", self.common if self.command and is_listed else []),
            ("Options of the log, and for old scripts", self.old if is_long else []),
        ):
            formatter.start_section(heading)
            formatter.add_arguments(options)
            formatter.end_section()
        if not is_listed:
            formatter.add_text(OPTIONS_OF_EVERY_COMMAND)
        try:
            return f"{self.format_usage()}\n{formatter.format_help()}"
        except (KeyError, TypeError, ValueError) as error:  # argparse formats help texts with %
            raise AdminError(f"A help text of this command is invalid: {error}. Write % as %%") from error

    def own_options(self) -> list[Action]:
        """Return the options that only this command has."""
        return [action for action in self._actions if action not in self.common and action not in self.old]

    def _add_declared(self, command: Command) -> None:
        if command.needs_confirmation:
            self.add_new("--yes", dest="is_confirmed", action="store_true", help="do not ask for confirmation")
            self.add_new("--dry-run", action="store_true", help="show what would be done, and change nothing")
        if command.effect == "destroy":
            self.add_new(
                "--accept-cluster-name",
                metavar="NAME",
                help="accept a scheduler whose -cluster_name is NAME; without this option a scheduler of another "
                "cluster than the named one is refused",
            )
        if command.tabular:
            self.add_new("--output", choices=FORMATS, help=f"format of the rows (default: {TEXT})")


def options_of(args: Namespace) -> Options:
    """Return the common options of a parsed command line."""
    return Options(args.bypass_leader_redirect, args.timeout, args.is_confirmed, args.dry_run, args.accept_cluster_name)


def find_command(argv: Sequence[str], is_command: Callable[[str], bool]) -> int | None:
    """Return the position of the command in argv; None if argv names no command."""
    known = CommandParser()._option_string_actions  # noqa: SLF001 - our own subclass
    may_be_value = False
    for token in tokens(argv, known):
        text = argv[token.start]
        if token.is_option:
            may_be_value = option_of(text, known)[0] is None  # the option may be one of the command's own
        elif is_command(text):
            return token.start
        elif not may_be_value:
            return None
        else:
            may_be_value = False
    return None


def _formatter(prog: str) -> HelpFormatter:
    columns = os.environ.get("COLUMNS", "")  # the width of the terminal would cost an import of shutil at every start
    return HelpFormatter(prog, width=max(int(columns), 40) - 2 if columns.isdecimal() else 78)
