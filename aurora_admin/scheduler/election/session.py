"""A session with ZooKeeper that follows the children of one node, and knows when it is over."""

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    KazooException,
    NoNodeError,
    OperationTimeoutError,
    SessionExpiredError,
)
from kazoo.retry import KazooRetry
from kazoo.security import CREATOR_ALL_ACL, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE

from aurora_admin.zookeeper.connection import Sockets

logger = logging.getLogger(__name__)

# After each of these kazoo tells a change of its state, at which the children are looked at again.
CONNECTION_ERRORS = (ConnectionClosedError, ConnectionLoss, OperationTimeoutError, SessionExpiredError)
RECONNECT_SECONDS = (0.1, 1.0)
# Nodes of a session that cannot be closed in this time go when the servers miss it.
CLOSE_SECONDS = 3.0


class Access(NamedTuple):
    """Where ZooKeeper is, and who we are there."""

    hosts: str
    chroot: str = ""
    session_seconds: float = 15.0
    connection_seconds: float | None = None
    credentials: str | None = None


class Session:
    """Calls back in a thread of its own: `on_open` once, `on_children` with their names after every change.

    `on_lost` is called once, with the reason, when nothing that the session holds can be relied on; without it the
    session is made anew for as long as it takes.
    """

    def __init__(
        self,
        access: Access,
        path: str,
        on_children: Callable[[list[str]], None],
        on_open: Callable[[], None] = lambda: None,
        on_lost: Callable[[str], None] | None = None,
    ) -> None:
        self._access, self._path = access, path
        self._on_children, self._on_open, self._on_lost = on_children, on_open, on_lost
        self._wakes: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._negotiated_seconds = access.session_seconds
        self.client = _client(access)
        self.client.add_listener(self._on_state)
        self._remember_negotiated()

    def open(self) -> None:
        """Connect, and follow the node; returns at once."""
        threading.Thread(target=self._run, name="zookeeper", daemon=True).start()

    def wake(self, *_: object) -> None:
        """Have the children looked at soon."""
        self._wakes.put(True)

    def close(self) -> None:
        """End the session: its nodes are gone on return, if the servers can be reached."""
        self._over.set()
        self._wakes.put(False)
        if self._timer:
            self._timer.cancel()
        closer = threading.Thread(target=self._stop_client, name="zookeeper-close", daemon=True)
        closer.start()
        closer.join(CLOSE_SECONDS)

    def _stop_client(self) -> None:
        with suppress(KazooException, OSError):
            self.client.stop()
            self.client.close()

    def _run(self) -> None:
        access = self._access
        if not self.client.start_async().wait(access.connection_seconds):
            self.lose(
                f"ZooKeeper at {access.hosts} does not answer within {access.connection_seconds:g} s "
                "(-zk_connection_timeout). Check the servers and -zk_endpoints"
            )
            return
        try:
            if access.chroot and self.client.exists("/") is None:
                where = f"{access.chroot} is not in ZooKeeper at {access.hosts}"
                self.lose(f"{where}: create it, or correct -zk_chroot_path")
                return
            self._on_open()
        except KazooException as error:
            self.lose(self._refused(error))
            return
        except Exception as error:
            logger.exception("Standing for election failed unexpectedly")
            self.lose(f"{type(error).__name__}: {error}")
            return
        while self._wakes.get() and not self._over.is_set():
            self._look()

    def _look(self) -> None:
        try:
            self._on_children(self._children())
        except CONNECTION_ERRORS:
            logger.debug("ZooKeeper was out of reach; the next change of state looks again")
        except KazooException as error:
            self.lose(self._refused(error))
        except Exception as error:
            # A candidate that does not look any more would stand in the way of the others for good.
            logger.exception("Looking at %s failed unexpectedly", self._path)
            self.lose(f"{type(error).__name__}: {error}")

    def _children(self) -> list[str]:
        """Return them, or none where there is no node (yet); either way the next change wakes us."""
        if self.client.exists(self._path, watch=self.wake) is None:
            return []
        try:
            names: list[str] = self.client.get_children(self._path, watch=self.wake)
        except NoNodeError:  # gone in this moment, and the watch on it has told
            return []
        return names

    def _refused(self, error: KazooException) -> str:
        return f"ZooKeeper at {self._access.hosts} refuses us {self._path}: {type(error).__name__} {error}".rstrip()

    def _on_state(self, state: str) -> None:
        """Watch over the session; kazoo calls this in its connection's thread.

        It tells of a lost session only once it has reached a server again, which may be never. By our own clock the
        servers have given the session up when nothing was heard for the time-out that they granted.
        """
        if self._timer:
            self._timer.cancel()
        if state == KazooState.SUSPENDED:
            text = f"ZooKeeper was not heard of for {self._negotiated_seconds:g} s, the session time-out"
            self._timer = threading.Timer(self._negotiated_seconds, self.lose, [text])
            self._timer.daemon = True
            self._timer.start()
        elif state == KazooState.LOST:
            self.lose("the session with ZooKeeper has expired")
        else:
            self.wake()

    def lose(self, reason: str) -> None:
        """Give up what the session holds: tell so, the first time, and nothing more."""
        if self._on_lost is None:
            if not self._over.is_set():
                logger.warning("%s", reason)
            return
        with self._lock:  # our own clock and kazoo may say so in the same moment
            if self._over.is_set():
                return
            self._over.set()
        self._wakes.put(False)
        self._on_lost(reason)

    def _remember_negotiated(self) -> None:
        """Note the time-out that a server grants; kazoo tells it to nobody but its connection."""
        connection = self.client._connection  # noqa: SLF001
        connect = connection._connect  # noqa: SLF001

        def noting(*arguments: object) -> tuple[float, float]:
            read_ms, connect_ms = connect(*arguments)
            self._negotiated_seconds = read_ms * 1.5 / 1000  # kazoo waits two thirds of it for a sign of life
            return read_ms, connect_ms

        connection._connect = noting  # noqa: SLF001


def _client(access: Access) -> Any:
    digest = [("digest", access.credentials)] if access.credentials else None
    first, longest = RECONNECT_SECONDS
    return KazooClient(
        access.hosts + access.chroot,
        timeout=access.session_seconds,
        handler=Sockets(access.hosts, access.session_seconds),
        auth_data=digest,
        default_acl=[*CREATOR_ALL_ACL, *READ_ACL_UNSAFE] if digest else OPEN_ACL_UNSAFE,
        connection_retry=KazooRetry(max_tries=-1, delay=first, max_delay=longest),
    )
