"""A session with ZooKeeper that follows the children of one node, and notices when it is lost."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from kazoo.client import KazooState
from kazoo.exceptions import KazooException, NoNodeError
from kazoo.retry import KazooRetry

from aurora_admin.zookeeper import connection

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = (0.1, 1.0)  # first and longest back-off
# The servers remove the nodes of a session that is not closed in this time when its time-out is over.
CLOSE_SECONDS = 3.0


class Access(NamedTuple):
    """Where ZooKeeper is, and whose credentials are used there."""

    hosts: str
    chroot: str = ""
    session_seconds: float = 15.0
    connection_seconds: float | None = None
    credentials: str | None = None


class Session:
    """Calls back in a thread of its own: `on_open` once, `on_children` with their names after every change.

    With `on_lost` this is guaranteed:

    - It is called at most once, with the reason. A running callback may finish later; no new one starts.
    - It is called no later than one session time-out after kazoo has noticed that the connection is lost, by this
      process's clock. kazoo itself reports an expired session only when it has reached a server again, which may be
      never. The servers may end the session earlier, because kazoo notices silence only after two thirds of the
      time-out: until then two schedulers can take themselves for the leader, and the fence of the log decides which of
      them writes (docs/replicated-log.md 2.4).
    - It is also called when the first connection takes longer than `connection_seconds`, when the chroot is missing,
      when ZooKeeper refuses a request, and when a callback raises.

    A lost connection within the time-out loses nothing: the children are read again after it. Without `on_lost` an
    expired session is replaced by a new one for as long as it takes, and the other failures are logged.
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
        self.client = new_client(access)
        self.client.add_listener(self._on_state)
        connection.on_negotiated(self.client, self._set_negotiated)

    def open(self) -> None:
        """Connect, and follow the node; return at once."""
        threading.Thread(target=self._run, name="zookeeper", daemon=True).start()

    def wake(self, *_: object) -> None:
        """Read the children again soon. Also used as a kazoo watch."""
        self._wakes.put(True)

    def close(self) -> None:
        """End the session. On return its nodes are removed, if the servers can be reached."""
        self._over.set()
        self._wakes.put(False)
        if self._timer:
            self._timer.cancel()
        closer = threading.Thread(target=connection.close, args=[self.client], name="zookeeper-close", daemon=True)
        closer.start()
        closer.join(CLOSE_SECONDS)

    def give_up(self, reason: str) -> None:
        """Report the loss of the session, the first time, and call back no more."""
        if self._on_lost is None:
            if not self._over.is_set():
                logger.warning("%s", reason)
            return
        with self._lock:  # the timer and kazoo may report it at the same moment
            if self._over.is_set():
                return
            self._over.set()
        self._wakes.put(False)
        self._on_lost(reason)

    def _run(self) -> None:
        access = self._access
        if not self.client.start_async().wait(access.connection_seconds):
            self.give_up(
                f"ZooKeeper at {access.hosts} does not answer within {access.connection_seconds:g} s "
                "(-zk_connection_timeout). Check the servers and -zk_endpoints"
            )
        elif self._attempt(self._begin):
            while self._wakes.get() and not self._over.is_set():
                self._attempt(lambda: self._on_children(self._children()), connection.CONNECTION_ERRORS)

    def _begin(self) -> None:
        access = self._access
        if access.chroot and self.client.exists("/") is None:
            self.give_up(
                f"{access.chroot} is not in ZooKeeper at {access.hosts}: create it, or correct -zk_chroot_path"
            )
        else:
            self._on_open()

    def _attempt(self, step: Callable[[], None], passing: tuple[type[KazooException], ...] = ()) -> bool:
        """Run a step; on failure give up and return False.

        Errors in `passing` are ignored until the next change of state.
        """
        try:
            step()
        except passing:
            logger.debug("ZooKeeper could not be reached; the children are read again at the next change of state")
        except KazooException as error:
            self.give_up(
                f"ZooKeeper at {self._access.hosts} refused a request for {self._path}: {connection.describe(error)}"
            )
            return False
        except Exception as error:
            # A candidate that stops watching its node would block every other candidate.
            logger.exception("An unexpected error in the session with ZooKeeper, at %s", self._path)
            self.give_up(connection.describe(error))
            return False
        return True

    def _children(self) -> list[str]:
        """Return the names of the children, none if the node is missing; the next change wakes this session."""
        if self.client.exists(self._path, watch=self.wake) is None:
            return []
        try:
            names: list[str] = self.client.get_children(self._path, watch=self.wake)
        except NoNodeError:  # deleted since; the watch on it has fired
            return []
        return names

    def _on_state(self, state: str) -> None:
        """Start or stop the time-out of the session; kazoo calls this in the thread of its connection."""
        if self._timer:
            self._timer.cancel()
        if state == KazooState.SUSPENDED:
            text = f"no reply from ZooKeeper for {self._negotiated_seconds:g} s, the session time-out"
            self._timer = threading.Timer(self._negotiated_seconds, self.give_up, [text])
            self._timer.daemon = True
            self._timer.start()
        elif state == KazooState.LOST:
            self.give_up("the session with ZooKeeper has expired")
        else:
            self.wake()

    def _set_negotiated(self, seconds: float) -> None:
        self._negotiated_seconds = seconds


def new_client(access: Access) -> Any:
    """Return a client of kazoo that reconnects for as long as it takes; not started yet."""
    first, longest = RECONNECT_SECONDS
    return connection.new_client(
        access.hosts + access.chroot,
        access.session_seconds,
        credentials=access.credentials,
        default_acl=connection.acl(access.credentials, world_readable=True),
        connection_retry=KazooRetry(max_tries=-1, delay=first, max_delay=longest),
    )
