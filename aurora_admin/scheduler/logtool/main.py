"""The command line of aurora-reference-log."""

import logging
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, _SubParsersAction
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from aurora_admin import __version__
from aurora_admin.output import discard, escaped
from aurora_admin.scheduler.flags.election import credentials, endpoints, node_path
from aurora_admin.scheduler.flags.log import entry_size, too_large
from aurora_admin.scheduler.flags.names import check_names, expanded, nearest
from aurora_admin.scheduler.logtool.output import PROGRAM, EscapedLine, prepare_streams, report

DESCRIPTION = """\
Creates, shows and deletes the log of an aurora-reference-scheduler(1): a file in a folder (--path), or nodes in
ZooKeeper (--zk and --group). A scheduler refuses to start without an initialised log: with a new log it would start
with an empty state and forget every job. The program also restores a backup into a log while no scheduler runs, and
extracts a backup from a replica of the log that a real scheduler keeps with Mesos. The argument @FILE stands for the
lines of a file, one argument per line."""
DEFAULT_ENTRY_SIZE = "512KB"
Commands = _SubParsersAction  # a class of argparse that has no public name


class _EscapingParser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(escaped(message, ""))


def manpage_parser() -> ArgumentParser:
    """Return the parser of the command line; its help is also the text of the manual page."""
    parser, _ = _parsers()
    return parser


def _parsers() -> tuple[ArgumentParser, "Commands[ArgumentParser]"]:
    parser: ArgumentParser = _EscapingParser(prog=PROGRAM, description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument(
        "--version", action="version", version=f"{PROGRAM} {__version__}", help="print the version and exit"
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    _add_log_commands(commands)
    _add_restore(commands)
    _add_extract(commands)
    return parser, commands


def parse(arguments: Sequence[str]) -> tuple[ArgumentParser, Namespace]:
    """Return the parser and the values of the options; an invalid command line ends the program with status 2."""
    parser, commands = _parsers()
    words = expanded(parser, arguments)
    at = next((number for number, word in enumerate(words) if not word.startswith("-")), len(words))
    if at < len(words):
        command: ArgumentParser | None = commands.choices.get(words[at])
        if command is None:
            parser.error(f"there is no command {words[at]!r}{nearest(words[at], commands.choices)}")
        check_names(command, words[at + 1 :])
    check_names(parser, words[:at])
    return parser, parser.parse_args(words)


def _add_log_commands(commands: "Commands[ArgumentParser]") -> None:
    def command(name: str, text: str) -> ArgumentParser:
        parser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        _add_location(parser)
        return parser

    initialize = command("initialize", "create an empty log; never overwrites an initialised one")
    initialize.add_argument(
        "--cluster", metavar="NAME", help="cluster of the log, with --zk (default: that of its first leader)"
    )
    command("status", "show what the log is, which process holds it, how much is in it, and its last snapshot")
    read = command("read", "show the position and the size in bytes of each record, and what it holds")
    read.add_argument("--from", metavar="POSITION", type=_position, dest="first", help="first position (default: all)")
    read.add_argument("--to", metavar="POSITION", type=_position, dest="last", help="last position (default: all)")
    wipe = command("wipe", "delete the log after a confirmation; refused while a scheduler holds it")
    wipe.add_argument("--yes", action="store_true", help="do not ask for a confirmation")


def _add_restore(commands: "Commands[ArgumentParser]") -> None:
    restore = commands.add_parser(
        "restore", help="restore a backup into an initialised, empty log while no scheduler runs"
    )
    restore.add_argument(
        "--backup", metavar="FILE", required=True, help="the backup; it is verified against its manifest"
    )
    _add_location(restore)
    restore.add_argument(
        "--cluster", metavar="NAME", help="cluster of the log, with --zk (default: the one it was created for)"
    )
    restore.add_argument(
        "--max-entry-size",
        metavar="SIZE",
        type=entry_size,
        default=DEFAULT_ENTRY_SIZE,
        help=f"largest log record, as -dlog_max_entry_size of the scheduler (default {DEFAULT_ENTRY_SIZE})",
    )
    restore.add_argument(
        "--allow-partial",
        action="store_true",
        help="also restore a backup if some of its sections cannot be read; what is missing is listed",
    )


def _add_extract(commands: "Commands[ArgumentParser]") -> None:
    extract = commands.add_parser(
        "extract", help="write the state in a replica of a real scheduler's Mesos log as a backup"
    )
    extract.add_argument(
        "--mesos-replica",
        metavar="DIR",
        required=True,
        help="folder of the replica (-native_log_file_path of a real scheduler, which may run); it is not changed",
    )
    extract.add_argument("--to", metavar="FILE", required=True, help="the backup to write; never overwrites a file")
    extract.add_argument(
        "--allow-partial",
        action="store_true",
        help="also write a state if some of its sections cannot be read, or if job updates are missing because "
        "positions are; what is missing is listed",
    )


def _add_location(parser: ArgumentParser) -> None:
    location = parser.add_mutually_exclusive_group(required=True)
    location.add_argument("--path", metavar="DIR", help="folder of the log (-native_log_file_path of the scheduler)")
    location.add_argument(
        "--zk", metavar="HOSTS", type=endpoints, help="ZooKeeper servers, each as host:port (-zk_endpoints)"
    )
    parser.add_argument(
        "--group", metavar="PATH", type=node_path, help="node of the log, with --zk (-native_log_zk_group_path)"
    )
    parser.add_argument(
        "--credentials",
        metavar="USER:PASS",
        type=credentials,
        help="credentials for ZooKeeper (-zk_digest_credentials); other users can see a command line, so put this "
        "option into a file and use @FILE",
    )


def _position(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is not a position")
    return int(text)


def main() -> int:
    """Run one command and return the exit status."""
    prepare_streams()
    try:
        return _run()
    except KeyboardInterrupt:
        return 130


def _run() -> int:
    parser, arguments = parse(sys.argv[1:])
    if arguments.command != "extract":
        _check_location(parser, arguments)
    from aurora_admin.backup.file import BackupError
    from aurora_admin.backup.writer import BackupFailed
    from aurora_admin.scheduler.storage.engine import LogError

    handler = logging.StreamHandler()
    handler.setFormatter(EscapedLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)  # one error message covers all of its attempts
    try:
        code = _command(arguments)(arguments)
        sys.stdout.flush()
    except (LogError, BackupError, BackupFailed) as error:
        report(str(error))
        return 1
    except BrokenPipeError:
        discard(sys.stdout)
        return 0
    except OSError as error:
        discard(sys.stdout)
        report(f"{error.filename or 'The output'}: {error.strerror}. What was printed is not complete")
        return 1
    return code


def _check_location(parser: ArgumentParser, arguments: Namespace) -> None:
    if arguments.path == "":
        parser.error("--path is empty: give the folder of the log")
    if (arguments.zk is None) != (arguments.group is None):
        parser.error("--zk and --group must be used together")
    for option in ("credentials", "cluster"):
        if arguments.path and getattr(arguments, option, None) is not None:
            parser.error(f"--{option} can only be used with --zk")
    if arguments.zk and (fault := too_large("--max-entry-size", getattr(arguments, "max_entry_size", 0), "--zk")):
        parser.error(fault)


def _command(arguments: Namespace) -> Callable[[Namespace], int]:
    """Return the function of the command; only its module, and what that needs, is imported."""
    module: Any
    if arguments.command == "restore":
        from aurora_admin.scheduler.logtool import restore as module
    elif arguments.command == "extract":
        from aurora_admin.scheduler.logtool import extract as module
    elif arguments.path:
        from aurora_admin.scheduler.logtool import sqlite as module
    else:
        from aurora_admin.scheduler.logtool import zookeeper as module
    command: Callable[[Namespace], int] = getattr(module, arguments.command)
    return command


if __name__ == "__main__":
    sys.exit(main())
