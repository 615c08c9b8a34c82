"""A log in a real ZooKeeper, several openings of it, and a look at its nodes that nothing of ours is in between."""

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

from aurora_admin.scheduler.storage.engine import LogBroken
from aurora_admin.scheduler.storage.zookeeper import admin
from aurora_admin.scheduler.storage.zookeeper.connection import Place
from aurora_admin.scheduler.storage.zookeeper.log import ZooKeeperLog
from aurora_admin.scheduler.storage.zookeeper.takeover import Settings
from tests.conftest import CHECKOUT
from tests.support.waiting import DEADLINE_SECONDS, communicate, wait_until
from tests.support.zookeeper import HOST, zookeeper_client

NOOP = b"no-op"
# Longer than a busy machine may take for one answer; a test that wants a shorter one says so.
PATIENCE = {"takeover_seconds": 30.0, "read_seconds": 30.0, "write_seconds": 30.0}
SESSION_SECONDS = 20.0


def end_session(client: KazooClient, hosts: str) -> None:
    """End a client's session behind its back, as servers do that have not heard of it for too long."""
    was = client.client_id

    def is_over() -> bool:
        with zookeeper_client(hosts, client_id=was):  # on a busy machine the client itself may come back first
            pass
        return bool(client.connected and client.client_id != was)

    wait_until(is_over, "a session after that one")


@dataclass
class Logs:
    """One log; `open` and `lead` open it as a host of its own, with a folder of its own."""

    hosts: str
    folder: Path
    root: str = field(default_factory=lambda: f"/aurora-{uuid.uuid4().hex}/log")
    credentials: str | None = None
    session_seconds: float = SESSION_SECONDS
    lost: list[str] = field(default_factory=list)
    opened: list[ZooKeeperLog] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.hosts, self.root, self.credentials, self.session_seconds, float(DEADLINE_SECONDS))

    def initialize(self) -> str:
        return admin.initialize(self.place)

    def wipe(self) -> None:
        with admin.opened(self.place) as contents:
            admin.wipe(contents)

    def open(self, host: str = "h1", place: Place | None = None, **settings: object) -> ZooKeeperLog:
        mine = Settings(host, "west", str(self.folder / host))._replace(**PATIENCE)._replace(**settings)
        one = ZooKeeperLog(place or self.place, mine, self.lost.append)
        self.opened.append(one)
        return one

    def lead(self, host: str = "h1", place: Place | None = None, **settings: object) -> ZooKeeperLog:
        one = self.open(host, place, **settings)
        one.fence()
        return one

    def close(self) -> None:
        for one in self.opened:
            one.close()

    def client(self) -> KazooClient:
        """A client that may see the log."""
        return zookeeper_client(self.hosts, auth_data=[("digest", self.credentials)] if self.credentials else None)

    def stored(self) -> list[tuple[int, bytes]]:
        """All records there are, forgotten ones too."""
        with self.client() as client:
            client.sync(self.root)
            paths: list[str] = []
            for segment in sorted(client.get_children(f"{self.root}/seg")):
                with suppress(NoNodeError):  # the deleting goes on
                    names = sorted(client.get_children(f"{self.root}/seg/{segment}"))
                    paths += [f"{self.root}/seg/{segment}/{name}" for name in names]
            answers = [(path, client.get_async(path)) for path in paths]
            found = []
            for path, answer in answers:
                with suppress(NoNodeError):  # the deleting goes on
                    found.append((int(path.rpartition("/")[2]), answer.get(timeout=DEADLINE_SECONDS)[0]))
            return found

    def records(self) -> list[bytes]:
        """All records there are; they must be in a row."""
        stored = self.stored()
        positions = [position for position, _ in stored]
        assert not positions or positions == list(range(positions[0], positions[-1] + 1)), "there is a gap"
        return [record for _, record in stored]


def append_for_ever(log: ZooKeeperLog, acknowledged: list[bytes], refused: list[str], group: int = 20) -> None:
    """Append groups of numbered records until one is refused."""
    number = 0
    while not refused:
        records = [b"%d" % n for n in range(number, number + group)]
        try:
            log.append(records)
        except LogBroken as error:
            refused.append(str(error))
        else:
            acknowledged += records
        number += group


def never_told(logs: Logs, log: ZooKeeperLog) -> None:
    """Let a deposed leader go on as if the news had not reached it: it is for the servers to refuse it."""
    wait_until(lambda: logs.lost, "the news")
    log._hold._broken = None


@dataclass
class Child:
    """A process of its own that holds a log and does as it is told, line by line."""

    process: subprocess.Popen[str]

    def tell(self, *words: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")

    def ask(self, *words: object) -> str:
        self.tell(*words)
        return self.hear()

    def kill(self) -> None:
        """End it as a power cut would, paused or not."""
        self.process.send_signal(signal.SIGKILL)
        communicate(self.process)


@contextmanager
def child(logs: Logs, host: str = "child", session_seconds: float = SESSION_SECONDS) -> Iterator[Child]:
    """Run a process that leads the log."""
    command = [
        sys.executable,
        "-m",
        "tests.support.log_process",
        logs.hosts,
        logs.root,
        str(logs.folder / host),
        str(session_seconds),
    ]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    one = Child(process)
    try:
        assert one.hear() == "leads"
        yield one
    finally:
        with suppress(ProcessLookupError, ValueError):
            one.kill()


def copy(source: Path, target: Path) -> None:
    """Put one folder in the place of another."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


@contextmanager
def thread(*target: object) -> Iterator[threading.Thread]:
    """Run a function beside the block, and wait for its end after it."""
    function, *arguments = target
    one = threading.Thread(target=function, args=arguments, daemon=True)
    one.start()
    yield one
    one.join(DEADLINE_SECONDS)
    assert not one.is_alive()


def wait_for_records(logs: Logs, count: int) -> None:
    wait_until(lambda: len(logs.stored()) >= count, f"{count} records in the log")


class Silencer:
    """A way to one server that can swallow its answers, and be cut; what is sent to the server arrives."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._silent = threading.Event()
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
                threading.Thread(target=self._carry, args=(server, client, self._silent), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, silent: threading.Event | None) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if silent is None or not silent.is_set():
                    target.sendall(data)

    def silence(self) -> None:
        self._silent.set()

    def cut(self) -> None:
        """Break every connection; the next one is heard again."""
        self._silent.clear()
        for pair in self._pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()
