"""Find the command in argv, and parse its options, which may stand anywhere (docs/cli.md 1.2)."""

from __future__ import annotations

import os
from argparse import SUPPRESS, Action, ArgumentParser, ArgumentTypeError, HelpFormatter, Namespace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from aurora_admin import __version__
from aurora_admin.command import Options
from aurora_admin.errors import AdminError, UsageError
from aurora_admin.output import DEBUG, FORMATS, INFO, LEVELS, NONE, PLAIN, SCHEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from aurora_admin.command import Command

PROGRAM = "aurora_admin"
RC_FILE = "~/.aurora-adminrc"
IGNORE_RC_FILE = "--app_ignore_rc_file"
LOG_DIR = "/var/tmp"  # noqa: S108 - the original's default
NO_EFFECT = "accepted for old scripts; has no effect"
OLD_FLAGS = ("--app_daemonize", "--app_debug", "--app_profiling", "--scribe_buffer")
OLD_VALUES = (
    ("--app_pidfile", "FILENAME"),
    ("--app_daemon_stdout", "FILENAME"),
    ("--app_daemon_stderr", "FILENAME"),
    ("--app_profile_output", "FILENAME"),
    ("--log_to_scribe", "LEVEL"),
    ("--scribe_category", "CATEGORY"),
    ("--scribe_host", "HOST"),
    ("--scribe_port", "PORT"),
)


class TextRequested(Exception):
    """The command line requests a text (help, the version) instead of running a command."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class PrintText(Action):
    """An option that requests a text."""

    def __init__(self, option_strings: Sequence[str], dest: str, *, text: Callable[[], str], **settings: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=SUPPRESS, **settings)
        self._text = text

    def __call__(self, *_: object) -> NoReturn:
        raise TextRequested(self._text())


class DeprecatedOption(Action):
    """The former name of an option. It works, and leaves a warning in `args.obsolete`."""

    def __init__(self, option_strings: Sequence[str], dest: str, *, new_name: str, **settings: Any) -> None:
        super().__init__(option_strings, dest, **settings)
        self._new = new_name

    def __call__(self, _: object, args: Namespace, value: object, option: str | None = None) -> None:
        setattr(args, self.dest, value)
        args.obsolete = f"{option} is an obsolete flag that was replaced by {self._new}. Use {self._new} instead."


class CommandParser(ArgumentParser):
    """The parser of a command's options and arguments; without a command, of the options of every command."""

    def __init__(self, command: Command | None = None, names: Sequence[str] = ()) -> None:
        super().__init__(prog=PROGRAM, add_help=False, formatter_class=_formatter)
        self.color = False  # Python 3.14 would colour the help, which scripts read too
        self.command = command
        self._names = names  # of all commands, for the usage of the program
        self.common = list(self._add_common())
        self.old = [*self._add_log(), *self._add_old()]
        self.set_defaults(is_confirmed=False, dry_run=False, format=FORMATS[0], positionals=())
        self.set_defaults(log_level=(PLAIN, INFO), obsolete="")
        if command is not None:
            self._add_declared(command)

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

        Raises:
            UsageError: an option is unknown or invalid. With `known_only`, unknown options are ignored.
            TextRequested: the help or the version is requested.
        """
        options: list[str] = []
        for token in tokens(argv, self._option_string_actions):
            options += _joined(argv[token.start : token.end]) if token.is_option else []
        args = self.parse_known_args(options)[0] if known_only else self.parse_args(options)
        args.positionals = self.positionals(argv)
        return args

    def bind_arguments(self, args: Namespace) -> None:
        """Make each argument of the command an attribute of a parsed command line; None if it was left out.

        Raises:
            AdminError: there are too many or too few arguments; the text is that of docs/cli.md 1.5.
        """
        assert self.command
        names = self.command.argument_names
        if not self.command.required_count <= len(args.positionals) <= len(names):
            usage = f"usage: {self.command.usage}\n\nsee the help subcommand for more details."
            raise AdminError(self.command.wrong_count or usage)
        vars(args).update(zip_longest(names, args.positionals))

    def positionals(self, argv: Sequence[str]) -> list[str]:
        """Return the words of a command line that are neither an option nor the value of one."""
        return [argv[token.start] for token in tokens(argv, self._option_string_actions) if not token.is_option]

    def error(self, message: str) -> NoReturn:
        """Raise an error of argparse as UsageError."""
        raise UsageError(f"{self.format_usage()}\n{self.prog}: error: {message}")

    def format_usage(self) -> str:
        """Return the synopsis of the command; without a command, the list of all commands."""
        if self.command is not None:
            return f"Usage: {self.command.synopsis}\n"
        listed = "".join(f"    {name}\n" for name in self._names)
        more = "For more help on an individual command:\n    aurora-admin help <command>\n"
        return f"Usage: \nAvailable commands:\n{listed}\n{more}\n"

    def format_help(self, *, is_long: bool = False) -> str:
        """Return usage, description and options. The options for old scripts are only in the long help."""
        formatter = self._get_formatter()
        for paragraph in (self.description or "").split("\n\n"):
            formatter.add_text(paragraph)
        formatter.start_section("Options")
        formatter.add_arguments(self.common + (self.old if is_long else []))
        if self.command is not None:
            formatter.start_section(f"For {self.command.name} only")
            formatter.add_arguments(self.own_options())
            formatter.add_text("")  # keeps the heading if there are no options: docs/cli.md 1.4
            formatter.end_section()
        formatter.end_section()
        try:
            return f"{self.format_usage()}\n{formatter.format_help()}"
        except (KeyError, TypeError, ValueError) as error:  # argparse formats help texts with %
            raise AdminError(f"A help text of this command is invalid: {error}. Write % as %%") from error

    def own_options(self) -> list[Action]:
        """Return the options that only this command has."""
        return [action for action in self._actions if action not in self.common and action not in self.old]

    def _add_common(self) -> Iterator[Action]:
        add = self.add_argument_group("options of every command").add_argument
        yield add(
            "-h", "--help", "--short-help", action=PrintText, text=self.format_help, help="show this help and exit"
        )
        yield add(
            "--long-help",
            action=PrintText,
            text=lambda: self.format_help(is_long=True),
            help="show this help with the options of the log and of old scripts, and exit",
        )
        yield add(
            "--version", action=PrintText, text=lambda: f"{PROGRAM} {__version__}\n", help="show the version and exit"
        )
        yield add("-v", dest="log_level", action="store_const", const=(PLAIN, DEBUG), help="log more")
        yield add(
            "-q",
            dest="log_level",
            action="store_const",
            const=(PLAIN, NONE),
            help="log nothing, not even errors; results and exit codes are unchanged",
        )
        yield add(
            "--bypass-leader-redirect",
            action="store_true",
            help="let a scheduler that is not the leader carry out the call",
        )
        yield add(
            "--timeout",
            metavar="SECONDS",
            type=_seconds,
            help="give up a connection or a reply after this time (default: 10 to connect, 600 for a reply)",
        )

    def _add_log(self) -> Iterator[Action]:
        group = self.add_argument_group("options of the log")
        add, either = group.add_argument, group.add_mutually_exclusive_group().add_argument
        level: dict[str, Any] = {"metavar": "[SCHEME:]LEVEL", "type": _log_level}
        yield either(
            "--log_to_stderr",
            dest="log_level",
            **level,
            help=f"log records of this level and above: {', '.join(LEVELS)}. With the scheme plain (default) a record "
            "begins with its level, with google also with the time, the process and the line of the source",
        )
        yield either(
            "--log_to_stdout",
            dest="log_level",
            **level,
            action=DeprecatedOption,
            new_name="--log_to_stderr",
            help="former name of --log_to_stderr",
        )
        yield add(
            "--log_to_disk",
            **level,
            help="log records of this level and above to files too: aurora-admin.HOST.USER.log.LEVEL.DATE.PID has the "
            "records of LEVEL and above, aurora-admin.LEVEL is a link to the newest one",
        )
        yield add("--log_dir", metavar="DIR", help=f"folder of the log files (default: {LOG_DIR})")
        yield add("--log_simple", action="store_true", help="append to one log file, aurora-admin.log, instead")

    def _add_old(self) -> Iterator[Action]:
        add = self.add_argument_group("options for old scripts").add_argument
        yield add(
            "--app_rc_filename",
            action=PrintText,
            text=lambda: f"RC filename: {rc_file()}\n",
            help="show the name of the file with your default options, and exit",
        )
        yield add(IGNORE_RC_FILE, action="store_true", help="do not read the file with your default options")
        for flag in OLD_FLAGS:
            yield add(flag, action="store_true", help=NO_EFFECT)
        for option, metavar in OLD_VALUES:
            yield add(option, metavar=metavar, help=NO_EFFECT)

    def _add_declared(self, command: Command) -> None:
        if command.needs_confirmation:
            self.add_argument("--yes", dest="is_confirmed", action="store_true", help="do not ask for confirmation")
            self.add_argument("--dry-run", action="store_true", help="show what would be done, and change nothing")
        if command.tabular:
            self.add_argument("--format", choices=FORMATS, help=f"format of the rows (default: {FORMATS[0]})")


def options_of(args: Namespace) -> Options:
    """Return the common options of a parsed command line."""
    return Options(args.bypass_leader_redirect, args.timeout, args.is_confirmed, args.dry_run)


def rc_file() -> str:
    """Return the path of the file with the user's default options."""
    return os.path.expanduser(RC_FILE)


def find_command(argv: Sequence[str], is_command: Callable[[str], bool]) -> int | None:
    """Return the position of the command in argv; None if argv names no command."""
    known = CommandParser()._option_string_actions  # noqa: SLF001 - our own subclass
    may_be_value = False
    for token in tokens(argv, known):
        text = argv[token.start]
        if token.is_option:
            may_be_value = _option_of(text, known)[0] is None  # the option may be one of the command's own
        elif is_command(text):
            return token.start
        elif not may_be_value:
            return None
        else:
            may_be_value = False
    return None


class Token(NamedTuple):
    """An argument, or an option with its value: argv[start:end]."""

    start: int
    end: int
    is_option: bool


def tokens(argv: Sequence[str], known: Mapping[str, Action]) -> Iterator[Token]:
    """Split argv into options and arguments. Everything after `--` is an argument; an option has one value or none.

    argparse cannot do this: it does not accept options between a variable number of arguments, and takes the argument
    -1G for an option.
    """
    position, is_literal = 0, False
    while position < len(argv):
        text = argv[position]
        if text == "--" and not is_literal:
            is_literal = True
            position += 1
            continue
        is_option = not is_literal and _looks_like_option(text)
        end = min(position + (2 if is_option and _wants_next(text, known) else 1), len(argv))
        yield Token(position, end, is_option)
        position = end


def _looks_like_option(text: str) -> bool:
    return len(text) > 1 and text[0] == "-" and not text[1:].lstrip(".")[:1].isdigit()


def _wants_next(text: str, known: Mapping[str, Action]) -> bool:
    option, has_value = _option_of(text, known)
    return option is not None and _takes_value(option) and not has_value


def _option_of(text: str, known: Mapping[str, Action]) -> tuple[Action | None, bool]:
    """Return the last option in a word (None if it is unknown or ambiguous), and whether the word has its value too."""
    if text.startswith("--"):
        name, equals, _ = text.partition("=")
        begun = {option for spelling, option in known.items() if spelling.startswith(name)}
        return known.get(name) or (begun.pop() if len(begun) == 1 else None), bool(equals)
    option = None
    for end, letter in enumerate(text[1:], 2):
        option = known.get(f"-{letter}")
        if option is None or _takes_value(option):
            return option, end < len(text)
    return option, False


def _takes_value(option: Action) -> bool:
    return option.nargs in (None, 1)


def _joined(option: Sequence[str]) -> list[str]:
    """Join an option and its value into one word, so that argparse does not take the value for an option."""
    if len(option) == 1 or not option[1]:
        return list(option)
    name, value = option
    return [f"{name}={value}" if name.startswith("--") else name + value]


def _formatter(prog: str) -> HelpFormatter:
    columns = os.environ.get("COLUMNS", "")  # the width of the terminal would cost an import of shutil at every start
    return HelpFormatter(prog, width=max(int(columns), 40) - 2 if columns.isdecimal() else 78)


def _log_level(text: str) -> tuple[str, int]:
    """Return scheme and level."""
    scheme, _, name = text.rpartition(":")
    level = LEVELS.get(name)
    if level is None or (scheme or PLAIN) not in SCHEMES:
        raise ArgumentTypeError(
            f"Unknown log level: {text}. Give one of {', '.join(LEVELS)}, if need be with "
            f"{' or '.join(f'{scheme}:' for scheme in SCHEMES)} before it"
        )
    return scheme or PLAIN, level


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise ArgumentTypeError(f"not a number of seconds above 0: {text}")
    return seconds
