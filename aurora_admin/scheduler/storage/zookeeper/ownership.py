"""Whether this process still owns the log in ZooKeeper."""

import threading
from collections.abc import Callable

from aurora_admin.scheduler.storage.engine import FatalLogError


class Ownership:
    """The right of this process to write the log.

    - It is lost when another process takes the log over, when the session ends, when the connection is lost during a
      write, and when a write fails after a request was sent. The first reason is kept.
    - It never comes back. A process that has lost it must end, and the next leader reads what is in the log.
    - A connection that is lost and restored between two writes within one session does no harm: no request is pending.
    - It is for noticing a loss early, and for never sending a request after a failed one. It does not keep a deposed
      leader out: the servers do, because every transaction checks R/epoch (see Takeover and Pipeline).
    - The process learns of every loss: from the FatalLogError of the write that fails, or, if no write fails, from
      `on_lost`, which is called with the reason in any thread and must not block.

    Attributes:
        connected: set while there is a connection.
        lost_sessions: how many sessions have ended.
        acquired: the takeover is complete; from now on the end of the session is the end of the ownership.
        writing: a write is running.
    """

    def __init__(self, location: str, on_lost: Callable[[str], None]) -> None:
        self.connected = threading.Event()
        self.lost_sessions = 0
        self.acquired = False
        self.writing = False
        self._location = location
        self._on_lost = on_lost
        self._lock = threading.Lock()
        self._lost_reason: str | None = None

    def check(self) -> None:
        """Raise FatalLogError if the ownership is lost."""
        if self._lost_reason:
            raise FatalLogError(self._lost_reason)

    def revoke(self, reason: str) -> FatalLogError:
        """End the ownership. Return the error to raise, with the first reason."""
        with self._lock:
            self._lost_reason = self._lost_reason or reason
        return FatalLogError(self._lost_reason)

    def revoke_and_report(self, reason: str) -> None:
        """End the ownership and call `on_lost`, unless it has ended before."""
        if self._lost_reason is None:
            self._on_lost(str(self.revoke(reason)))

    def write_succeeded(self) -> None:
        """End a write, and report a loss during it: the write stands, but no other can follow it."""
        self.writing = False
        if self._lost_reason:
            self._on_lost(self._lost_reason)

    def on_connection_state(self, state: str) -> None:
        """Take in a new state of the session; called in kazoo's own thread, so it must not block."""
        if state == "CONNECTED":
            self.connected.set()
            return
        self.connected.clear()
        if state == "LOST":
            self.lost_sessions += 1
            if self.acquired:
                self.revoke_and_report(f"The session with ZooKeeper that held the log {self._location} is over")
        elif self.writing:
            self.revoke(f"The connection to ZooKeeper was lost during a write to the log {self._location}")
