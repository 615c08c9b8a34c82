"""The commands of aurora-reference-log that move a state: restore and extract."""

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable
from functools import partial

from aurora_admin.scheduler.flags.log import entry_size

Report = Callable[[str], None]
DEFAULT_ENTRY_SIZE = "512KB"
COMMANDS = ("restore", "extract")


def add(commands: "_SubParsersAction[ArgumentParser]", add_place: Callable[[ArgumentParser], None]) -> None:
    """Declare both; `add_place` adds the options that say where a log is."""
    restore = commands.add_parser(
        "restore", help="make a backup the content of an initialised, empty log, while no scheduler runs"
    )
    restore.add_argument("--backup", metavar="FILE", required=True, help="the backup; held against its manifest")
    add_place(restore)
    restore.add_argument(
        "--cluster", metavar="NAME", help="cluster of the log, with --zk (default: the one it was made for)"
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
        help="also a backup of which not every section can be read; what is missing is listed",
    )
    _add_extract(commands)


def _add_extract(commands: "_SubParsersAction[ArgumentParser]") -> None:
    extract = commands.add_parser(
        "extract", help="write the state that a replica of a real scheduler's Mesos log holds as a backup"
    )
    extract.add_argument(
        "--mesos-replica",
        metavar="DIR",
        required=True,
        help="folder of the replica (-native_log_file_path of a real scheduler that is stopped); it is only read",
    )
    extract.add_argument("--to", metavar="FILE", required=True, help="the backup to write; never over a file")
    extract.add_argument(
        "--allow-partial",
        action="store_true",
        help="also a state of which not every section can be read, or whose job updates a hole has taken; what is "
        "missing is told",
    )


def run(arguments: Namespace, report: Report) -> str:
    """Carry out one of them and return what was done; `report` is told what the user must know besides.

    Raises:
        LogError, BackupError, BackupFailed: it was not done.
    """
    if arguments.command == "restore":
        return _restore(arguments, report)
    from aurora_admin.scheduler.logtool.extract import extract

    return extract(arguments.mesos_replica, arguments.to, report, allow_partial=arguments.allow_partial)


def _restore(arguments: Namespace, report: Report) -> str:
    from aurora_admin.backup.reader import read_backup
    from aurora_admin.scheduler.logtool import restore

    read = partial(read_backup, allow_partial=arguments.allow_partial)
    if arguments.path:
        return restore.restore_sqlite(arguments.backup, arguments.path, arguments.max_entry_size, read, report)
    from aurora_admin.scheduler.storage.zookeeper.connection import Place

    place = Place(arguments.zk, arguments.group, arguments.credentials)
    return restore.restore_zookeeper(
        arguments.backup, place, arguments.cluster, max_entry_size=arguments.max_entry_size, read=read, report=report
    )
