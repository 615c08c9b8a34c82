"""Time to append frames to the log in ZooKeeper, in comparison to kazoo without the checks of the log."""

import statistics
import time
import uuid
from collections import deque

from kazoo.client import KazooClient

from aurora_admin.scheduler.storage.zookeeper import admin
from aurora_admin.scheduler.storage.zookeeper.connection import LogLocation
from aurora_admin.scheduler.storage.zookeeper.log import ZooKeeperLog
from aurora_admin.scheduler.storage.zookeeper.settings import LogSettings
from tests.support.zookeeper import running

ROUNDS = 9
FRAMES = 100
FRAME = bytes(512 * 1024)
WINDOW = 16
TIMEOUT_SECONDS = 60.0


def bare(hosts):
    """Return the seconds that pipelined creates take."""
    client, root = KazooClient(hosts), f"/bare-{uuid.uuid4().hex}"
    client.start()
    client.create(root)
    begin = time.perf_counter()
    flying = deque()
    for number in range(FRAMES):
        if len(flying) == WINDOW:
            flying.popleft().get()
        flying.append(client.create_async(f"{root}/{number:020}", FRAME))
    for created in flying:
        created.get()
    seconds = time.perf_counter() - begin
    client.delete(root, recursive=True)
    client.stop()
    client.close()
    return seconds


def ours(hosts, folder):
    """Return how long one append of all frames takes."""
    place = LogLocation(hosts, f"/log-{uuid.uuid4().hex}")
    admin.initialize(place)
    settings = LogSettings("bench", "bench", str(folder), write_seconds=TIMEOUT_SECONDS, accept_older=True)
    (folder / "high-water.json").unlink(missing_ok=True)
    log = ZooKeeperLog(place, settings, lambda text: None)
    log.fence()
    begin = time.perf_counter()
    log.append(FRAME for _ in range(FRAMES))
    seconds = time.perf_counter() - begin
    log.close()
    with admin.open_nodes(place) as contents:
        admin.wipe(contents)
    return seconds


def measure_append(table, folder):
    """Compare alternating rounds; the servers and both clients share the machine."""
    text = "append as many frames to the log in ZooKeeper"
    mark = folder / "append"
    mark.mkdir()
    with running(mark, 3, java=["-Xmx1g"]) as zookeeper:
        rounds = [(ours(zookeeper.hosts, mark), bare(zookeeper.hosts)) for _ in range(ROUNDS)]
    fastest = statistics.median(theirs for _, theirs in rounds)
    table.add(f"create {FRAMES} nodes of 512 KiB with kazoo, {WINDOW} at a time", fastest, None, "s")
    # At least 0.7 times their speed.
    table.add(text, statistics.median(mine for mine, _ in rounds) / fastest, round(1 / 0.7, 2), "x")
