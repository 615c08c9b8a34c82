"""The nodes of schedulers in a real ZooKeeper, written by the test, and the program while it waits for a leader."""

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

CANDIDATE_PREFIX = "_c_402f1395-6693-4885-8d5e-40ba469315e1-lock-"
# As releases before 0.10 could write it: host 127.0.0.1, port 9201, name http, ALIVE (docs/connection.md 2.2).
THRIFT_MEMBER = bytes.fromhex(
    "0c00010b0001000000093132372e302e302e31080002000023f1000d00020b0c0000000100000004687474700b000100000009"
    "3132372e302e302e31080002000023f1000800030000000200"
)


def member(host: str, name: str = "http", status: str = "ALIVE") -> bytes:
    """Return the payload of a member node, byte for byte as a scheduler writes it."""
    name_of_host, _, port = host.rpartition(":")
    endpoint = {"host": name_of_host, "port": int(port)}
    document = {"serviceEndpoint": endpoint, "additionalEndpoints": {name: endpoint}, "status": status}
    return json.dumps(document, separators=(",", ":")).encode()


@dataclass
class ServerSet:
    """The nodes of one cluster's schedulers, and its entry in clusters.json."""

    zk: KazooClient
    hosts: str
    clusters: Clusters
    path: str = field(default_factory=lambda: f"/aurora-{uuid.uuid4().hex}/scheduler")

    def __post_init__(self) -> None:
        self.zk.ensure_path(self.path)
        self.entry()

    def entry(self, **keys: object) -> None:
        """Write the cluster's entry; the keys replace or extend the usual ones."""
        entry = {"name": "west", "zk": self.hosts, "scheduler_zk_path": self.path, **keys}
        self.clusters.write_documents([entry])

    def add(self, data: bytes, prefix: str = "member_") -> str:
        """Write an ephemeral node as a scheduler does, and return its path."""
        return str(self.zk.create(f"{self.path}/{prefix}", data, ephemeral=True, sequence=True))


@dataclass
class RunningProgram:
    """The program while it runs."""

    process: subprocess.Popen[str]

    def line(self) -> str:
        """Wait for the next line of its log; empty when it has ended."""
        assert self.process.stderr
        return self.process.stderr.readline().rstrip("\n")

    def wait_exit(self) -> Result:
        """Wait for its end and return the rest of its output."""
        out, err = communicate(self.process)
        return Result(self.process.returncode, out, err)


@contextmanager
def running_program(env: dict[str, str], *arguments: str) -> Iterator[RunningProgram]:
    """Run the program beside the test; it is killed at the deadline."""
    command = [str(PROGRAMS / "aurora_admin"), *arguments]
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    timer = threading.Timer(DEADLINE_SECONDS, process.kill)
    timer.start()
    try:
        yield RunningProgram(process)
    finally:
        timer.cancel()
        process.kill()
        process.communicate()
