"""Time without a leader after the leading scheduler was killed, as a command sees it that runs meanwhile."""

import statistics
import subprocess
import time

from tests.support.elected_schedulers import Elected
from tests.support.processes import PROGRAMS, Clusters, environment, run
from tests.support.zookeeper import running, zookeeper_client

ROUNDS = 5
SESSION_SECONDS = 6
# The session time-out, and on top of it the ticks of the servers, the takeover and the next poll of the client.
FLOOR_SECONDS = SESSION_SECONDS + 2
GROUP = "/aurora/replicated-log"


def measure_failover(table, folder):
    """Measure from the kill to the first acknowledged write of a client that begins at once."""
    text = f"kill -9 of the leader to the next acknowledged write, session {SESSION_SECONDS} s"
    with running(folder / "servers", 3) as zookeeper, zookeeper_client(zookeeper.hosts) as client:
        schedulers = Elected(
            folder / "failover",
            zookeeper.hosts,
            client,
            path="/aurora/scheduler",
            session_seconds=SESSION_SECONDS,
            flags=(f"-native_log_zk_group_path={GROUP}",),
        )
        try:
            seconds = [_one_failover(schedulers, number) for number in range(ROUNDS)] if _started(schedulers) else []
        finally:
            schedulers.close()
    table.add(text, statistics.median(seconds), FLOOR_SECONDS, "s")


def _started(schedulers):
    where = (f"--zk={schedulers.hosts}", f"--group={GROUP}")
    env = environment(schedulers.folder)
    assert run([PROGRAMS / "aurora-reference-log", "initialize", *where], env).code == 0
    for _ in range(ROUNDS + 1):
        one = schedulers.add()
        one.log_dir.mkdir(parents=True)
        schedulers.start_candidate(one)
    Clusters(schedulers.folder / "etc").write_documents(
        [{"name": "west", "zk": schedulers.hosts, "scheduler_zk_path": schedulers.path}]
    )
    return True


def _one_failover(schedulers, number):
    leader = schedulers.schedulers[number]
    schedulers.wait_advertised(leader)
    command = [str(PROGRAMS / "aurora_admin"), "scheduler_snapshot", "west"]
    leader.kill()
    begin = time.perf_counter()
    subprocess.run(
        command,
        env=environment(schedulers.folder),
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begin
