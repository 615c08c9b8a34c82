"""aurora-reference-log: makes the log of a reference scheduler, as mesos-log does for a real one."""

import sys
from argparse import ArgumentParser

from aurora_admin import __version__

DESCRIPTION = """\
Makes the log of an aurora-reference-scheduler(1). A scheduler refuses to start on a folder without an initialised log,
because an empty log where there should be a full one is a cluster about to be forgotten."""


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
    return parser


def main() -> int:
    """Run one command of the log tool."""
    arguments = manpage_parser().parse_args()
    from aurora_admin.scheduler.storage.engine import LogError
    from aurora_admin.scheduler.storage.sqlite import initialize

    try:
        log_id = initialize(arguments.path)
    except LogError as error:
        sys.stderr.write(f"aurora-reference-log: {error}\n")
        return 1
    sys.stdout.write(f"Initialised an empty log with id {log_id} in {arguments.path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
