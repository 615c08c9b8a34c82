"""Time and memory of a command that prints the running tasks, in comparison to decoding them in pure Python."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.state import ADMIN, ok, peak_of_command
from tests.support.processes import Clusters, Scheduler, environment

PURE = Path(__file__).with_name("pure.py")
FORMATS = {"by default": (), "as csv": ("--output=csv",), "as JSON": ("--output=json",)}
FLOORS = {"by default": 0.2}


def measure_query(table, folder, backup, rounds):
    """Print the running tasks of a scheduler that was restored from a backup."""
    scheduler = Scheduler(folder)
    os.link(backup, scheduler.backup_dir / "backup")
    scheduler.start()
    ok(scheduler.url, "stageRecovery", backupId="backup")
    ok(scheduler.url, "commitRecovery")
    assert scheduler.wait_exit() == 0, scheduler.log
    Clusters(folder / "etc").write(west=scheduler.start().url)
    try:
        found = [_round(environment(folder), backup) for _ in range(rounds)]
    finally:
        scheduler.kill()
    for name in FORMATS:
        ratio = statistics.median(one[name][0] for one in found)
        table.add(f"query, printed {name}, against decoding in pure Python", ratio, FLOORS.get(name), "x")
        table.add("client's memory for it", max(one[name][1] for one in found), 60, "MiB")


def _round(env, backup):
    """Return for each format the time, as a multiple of decoding the printed tasks in pure Python, and the memory."""
    command = (ADMIN, "query", "--force", "west")
    printed = subprocess.check_output(command, env=env).count(b"\n")
    pure = printed * float(subprocess.check_output([sys.executable, str(PURE), str(backup)]))
    measured = {name: peak_of_command(env, *command, *options) for name, options in FORMATS.items()}
    return {name: (seconds / pure, memory) for name, (seconds, memory) in measured.items()}
