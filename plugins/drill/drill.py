"""Rehearse the restore of a backup from the listing to the restart, and check that nothing is lost.

The drill starts a reference scheduler on this machine, on loopback, with its own temporary folders. It does not touch
any of your clusters. It runs the commands of a real restore one by one: list, stage, print, delete some tasks, commit.
The scheduler exits after the commit, as a real one does, and is started again. Then every task of the scheduler is
compared with the backup. So is every host, cron job, quota and update in the next backup that the scheduler writes.

With --ha the drill starts three schedulers and three ZooKeeper servers, which elect the leader and hold the log.
Debian's package zookeeper must be installed. The drill then rehearses the whole procedure: all schedulers are stopped,
the log is emptied, the schedulers are started partially disabled, the backup is restored on the elected one, and
another one takes over with the committed state. After a restart with the usual flags the leader is found in ZooKeeper.

The backup may be compressed with gzip and may have any name. If a manifest lies beside it, the backup is checked
against it. Without --backup the drill uses a generated one.

On a terminal each step is printed as it ends, otherwise all of them as a table. The last line is PASS or FAIL. With
--output=table, json, csv or tsv that line is logged, and the seconds of each step are a number. The exit code is 0
only if everything matches.
"""

import signal
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from shutil import rmtree
from typing import Any

from aurora_admin.command import Context
from aurora_admin.errors import AdminError
from aurora_admin.plugins.drill.report import COLUMNS  # noqa: F401 - of the manual page

EXAMPLES = """aurora_admin drill --backup=/var/lib/aurora/backups/scheduler-backup-2026-11-22-10-00
aurora_admin drill --tasks=100000
aurora_admin drill --ha --show"""
DEFAULT_TASKS = 1000


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--backup", metavar="FILE", help="the backup to rehearse with, gzipped or not")
    parser.add_argument(
        "--tasks", type=int, metavar="N", help=f"rehearse with a generated backup of N tasks (default {DEFAULT_TASKS})"
    )
    parser.add_argument(
        "--ha",
        action="store_true",
        help="rehearse with three schedulers on three ZooKeeper servers, which are started here too",
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the folders and logs afterwards, and log where they are"
    )
    parser.add_argument("--show", action="store_true", help="show each command as you would type it, with its output")


def run(context: Context, args: Namespace) -> None:
    """Run the steps in a temporary folder, and clean up."""
    if args.backup is not None and args.tasks is not None:
        raise AdminError("Give --backup or --tasks, not both")
    if args.ha:
        from aurora_admin.plugins.drill.zookeeper import need_zookeeper

        need_zookeeper()
    # SIGTERM cleans up and stops the scheduler, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = temporary_folder()
    try:
        rehearse(context, args, folder)
    finally:
        if args.keep:
            context.out.info(f"The folders and logs are kept in {folder}")
        else:
            rmtree(folder, ignore_errors=True)


def temporary_folder() -> Path:
    """Make the folder of a drill.

    Raises:
        AdminError: no temporary folder can be written.
    """
    try:
        return Path(tempfile.mkdtemp(prefix="aurora-drill-"))
    except OSError as error:
        raise AdminError(
            f"drill needs a temporary folder: {error.strerror}. Set TMPDIR to a writable folder with free space"
        ) from error


def rehearse(context: Context, args: Namespace, folder: Path) -> None:
    """Run the steps in the folder and print their results.

    Raises:
        AdminError: a step failed, after its result was printed.
    """
    from aurora_admin.plugins.drill.prepare import prepare_backup
    from aurora_admin.plugins.drill.report import Report, run_steps

    name, backup = prepare_backup(folder / "backups", args.backup, DEFAULT_TASKS if args.tasks is None else args.tasks)
    sandbox_kind, drill_kind, steps = _kind(args)
    report = Report(context.out, [step for step, _ in steps])
    with sandbox_kind(folder, context.out.print if args.show else None) as sandbox:
        failure = run_steps(drill_kind(sandbox, name, backup, context), steps, report)
    report.end(has_passed=failure is None)
    if failure:
        failure.hint = None if args.keep else "run the drill with --keep and --show to see more"
        raise failure


def _kind(args: Namespace) -> tuple[Any, Any, Any]:
    """Return the classes of the sandbox and the drill, and the steps."""
    if args.ha:
        from aurora_admin.plugins.drill.ha import HA_STEPS, HaDrill, HaSandbox

        return HaSandbox, HaDrill, HA_STEPS
    from aurora_admin.plugins.drill.sandbox import Sandbox
    from aurora_admin.plugins.drill.steps import STEPS, Drill

    return Sandbox, Drill, STEPS
