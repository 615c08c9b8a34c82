"""Measure the floors against what is installed beside this interpreter; run it by script/bench.

Times are medians of interleaved rounds, so that a busy moment of the machine falls on both sides of a ratio; memory is
the highest that was seen.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# At the end: aurora_admin is to be the one that was installed, not the one of this checkout.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from tabulate import tabulate

from aurora_admin.backup.sample import write_sample
from aurora_admin.client.scheduler import Scheduler as Client
from aurora_admin.clusters import find
from aurora_admin.command import Options
from aurora_admin.output import NONE, Output
from tests.bench.append import measure_append
from tests.bench.failover import measure_failover
from tests.bench.lookup import measure_lookup
from tests.processes import PROGRAMS, Clusters, Scheduler, environment

ADMIN = str(PROGRAMS / "aurora_admin")
LOOP = Path(__file__).with_name("loop.py")
MIB = 1024  # of the kibibytes that the kernel reports
START_ROUNDS = 25
RESTORE_ROUNDS = 3


class Table:
    """The figures, each with its floor."""

    def __init__(self):
        self.rows = []

    def add(self, figure, value, floor, unit):
        verdict = "" if floor is None else "ok" if value <= floor else "OVER"
        self.rows.append((figure, f"{value:.2f} {unit}", "" if floor is None else f"{floor:g} {unit}", verdict))

    @property
    def is_over(self):
        return any(row[-1] == "OVER" for row in self.rows)


def timed(action):
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def command(env, *arguments):
    return lambda: subprocess.run([str(part) for part in arguments], env=env, check=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure_starts(table, folder):
    """How long commands take that do little, as a multiple of what Python itself takes."""
    scheduler = Scheduler(folder / "small").start()
    Clusters(folder / "etc").write(west=scheduler.url)
    env = environment(folder)
    actions = {
        "import argparse": command(env, sys.executable, "-c", "import argparse"),
        "aurora_admin --version": command(env, ADMIN, "--version"),
        "aurora_admin help": command(env, ADMIN, "help"),
        "aurora_admin get_scheduler": command(env, ADMIN, "get_scheduler", "west"),
        "one round trip": command(env, ADMIN, "scheduler_list_backups", "west"),
    }
    rounds = [{name: timed(action) for name, action in actions.items()} for _ in range(START_ROUNDS)]
    scheduler.kill()
    medians = {name: statistics.median(one[name] for one in rounds) for name in actions}
    base = medians.pop("import argparse")
    table.add("python -c 'import argparse'", base * 1000, None, "ms")
    for (name, value), floor in zip(medians.items(), (1.3, 3.0, 3.5, 7.0), strict=True):
        table.add(name, value / base, floor, "x")


def peak_mib(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / MIB


def peak_of_command(env, *arguments):
    """Run a command and return its time and its peak of resident memory, in MiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return time.perf_counter() - begin, usage.ru_maxrss / MIB


def restore_once(folder, backup):
    """Rehearse one restore, and return every figure of it by name."""
    figures = {"loop": float(subprocess.check_output([sys.executable, str(LOOP), str(backup)]))}
    scheduler = Scheduler(folder, ("-max_saved_backups=1000",))
    os.link(backup, scheduler.backup_dir / "backup")
    scheduler.start()
    env = environment(folder)
    os.environ.update(env)
    Clusters(folder / "etc").write(west=scheduler.url)
    client = Client(find("west"), Options(), quiet())
    figures["stage"] = timed(lambda: expect_ok(client.stage_recovery("backup")))
    figures["staged memory"] = peak_mib(scheduler.process.pid)
    figures["print"], figures["print memory"] = peak_of_command(env, ADMIN, "scheduler_print_recovery_tasks", "west")
    figures["commit"] = timed(lambda: expect_ok(client.commit_recovery()))
    assert scheduler.wait_exit() == 0, scheduler.log
    figures["interpreter"] = timed(command(env, sys.executable, "-c", "pass"))
    figures["start"] = timed(scheduler.start)
    Clusters(folder / "etc").write(west=scheduler.url)
    figures["tasks"] = sum(1 for _ in Client(find("west"), Options(), quiet()).raw_tasks("getTasksStatus"))
    figures["served memory"] = peak_mib(scheduler.process.pid)
    scheduler.kill()
    return figures


def quiet():
    out = Output(None, None)
    out.level = NONE
    return out


def expect_ok(reply):
    assert reply.ok, f"{reply.code_name}: {reply.message}"


def measure_restore(table, folder, tasks):
    """How long a restore of so many tasks takes, as a multiple of the bare loop, and in how much memory."""
    backup = folder / "backup"
    write_sample(str(backup), tasks)
    rounds = [restore_once(folder / f"restore{number}", backup) for number in range(RESTORE_ROUNDS)]
    assert all(one["tasks"] == tasks for one in rounds)
    ratio = {name: statistics.median(one[name] / one["loop"] for one in rounds) for name in rounds[0]}
    peak = {name: max(one[name] for one in rounds) for name in rounds[0]}
    start = statistics.median((one["start"] - one["interpreter"]) / one["loop"] for one in rounds)
    size = backup.stat().st_size / 1e6
    table.add(f"loop over {tasks} tasks, {size:.0f} MB", statistics.median(one["loop"] for one in rounds), None, "s")
    table.add("stage", ratio["stage"], 1.6, "x")
    table.add("commit", ratio["commit"], 2.5, "x")
    table.add("process start to serving, less the interpreter's", start, 2.0, "x")
    table.add("print all tasks", ratio["print"], None, "x")
    table.add("scheduler's memory, staged", peak["staged memory"], 120, "MiB")
    table.add("scheduler's memory, after the restart, all tasks served", peak["served memory"], 200, "MiB")
    table.add("client's memory, print all tasks", peak["print memory"], 60, "MiB")


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000, metavar="N", help="size of the restore (default 100000)")
    args = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="aurora-bench-") as folder:
        measure_starts(table, Path(folder))
        measure_lookup(table, Path(folder))
        measure_restore(table, Path(folder), args.tasks)
        measure_append(table, Path(folder))
        measure_failover(table, Path(folder))
    print(tabulate(table.rows, ("figure", "measured", "floor", ""), disable_numparse=True))
    sys.exit(table.is_over)


if __name__ == "__main__":
    main()
