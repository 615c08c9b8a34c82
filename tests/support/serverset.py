"""Clusters in a real ZooKeeper, with members written by the test, and the program while it waits."""

import json
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kazoo.client import KazooClient

from tests.support.processes import PROGRAMS, Clusters, Result
from tests.support.waiting import DEADLINE_SECONDS, communicate

CANDIDATE = "_c_402f1395-6693-4885-8d5e-40ba469315e1-lock-"


def member(host: str, name: str = "http", status: str = "ALIVE") -> bytes:
    """What a scheduler advertises, byte for byte as it writes it."""
    name_of_host, _, port = host.rpartition(":")
    endpoint = {"host": name_of_host, "port": int(port)}
    document = {"serviceEndpoint": endpoint, "additionalEndpoints": {name: endpoint}, "status": status}
    return json.dumps(document, separators=(",", ":")).encode()


@dataclass
class Serverset:
    """The nodes of one cluster's schedulers, and its entry in clusters.json."""

    zk: KazooClient
    hosts: str
    clusters: Clusters
    path: str = field(default_factory=lambda: f"/aurora-{uuid.uuid4().hex}/scheduler")

    def __post_init__(self) -> None:
        self.zk.ensure_path(self.path)
        self.entry()

    def entry(self, **keys: object) -> None:
        """Write the cluster's entry; keys replace ours."""
        entry = {"name": "west", "zk": self.hosts, "scheduler_zk_path": self.path, **keys}
        self.clusters.write_documents([entry])

    def add(self, data: bytes, prefix: str = "member_") -> str:
        """Write an ephemeral node as a scheduler does, and return its path."""
        return str(self.zk.create(f"{self.path}/{prefix}", data, ephemeral=True, sequence=True))


@dataclass
class Running:
    """The program, running, and what it has logged so far."""

    process: subprocess.Popen[str]

    def line(self) -> str:
        """Return the next line of its log; empty when it ended."""
        assert self.process.stderr
        return self.process.stderr.readline().rstrip("\n")

    def ended(self) -> Result:
        """Wait for its end and return what is left to read."""
        out, err = communicate(self.process)
        return Result(self.process.returncode, out, err)


@contextmanager
def running(env: dict[str, str], *arguments: str) -> Iterator[Running]:
    """Run the program beside the test; it is killed when it takes too long."""
    command = [str(PROGRAMS / "aurora_admin"), *arguments]
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    timer = threading.Timer(DEADLINE_SECONDS, process.kill)
    timer.start()
    try:
        yield Running(process)
    finally:
        timer.cancel()
        process.kill()
        process.communicate()
