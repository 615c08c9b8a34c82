"""Whether this process still holds the log; once it does not, it never will again."""

import threading
from collections.abc import Callable

from aurora_admin.scheduler.storage.engine import LogBroken


class Hold:
    """What became of the session, and of the right to write.

    `on_lost` is called with a text, once, when the log is lost while nobody was writing, or during a write that
    succeeded all the same.
    """

    def __init__(self, place: str, on_lost: Callable[[str], None]) -> None:
        self.connected = threading.Event()
        self.sessions_lost = 0
        self.taken = False
        self.writing = False
        self._place = place
        self._on_lost = on_lost
        self._lock = threading.Lock()
        self._broken: str | None = None

    def check(self) -> None:
        """Raise LogBroken where nothing may be written any more."""
        if self._broken:
            raise LogBroken(self._broken)

    def broken(self, why: str) -> LogBroken:
        """Let nothing be written from now on; the first reason stays."""
        with self._lock:
            self._broken = self._broken or why
        return LogBroken(self._broken)

    def lose(self, why: str) -> None:
        """Do the same, and tell."""
        if self._broken is None:
            self._on_lost(str(self.broken(why)))

    def written(self) -> None:
        """A write has succeeded; tell of what happened meanwhile, as nothing more can be written after it."""
        self.writing = False
        if self._broken:
            self._on_lost(self._broken)

    def on_state(self, state: str) -> None:
        """Take note of a new state of the session, in the thread that serves it, which must not wait.

        A connection that comes back within the session does no harm, unless something was on its way.
        """
        if state == "CONNECTED":
            self.connected.set()
            return
        self.connected.clear()
        if state == "LOST":
            self.sessions_lost += 1
            if self.taken:
                self.lose(f"The session with ZooKeeper that held the log {self._place} is over")
        elif self.writing:
            self.broken(f"The connection to ZooKeeper was lost during a write to the log {self._place}")
