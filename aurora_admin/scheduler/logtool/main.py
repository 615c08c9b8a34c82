"""aurora-reference-log: makes, shows, fills and deletes the log of a reference scheduler, as mesos-log does."""

import logging
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any

from aurora_admin import __version__
from aurora_admin.output import discard
from aurora_admin.scheduler.flags.election import credentials, endpoints, node_path
from aurora_admin.scheduler.flags.log import too_large
from aurora_admin.scheduler.logtool import state_commands as offline

DESCRIPTION = """\
Makes, shows and deletes the log of an aurora-reference-scheduler(1): a file in a folder (--path), or nodes in ZooKeeper
(--zk and --group). A scheduler refuses to start without an initialised log, because an empty log where there should be
a full one is a cluster about to be forgotten. It also puts a backup into a log while no scheduler runs, and gets one
out of a replica of the log that a real scheduler keeps with Mesos. @FILE stands for the lines of a file, one argument a
line."""


def manpage_parser() -> ArgumentParser:
    """Return the parser of the command line; its help is the manual page's text."""
    parser = ArgumentParser(
        prog="aurora-reference-log", description=DESCRIPTION, allow_abbrev=False, fromfile_prefix_chars="@"
    )
    parser.add_argument(
        "--version", action="version", version=f"aurora-reference-log {__version__}", help="print the version and exit"
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> ArgumentParser:
        one = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        _add_place(one)
        return one

    initialize = command("initialize", "make an empty log; never over an initialised one")
    initialize.add_argument("--cluster", metavar="NAME", help="cluster whose log it is (default: the first to lead)")
    command("status", "show what the log is, who holds it, and how much is in it")
    read = command("read", "show the records: position, bytes, and what each is")
    read.add_argument("--from", metavar="POSITION", type=_position, dest="first", help="first position (default: all)")
    read.add_argument("--to", metavar="POSITION", type=_position, dest="last", help="last position (default: all)")
    wipe = command("wipe", "delete the log, after asking; never while a scheduler holds it")
    wipe.add_argument("--yes", action="store_true", help="do not ask")
    offline.add(commands, _add_place)
    return parser


def _add_place(parser: ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--path", metavar="DIR", help="folder of the log (-native_log_file_path of the scheduler)")
    where.add_argument(
        "--zk", metavar="HOSTS", type=endpoints, help="ZooKeeper servers, host:port each (-zk_endpoints)"
    )
    parser.add_argument(
        "--group", metavar="PATH", type=node_path, help="node of the log (-native_log_zk_group_path); with --zk"
    )
    parser.add_argument(
        "--credentials",
        metavar="USER:PASS",
        type=credentials,
        help="who to be in ZooKeeper (-zk_digest_credentials); others see them here, so give @FILE with two lines",
    )


def _position(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is not a position")
    return int(text)


def main() -> int:
    """Run one command of the log tool."""
    if sys.stdout is None:  # closed; the exit status tells all the same
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    try:
        return _run()
    except KeyboardInterrupt:
        return 130


def _run() -> int:
    parser = manpage_parser()
    arguments = parser.parse_args()
    if arguments.command != "extract":
        _check_place(parser, arguments)
    from aurora_admin.backup.file import BackupError
    from aurora_admin.backup.writer import BackupFailed
    from aurora_admin.scheduler.storage.engine import LogError

    logging.basicConfig(format="aurora-reference-log: %(message)s", level=logging.WARNING)
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)  # what it tells of each attempt ends up in one line of ours
    try:
        code = _tool(arguments)(arguments)
        sys.stdout.flush()
    except (LogError, BackupError, BackupFailed) as error:
        _report(str(error))
        return 1
    except BrokenPipeError:
        discard(sys.stdout)
        return 0
    except OSError as error:
        discard(sys.stdout)
        _report(f"{error.filename or 'The output'}: {error.strerror}. What was printed is not complete")
        return 1
    return code


def _check_place(parser: ArgumentParser, arguments: Namespace) -> None:
    if arguments.path == "":
        parser.error("--path is empty: give the folder of the log")
    if (arguments.zk is None) != (arguments.group is None):
        parser.error("--zk and --group go together")
    for option in ("credentials", "cluster"):
        if arguments.path and getattr(arguments, option, None) is not None:
            parser.error(f"--{option} is for --zk")
    if arguments.zk and (fault := too_large("--max-entry-size", getattr(arguments, "max_entry_size", 0), "--zk")):
        parser.error(fault)


def _tool(arguments: Namespace) -> Callable[[Namespace], int]:
    tool: Any
    if arguments.command in offline.COMMANDS:
        return _offline
    if arguments.path:
        from aurora_admin.scheduler.logtool import sqlite as tool
    else:
        from aurora_admin.scheduler.logtool import zookeeper as tool
    found: Callable[[Namespace], int] = getattr(tool, arguments.command)
    return found


def _offline(arguments: Namespace) -> int:
    sys.stdout.write(f"{offline.run(arguments, _report)}\n")
    return 0


def _report(text: str) -> None:
    sys.stderr.write(f"aurora-reference-log: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
