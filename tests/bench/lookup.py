"""Time to find the leader in ZooKeeper, in comparison to a script that only uses kazoo; both as processes."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.support.processes import PROGRAMS, Clusters, environment
from tests.support.serverset import member
from tests.support.zookeeper import running, zookeeper_client

ROUNDS = 25
FLOOR = 1.3
BARE = Path(__file__).with_name("bare_lookup.py")
PATH = "/aurora/scheduler"


def measure_lookup(table, folder):
    """Look up the leader on three running servers, by the program and by the script in turn."""
    text = "aurora_admin get_scheduler, through ZooKeeper, against bare kazoo"
    home = folder / "lookup"
    with running(home, 3) as zookeeper, zookeeper_client(zookeeper.hosts) as client:
        client.create(f"{PATH}/member_0000000001", member("127.0.0.1:8081"), makepath=True)
        Clusters(home / "etc").write_documents([{"name": "west", "zk": zookeeper.hosts, "scheduler_zk_path": PATH}])
        bare = (sys.executable, str(BARE), zookeeper.hosts, PATH)
        ours = (str(PROGRAMS / "aurora_admin"), "get_scheduler", "west")
        rounds = [(_seconds(bare, home), _seconds(ours, home)) for _ in range(ROUNDS)]
    least, whole = (statistics.median(times) for times in zip(*rounds, strict=True))
    table.add("bare kazoo: connect, list, get", least * 1000, None, "ms")
    table.add(text, whole / least, FLOOR, "x")


def _seconds(command, home):
    begin = time.perf_counter()
    subprocess.run(
        command,
        env=environment(home),
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begin
