"""A log in a real ZooKeeper that several hosts open, and its nodes as a plain client sees them."""

import shutil
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError

from aurora_admin.scheduler.storage.engine import FatalLogError
from aurora_admin.scheduler.storage.zookeeper import admin
from aurora_admin.scheduler.storage.zookeeper.connection import LogLocation
from aurora_admin.scheduler.storage.zookeeper.log import ZooKeeperLog
from aurora_admin.scheduler.storage.zookeeper.settings import LogSettings
from tests.support.places import CHECKOUT
from tests.support.waiting import DEADLINE_SECONDS, communicate, wait_until
from tests.support.zookeeper import HOST, zookeeper_client

NOOP = b"no-op"
# Longer than a busy machine takes for a reply; a test about a time-out sets a shorter one.
LONG_TIMEOUTS = {"takeover_seconds": 30.0, "read_seconds": 30.0, "write_seconds": 30.0}
SESSION_SECONDS = 20.0


def expire_session(client: KazooClient, hosts: str) -> None:
    """End a client's session on the server, as a session time-out does."""
    session = client.client_id

    def is_over() -> bool:
        with zookeeper_client(hosts, client_id=session):  # on a busy machine the client itself may come back first
            pass
        return bool(client.connected and client.client_id != session)

    wait_until(is_over, "a new session of the client")


@dataclass
class SharedLog:
    """One log in ZooKeeper. `open` and `lead` open it as a host with a folder of its own.

    `lost` has the texts given to `on_lost`, of all hosts.
    """

    hosts: str
    folder: Path
    root: str = field(default_factory=lambda: f"/aurora-{uuid.uuid4().hex}/log")
    credentials: str | None = None
    session_seconds: float = SESSION_SECONDS
    lost: list[str] = field(default_factory=list)
    opened: list[ZooKeeperLog] = field(default_factory=list)

    @property
    def location(self) -> LogLocation:
        return LogLocation(self.hosts, self.root, self.credentials, self.session_seconds, float(DEADLINE_SECONDS))

    def initialize(self) -> str:
        return admin.initialize(self.location)

    def wipe(self) -> None:
        with admin.open_nodes(self.location) as contents:
            admin.wipe(contents)

    def open(self, host: str = "h1", location: LogLocation | None = None, **settings: object) -> ZooKeeperLog:
        mine = LogSettings(host, "west", str(self.folder / host))._replace(**LONG_TIMEOUTS)._replace(**settings)
        one = ZooKeeperLog(location or self.location, mine, self.lost.append)
        self.opened.append(one)
        return one

    def lead(self, host: str = "h1", location: LogLocation | None = None, **settings: object) -> ZooKeeperLog:
        one = self.open(host, location, **settings)
        one.fence()
        return one

    def close(self) -> None:
        for one in self.opened:
            one.close()

    def client(self) -> KazooClient:
        """A client that may see the log."""
        return zookeeper_client(self.hosts, auth_data=[("digest", self.credentials)] if self.credentials else None)

    def stored(self) -> list[tuple[int, bytes]]:
        """Return all records with their positions, also truncated ones that are not deleted yet."""
        with self.client() as client:
            client.sync(self.root)
            paths: list[str] = []
            for segment in sorted(client.get_children(f"{self.root}/seg")):
                with suppress(NoNodeError):  # records are being deleted
                    names = sorted(client.get_children(f"{self.root}/seg/{segment}"))
                    paths += [f"{self.root}/seg/{segment}/{name}" for name in names]
            results = [(path, client.get_async(path)) for path in paths]
            found = []
            for path, result in results:
                with suppress(NoNodeError):  # records are being deleted
                    found.append((int(path.rpartition("/")[2]), result.get(timeout=DEADLINE_SECONDS)[0]))
            return found

    def records(self) -> list[bytes]:
        """Return all records; their positions must have no gap."""
        stored = self.stored()
        positions = [position for position, _ in stored]
        assert not positions or positions == list(range(positions[0], positions[-1] + 1)), "there is a gap"
        return [record for _, record in stored]


def append_until_fatal(log: ZooKeeperLog, acknowledged: list[bytes], refused: list[str], group: int = 20) -> None:
    """Append groups of numbered records until one is refused."""
    number = 0
    while not refused:
        records = [b"%d" % n for n in range(number, number + group)]
        try:
            log.append(records)
        except FatalLogError as error:
            refused.append(str(error))
        else:
            acknowledged += records
        number += group


def ignore_loss(shared_log: SharedLog, log: ZooKeeperLog) -> None:
    """Make a deposed leader continue as if it had not noticed the takeover, so that the servers must refuse it."""
    wait_until(lambda: shared_log.lost, "the loss to be reported")
    log._ownership._lost_reason = None


def shorten_timeouts(log: ZooKeeperLog, seconds: float = 0.3) -> None:
    """Set the time-outs of a log whose server does not respond, so that the test need not wait long for them."""
    log._settings = log._settings._replace(write_seconds=seconds, read_seconds=seconds, takeover_seconds=seconds)
    log._nodes = log._nodes._replace(seconds=seconds)
    log._takeover._settings, log._takeover._nodes = log._settings, log._nodes


@dataclass
class LeaderProcess:
    """A process that leads a log and obeys the commands that are sent to it."""

    process: subprocess.Popen[str]

    def send(self, *words: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def receive(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")

    def request(self, *words: object) -> str:
        self.send(*words)
        return self.receive()

    def kill(self) -> None:
        """Kill it, also if it is paused."""
        self.process.send_signal(signal.SIGKILL)
        communicate(self.process)


@contextmanager
def leader_process(
    shared_log: SharedLog, host: str = "child", session_seconds: float = SESSION_SECONDS
) -> Iterator[LeaderProcess]:
    """Run a process that leads the log."""
    command = [
        sys.executable,
        "-m",
        "tests.support.log_process",
        shared_log.hosts,
        shared_log.root,
        str(shared_log.folder / host),
        str(session_seconds),
    ]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    one = LeaderProcess(process)
    try:
        assert one.receive() == "leads"
        yield one
    finally:
        with suppress(ProcessLookupError, ValueError):
            one.kill()


def replace_folder(source: Path, target: Path) -> None:
    """Replace a folder with a copy of another."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


@contextmanager
def thread(*target: object) -> Iterator[threading.Thread]:
    """Run a function in a thread while the block runs, and wait for its end."""
    function, *arguments = target
    one = threading.Thread(target=function, args=arguments, daemon=True)
    one.start()
    yield one
    one.join(DEADLINE_SECONDS)
    assert not one.is_alive()


def wait_for_records(shared_log: SharedLog, count: int) -> None:
    wait_until(lambda: len(shared_log.stored()) >= count, f"{count} records in the log")


class SilencingProxy:
    """A TCP proxy to one server that can drop the server's replies and break connections; requests are passed on."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._dropping = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server((HOST, 0))
        self.hosts = f"{HOST}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def accepted(self) -> int:
        return len(self._pairs)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((HOST, self._port))
                self._pairs.append((client, server))
                threading.Thread(target=self._carry, args=(client, server, None), daemon=True).start()
                threading.Thread(target=self._carry, args=(server, client, self._dropping), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, dropping: threading.Event | None) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if dropping is None or not dropping.is_set():
                    target.sendall(data)

    def drop_replies(self) -> None:
        self._dropping.set()

    def break_connections(self) -> None:
        """Break every connection; replies on new connections are passed on again."""
        self._dropping.clear()
        for pair in self._pairs:
            for connection in pair:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.break_connections()
