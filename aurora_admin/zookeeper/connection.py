"""How long one ZooKeeper server is waited for, so that there is time for the others."""

from typing import Any

from kazoo.handlers.threading import SequentialThreadingHandler


class Sockets(SequentialThreadingHandler):  # type: ignore[misc]
    """kazoo's threads and sockets; each server gets its share of the session's time to take a connection.

    kazoo alone would wait for a host without power as long as the session lasts, and so lose it.
    """

    def __init__(self, hosts: str, session_seconds: float) -> None:
        super().__init__()
        self._seconds = session_seconds / len(hosts.split(","))

    def create_connection(self, *where: Any, **settings: Any) -> Any:
        """Connect, or give up when the share is used up."""
        return super().create_connection(*where, **{**settings, "timeout": self._seconds})
