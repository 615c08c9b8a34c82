"""Real ZooKeeper servers for tests: Debian's package, on loopback, in a folder of the test, ended by process id."""

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
# Small and quick to start: the tests run many of them on few cores.
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
# A session may be negotiated from a second up; a server that another has not heard from for ten seconds is out.
SETTINGS = {
    "tickTime": 500,
    "initLimit": 60,
    "syncLimit": 20,
    "minSessionTimeout": 1000,
    "maxSessionTimeout": 60000,
    "maxClientCnxns": 0,
}
HOST = "127.0.0.1"
# Below the ports that the kernel hands out for outgoing connections: a server that is down keeps its port.
PORTS = range(12000, 32000)


def need_zookeeper() -> None:
    """Skip the test, by name, where the servers cannot be started."""
    if not (JARS / "zookeeper.jar").exists():
        import pytest  # the benchmark has servers too, and no pytest

        pytest.skip(NO_ZOOKEEPER)


def free_port() -> int:
    """Return a port that nothing listens on, and that no outgoing connection will be given."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


@dataclass
class Server:
    """One server of an ensemble. Its data outlives `kill`; `start` goes on with it."""

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
        """Write its configuration; one server alone runs standalone."""
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        lines = {**SETTINGS, "dataDir": data, "clientPort": self.port, "clientPortAddress": HOST, **self.settings}
        if len(peers) > 1:
            (data / "myid").write_text(f"{self.number}\n")
            lines |= {f"server.{peer.number}": f"{HOST}:{peer.peer_port}:{peer.election_port}" for peer in peers}
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        (self.folder / "zoo.cfg").write_text(text)

    def start(self) -> None:
        """Start the process and go on; `serves` says when it takes part."""
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

    def say(self, word: str) -> str:
        """Ask one of ZooKeeper's four-letter questions; nothing is said by a server that is down."""
        answer = b""
        with suppress(OSError), socket.create_connection((HOST, self.port), timeout=1) as connection:
            connection.sendall(word.encode())
            while part := connection.recv(1 << 16):
                answer += part
        return answer.decode(errors="replace")

    @property
    def mode(self) -> str:
        """standalone, leader or follower; empty while it does not serve."""
        found = re.search(r"^Mode: (\w+)", self.say("srvr"), re.MULTILINE)
        return found.group(1) if found else ""

    def serves(self) -> bool:
        assert self.process is None or self.process.poll() is None, f"the ZooKeeper server ended:\n{self.log}"
        return bool(self.mode)

    def kill(self) -> None:
        """End it as a power cut would; legal at any time, paused or ended too."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def pause(self) -> None:
        """Stop it without its knowledge; its connections stay open and silent."""
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
        """What a client connects to: `host:port,host:port`."""
        return ",".join(server.host for server in self.servers)

    def start(self) -> None:
        """Start every server that is down, and wait until all serve."""
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
        """The server that leads now; waits for one."""
        return wait_until(lambda: self._in_mode("leader", "standalone"), "a leading ZooKeeper server")[0]

    @property
    def followers(self) -> list[Server]:
        return self._in_mode("follower")

    def _in_mode(self, *modes: str) -> list[Server]:
        return [server for server in self.servers if server.mode in modes]


@contextmanager
def zookeeper_client(hosts: str, **options: object) -> Iterator[KazooClient]:
    """Connect a plain client, with nothing of this project in between."""
    client = KazooClient(hosts, timeout=30, **options)
    client.start(DEADLINE_SECONDS)
    try:
        yield client
    finally:
        client.stop()
        client.close()


@contextmanager
def running(folder: Path, count: int = 1, java: Sequence[str] = (), **settings: object) -> Iterator[ZooKeeper]:
    """Run an ensemble for as long as the block; `settings` are lines of zoo.cfg, `java` options of the machine."""
    need_zookeeper()
    one = ZooKeeper([Server(folder / f"zookeeper{number}", number, java, settings) for number in range(1, count + 1)])
    for server in one.servers:
        server.configure(one.servers)
    try:
        one.start()
        yield one
    finally:
        one.kill()
