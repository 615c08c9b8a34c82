"""aurora-reference-log: makes and fills the log of a reference scheduler, as mesos-log does for a real one."""

import logging
import sys
from argparse import ArgumentParser, Namespace

from aurora_admin import __version__
from aurora_admin.scheduler.offline import commands as offline

DESCRIPTION = """\
Makes the log of an aurora-reference-scheduler(1). A scheduler refuses to start on a folder without an initialised log,
because an empty log where there should be a full one is a cluster about to be forgotten. It also puts a backup into a
log while no scheduler runs, and gets one out of a replica of the log that a real scheduler keeps with Mesos."""


def manpage_parser() -> ArgumentParser:
    """Return the parser of the command line; its help is the manual page's text."""
    parser = ArgumentParser(prog="aurora-reference-log", description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument(
        "--version", action="version", version=f"aurora-reference-log {__version__}", help="print the version and exit"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    initialize = commands.add_parser("initialize", help="make an empty log; never over an initialised one")
    initialize.add_argument(
        "--path", metavar="DIR", required=True, help="folder of the log (-native_log_file_path of the scheduler)"
    )
    offline.add(commands)
    return parser


def main() -> int:
    """Run one command of the log tool."""
    arguments = manpage_parser().parse_args()
    from aurora_admin.backup.file import BackupError
    from aurora_admin.scheduler.storage.backups import BackupFailed
    from aurora_admin.scheduler.storage.engine import LogError

    logging.basicConfig(format="aurora-reference-log: %(message)s", level=logging.WARNING)
    try:
        done = _initialize(arguments) if arguments.command == "initialize" else offline.run(arguments, _report)
    except (LogError, BackupError, BackupFailed) as error:
        _report(str(error))
        return 1
    sys.stdout.write(f"{done}\n")
    return 0


def _initialize(arguments: Namespace) -> str:
    from aurora_admin.scheduler.storage.sqlite import initialize

    log_id = initialize(arguments.path)
    return f"Initialised an empty log with id {log_id} in {arguments.path}"


def _report(text: str) -> None:
    sys.stderr.write(f"aurora-reference-log: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
