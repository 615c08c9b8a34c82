"""Small queries of many clients at once, in a large store and in one of a hundredth of its size."""

import statistics
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import TaskQuery
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.samples.backup import snapshot
from aurora_admin.samples.jobs import SampleCluster
from aurora_admin.wire import fields
from aurora_admin.wire.codec import encode
from aurora_admin.wire.path import path
from tests.bench.state import discarded, ok, timed
from tests.support.jobs import config, key, task
from tests.support.processes import Scheduler

CLIENTS = 50
CALLS_OF_A_CLIENT = 10
ROUNDS = 5
# The tasks of one job, which is alone in its role and on its host; there are as many in both stores.
TASKS = 20
ROLE, HOST = "few", "few.example.org"
QUERIES = {
    "job": TaskQuery(jobKeys={key("few", ROLE)}),
    "role": TaskQuery(role=ROLE),
    "host": TaskQuery(slaveHosts={HOST}),
}
FLOOR = 2.0


def measure_queries(table, folder, tasks):
    """Compare the usual time and the longest of a hundred, in alternating rounds."""
    sizes = (tasks // 100, tasks)
    schedulers = [_restored(folder / f"store{size}", size) for size in sizes]
    try:
        for name, query in QUERIES.items():
            rounds = [[_latencies(one.url, query) for one in schedulers] for _ in range(ROUNDS + 1)][1:]
            for what, figure in (("usual", 49), ("99 of 100", 98)):
                small, large = (
                    statistics.median(statistics.quantiles(one[number], n=100)[figure] for one in rounds)
                    for number in (0, 1)
                )
                text = f"{CLIENTS} clients, tasks of one {name}, {what}: {tasks} tasks against {sizes[0]}"
                table.add(text, large / small, FLOOR, "x")
    finally:
        for one in schedulers:
            one.kill()


def _latencies(url, query):
    def client(_):
        return [timed(lambda: discarded(url, "getTasksStatus", query=query)) for _ in range(CALLS_OF_A_CLIENT)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(chain.from_iterable(pool.map(client, range(CLIENTS))))


def _restored(folder, tasks):
    one = Scheduler(folder, ("-backup_interval=1days",)).start()
    with open(one.backup_dir / "backup", "wb") as file:
        file.writelines(_with_few(tasks))
    ok(one.url, "stageRecovery", backupId="backup")
    ok(one.url, "commitRecovery")
    assert one.wait_exit() == 0, one.log
    (one.backup_dir / "backup").unlink()
    one.start()
    for query in QUERIES.values():
        discarded(one.url, "getTasksStatus", query=query)
    return one


def _with_few(tasks):
    """Yield the bytes of a sample with the tasks of one more job."""
    header = path(Snapshot, "tasks").header
    before = header + fields.container_header(TType.STRUCT, tasks)
    for piece in snapshot(SampleCluster(0, tasks)):
        if piece != before:
            yield piece
            continue
        yield header + fields.container_header(TType.STRUCT, tasks + TASKS)
        for number in range(TASKS):
            one = task(config(key("few", ROLE)), number)
            one.assignedTask.slaveHost = HOST
            yield encode(one)
