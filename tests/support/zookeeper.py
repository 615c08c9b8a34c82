"""Real ZooKeeper servers for tests: those of Debian's package, on loopback, with their data in a folder of the test."""

import random
import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kazoo.client import KazooClient

from tests.support.processes import pause, resume
from tests.support.waiting import DEADLINE_SECONDS, wait_until

JARS = Path("/usr/share/java")
CLASSPATH = f"{JARS}/zookeeper.jar:{JARS}/slf4j-simple.jar"
NO_ZOOKEEPER = "no ZooKeeper server on this machine: install Debian's package zookeeper"
# Small and quick to start: the tests run many servers on few cores.
JAVA = (
    "-Xms32m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dzookeeper.preAllocSize=4096",
    "-Dzookeeper.admin.enableServer=false",
    "-Dzookeeper.4lw.commands.whitelist=*",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)
# Sessions of a second and more; a follower is dropped when the leader has not heard from it for ten seconds.
SETTINGS = {
    "tickTime": 500,
    "initLimit": 60,
    "syncLimit": 20,
    "minSessionTimeout": 1000,
    "maxSessionTimeout": 60000,
    "maxClientCnxns": 0,
}
HOST = "127.0.0.1"
# The kernel gives higher ports to outgoing connections, which could take the port of a server that is down.
PORTS = range(12000, 32000)


def need_zookeeper() -> None:
    """Skip the test where the package zookeeper is not installed."""
    if not (JARS / "zookeeper.jar").exists():
        import pytest  # the benchmark uses this module and has no pytest

        pytest.skip(NO_ZOOKEEPER)


def free_port() -> int:
    """Return a port on which nothing listens, outside the range of outgoing connections."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


@dataclass
class Server:
    """One server of an ensemble. It keeps its data: it can be started again after `kill`."""

    folder: Path
    number: int
    java: Sequence[str] = ()
    settings: dict[str, object] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    peer_port: int = field(default_factory=free_port)
    election_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def configure(self, peers: Sequence["Server"]) -> None:
        """Write its configuration; a single server runs in standalone mode."""
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        lines = {**SETTINGS, "dataDir": data, "clientPort": self.port, "clientPortAddress": HOST, **self.settings}
        if len(peers) > 1:
            (data / "myid").write_text(f"{self.number}\n")
            lines |= {f"server.{peer.number}": f"{HOST}:{peer.peer_port}:{peer.election_port}" for peer in peers}
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        (self.folder / "zoo.cfg").write_text(text)

    def start(self) -> None:
        """Start the process and return at once."""
        command = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "java",
            *JAVA,
            *self.java,
            "-cp",
            CLASSPATH,
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            str(self.folder / "zoo.cfg"),
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def four_letter_word(self, word: str) -> str:
        """Send one of ZooKeeper's four-letter commands and return the response; empty if the server is down."""
        response = b""
        with suppress(OSError), socket.create_connection((HOST, self.port), timeout=1) as connection:
            connection.sendall(word.encode())
            while part := connection.recv(1 << 16):
                response += part
        return response.decode(errors="replace")

    @property
    def mode(self) -> str:
        """standalone, leader or follower; empty while the server does not serve."""
        found = re.search(r"^Mode: (\w+)", self.four_letter_word("srvr"), re.MULTILINE)
        return found.group(1) if found else ""

    def serves(self) -> bool:
        assert self.process is None or self.process.poll() is None, f"the ZooKeeper server ended:\n{self.log}"
        return bool(self.mode)

    def kill(self) -> None:
        """Kill the process, if it runs; it may be paused."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def pause(self) -> None:
        """Stop the process with SIGSTOP; its connections stay open and silent."""
        assert self.process
        pause(self.process)

    def resume(self) -> None:
        assert self.process
        resume(self.process)


@dataclass
class ZooKeeper:
    """An ensemble of one or three servers."""

    servers: list[Server]

    @property
    def hosts(self) -> str:
        """The servers as clients take them: `host:port,host:port`."""
        return ",".join(server.host for server in self.servers)

    def start(self) -> None:
        """Start the servers that are down, and wait until all serve."""
        for server in self.servers:
            if server.process is None or server.process.poll() is not None:
                server.start()
        self.wait()

    def wait(self) -> None:
        """Wait until every server serves."""
        for server in self.servers:
            wait_until(server.serves, f"ZooKeeper server {server.number} serving")

    def kill(self) -> None:
        for server in self.servers:
            server.kill()

    @property
    def leader(self) -> Server:
        """The leading server; waits until there is one."""
        return wait_until(lambda: self._in_mode("leader", "standalone"), "a leading ZooKeeper server")[0]

    @property
    def followers(self) -> list[Server]:
        return self._in_mode("follower")

    def _in_mode(self, *modes: str) -> list[Server]:
        return [server for server in self.servers if server.mode in modes]


@contextmanager
def zookeeper_client(hosts: str, **options: object) -> Iterator[KazooClient]:
    """Connect kazoo's own client, without code of this project."""
    client = KazooClient(hosts, timeout=30, **options)
    client.start(DEADLINE_SECONDS)
    try:
        yield client
    finally:
        client.stop()
        client.close()


@contextmanager
def running(folder: Path, count: int = 1, java: Sequence[str] = (), **settings: object) -> Iterator[ZooKeeper]:
    """Run an ensemble for the block; `settings` are lines of zoo.cfg, `java` are options of java."""
    need_zookeeper()
    one = ZooKeeper([Server(folder / f"zookeeper{number}", number, java, settings) for number in range(1, count + 1)])
    for server in one.servers:
        server.configure(one.servers)
    try:
        one.start()
        yield one
    finally:
        one.kill()
