"""Rehearse the restore of a backup, from the listing to the restart, and prove that nothing was lost.

A reference scheduler is started on this machine, on loopback, with folders of its own; no cluster of yours is touched.
The commands of a real restore are run against it one by one: list, stage, print, delete some tasks, commit. The
scheduler ends, as a real one does, is started again, and every task that it then answers is compared with what stands
in the backup, as is every host, cron job, quota and update in the next backup that it makes.

With --ha three schedulers are started instead, and three ZooKeeper servers that elect the leader among them and hold
their log (Debian's package zookeeper must be installed). Then the whole procedure is rehearsed: all schedulers are
stopped, the log is emptied, they are started partially disabled, the elected one is found and given the backup, another
takes over with what was committed, and after a start as usual the leader is found in ZooKeeper again.

The backup may be compressed with gzip, and may have any name. Without one, a backup of a made-up cluster is used.
The exit code is 0 only if everything matched.
"""

import signal
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from shutil import rmtree
from typing import Any

from aurora_admin.command import Context
from aurora_admin.errors import AdminError

EXAMPLES = """aurora_admin drill --backup=/var/lib/aurora/backups/scheduler-backup-2026-11-22-10-00
aurora_admin drill --tasks=100000
aurora_admin drill --ha --show"""
DEFAULT_TASKS = 1000


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--backup", metavar="FILE", help="the backup to rehearse with, gzipped or not")
    parser.add_argument(
        "--tasks", type=int, metavar="N", help=f"rehearse with a made-up backup of N tasks (default {DEFAULT_TASKS})"
    )
    parser.add_argument(
        "--ha",
        action="store_true",
        help="rehearse with three schedulers on three ZooKeeper servers, which are started here too",
    )
    parser.add_argument("--keep", action="store_true", help="keep the folders and logs afterwards, and say where")
    parser.add_argument("--show", action="store_true", help="show each command as you would type it, with its output")


def run(context: Context, args: Namespace) -> None:
    """Make the folders, take every step, print the table, clean up."""
    if args.backup is not None and args.tasks is not None:
        raise AdminError("Give --backup or --tasks, not both")
    if args.ha:
        from aurora_admin.plugins.drill.zookeeper import need_zookeeper

        need_zookeeper()
    # Whoever ends the drill ends its scheduler too: as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="aurora-drill-"))
    try:
        rehearse(context, args, folder)
    finally:
        if args.keep:
            context.out.info(f"Everything is kept in {folder}")
        else:
            rmtree(folder, ignore_errors=True)


def rehearse(context: Context, args: Namespace, folder: Path) -> None:
    """Take the steps in the folder and print what came of each.

    Raises:
        AdminError: a step failed, after the table was printed.
    """
    from aurora_admin.plugins.drill.background import StepFailed
    from aurora_admin.plugins.drill.place import place

    rows: list[tuple[str, str, str]] = []
    failure: StepFailed | None = None
    name, backup = place(folder / "backups", args.backup, DEFAULT_TASKS if args.tasks is None else args.tasks)
    sandbox_kind, drill_kind, steps = _kind(args)
    with sandbox_kind(folder, context.out.print if args.show else None) as sandbox:
        drill = drill_kind(sandbox, name, backup, context)
        for name, step in steps:
            begin = time.perf_counter()
            try:
                result = step(drill)
            except StepFailed as error:
                failure, result = error, f"FAILED: {error}"
            rows.append((name, result, f"{time.perf_counter() - begin:.2f} s"))
            if failure:
                break
    context.out.rows(("step", "result", "time"), rows)
    if failure:
        raise AdminError(
            f"The drill failed at the step '{rows[-1][0]}': {failure}",
            hint=None if args.keep else "run it with --keep and --show to see more",
        )


def _kind(args: Namespace) -> tuple[Any, Any, Any]:
    """Return the place, the drill and its steps."""
    if args.ha:
        from aurora_admin.plugins.drill.ha import HA_STEPS, HaDrill, HaSandbox

        return HaSandbox, HaDrill, HA_STEPS
    from aurora_admin.plugins.drill.sandbox import Sandbox
    from aurora_admin.plugins.drill.steps import STEPS, Drill

    return Sandbox, Drill, STEPS
