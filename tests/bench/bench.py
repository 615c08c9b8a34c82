"""Measure the program that is installed beside this interpreter against its floors; started by script/bench.

Times are medians of alternating rounds, so that a busy moment of the machine affects both sides of a ratio. Memory is
the highest of all rounds.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# Last, so that aurora_admin is imported from the installed wheel and not from this checkout.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from tabulate import tabulate

from aurora_admin.samples.backup import write_sample
from tests.bench import state
from tests.bench.append import measure_append
from tests.bench.failover import measure_failover
from tests.bench.lookup import measure_lookup
from tests.bench.queries import measure_queries
from tests.bench.query import measure_query
from tests.bench.state import timed
from tests.support.processes import PROGRAMS, Clusters, Scheduler, environment
from tests.support.zookeeper import JARS

ADMIN = str(PROGRAMS / "aurora_admin")
START_ROUNDS = 25


class Table:
    """The figures, with their floors."""

    def __init__(self):
        self.rows = []

    def add(self, figure, value, floor, unit):
        verdict = "" if floor is None else "ok" if value <= floor else "OVER"
        self.rows.append((figure, f"{value:.2f} {unit}", "" if floor is None else f"{floor:g} {unit}", verdict))

    @property
    def is_over(self):
        return any(row[-1] == "OVER" for row in self.rows)


def command(env, *arguments):
    return lambda: subprocess.run(
        [str(part) for part in arguments],
        env=env,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def measure_starts(table, folder):
    """Measure short commands, as multiples of the start of Python itself."""
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


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000, metavar="N", help="size of the restore (default 100000)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often it is restored (default 5)")
    args = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="aurora-bench-") as folder:
        measure_starts(table, Path(folder))
        backup = Path(folder) / "backup"
        write_sample(str(backup), args.tasks)
        state.measure(table, Path(folder), backup, args.tasks, args.rounds)
        # A child begins with the memory of this process, which grows with the clients of measure_queries.
        measure_query(table, Path(folder) / "query", backup, args.rounds)
        measure_queries(table, Path(folder), args.tasks)
        if (JARS / "zookeeper.jar").exists():
            measure_lookup(table, Path(folder))
            measure_append(table, Path(folder))
            measure_failover(table, Path(folder))
        else:
            table.rows.append(("leader look-up, appends and fail-over", "ZooKeeper is not installed", "", ""))
    print(tabulate(table.rows, ("figure", "measured", "floor", ""), disable_numparse=True))
    sys.exit(table.is_over)


if __name__ == "__main__":
    main()
