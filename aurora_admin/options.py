"""The options of every command: common ones, those of the log, and those for old scripts (docs/cli.md 1.2)."""

from __future__ import annotations

import os
from argparse import SUPPRESS, Action, ArgumentTypeError
from typing import TYPE_CHECKING, Any, NoReturn

from aurora_admin import __version__
from aurora_admin.output import DEBUG, GOOGLE, LEVELS, NONE, PLAIN, SCHEMES
from aurora_admin.tokens import as_new

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Sequence


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

    def __init__(
        self,
        option_strings: Sequence[str],
        dest: str,
        *,
        new_name: str,
        note: Callable[[str], None],
        **settings: Any,
    ) -> None:
        super().__init__(option_strings, dest, **settings)
        self._new = new_name
        self._note = note

    def __call__(self, parser: ArgumentParser, args: Namespace, value: object, option: str | None = None) -> None:
        setattr(args, self.dest, value)
        args.obsolete = f"{option} is an obsolete flag that was replaced by {self._new}. Use {self._new} instead."
        self._note(args.obsolete)


def add_common(parser: ArgumentParser, long_help: Callable[[], str]) -> Iterator[Action]:
    """Add the options that are in the help of every command; `long_help` is the text of --long-help."""
    add = parser.add_argument_group("options of every command").add_argument
    yield add("-h", "--help", "--short-help", action=PrintText, text=parser.format_help, help="show this help and exit")
    yield add(
        "--long-help",
        action=PrintText,
        text=long_help,
        help="show this help with the options of every command, and exit",
    )
    yield as_new(
        add("--version", action=PrintText, text=lambda: f"{PROGRAM} {__version__}\n", help="show the version and exit")
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
    timeout = add(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        help="limit the whole of a call or of a lookup of the leader, retries included, to this time; without it "
        "each kind of wait has its own limit: see WAITS in aurora_admin(1)",
    )
    yield as_new(timeout)


def add_log(parser: ArgumentParser, note: Callable[[str], None]) -> Iterator[Action]:
    """Add the options of the log; `note` prints the notice about an obsolete one before an error."""
    group = parser.add_argument_group("options of the log")
    add, either = group.add_argument, group.add_mutually_exclusive_group().add_argument
    level: dict[str, Any] = {"metavar": "[SCHEME:]LEVEL", "type": lambda text: _log_level(text, PLAIN)}
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
        note=note,
        help="former name of --log_to_stderr",
    )
    yield add(
        "--log_to_disk",
        metavar="[SCHEME:]LEVEL",
        type=lambda text: _log_level(text, GOOGLE),
        help="log records of this level and above to files too, with the scheme google as default: "
        "aurora-admin.HOST.USER.log.LEVEL.DATE.PID has the records of exactly that LEVEL, aurora-admin.LEVEL is a "
        "link to the newest one",
    )
    yield add("--log_dir", metavar="DIR", help=f"folder of the log files (default: {LOG_DIR})")
    yield add("--log_simple", action="store_true", help="append to one log file, aurora-admin.log, instead")


def add_old(parser: ArgumentParser) -> Iterator[Action]:
    """Add the options of the original that only old scripts use."""
    add = parser.add_argument_group("options for old scripts").add_argument
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


def rc_file() -> str:
    """Return the path of the file with the user's default options."""
    return os.path.expanduser(RC_FILE)


def _log_level(text: str, default: str) -> tuple[str, int]:
    """Return scheme and level; the scheme may be left out."""
    scheme, _, name = text.rpartition(":")
    level = LEVELS.get(name)
    if level is None or (scheme or default) not in SCHEMES:
        raise ArgumentTypeError(
            f"Unknown log level: {text}. Give one of {', '.join(LEVELS)}, if need be with "
            f"{' or '.join(f'{scheme}:' for scheme in SCHEMES)} before it"
        )
    return scheme or default, level


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise ArgumentTypeError(f"not a number of seconds above 0: {text}")
    return seconds
