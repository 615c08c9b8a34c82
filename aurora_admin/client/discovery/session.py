"""One session with a ZooKeeper ensemble, to read in: nothing is retried here, and everything has an end.

kazoo is told to go round the servers once; when to go again is decided where all other retries are.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    KazooException,
    NoAuthError,
    NoNodeError,
    SessionExpiredError,
)
from kazoo.handlers.threading import SequentialThreadingHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # Takes a wait of so many seconds that tells whether something happened, and tells whether it did in time.
    Wait = Callable[[Callable[[float], bool]], bool]

FAREWELL_SECONDS = 1.0  # a session that is not closed ends by itself; closing it is a courtesy
NO_ANSWER = "connected, but there was no answer"


class Unavailable(Exception):
    """The ensemble could not be asked; the text is the reason."""


class Session:
    """A session that is asked for at once, and there once `open` returns.

    `changed` is set when what was read may not be true any more.
    """

    def __init__(self, hosts: Sequence[str], seconds: float, changed: Event) -> None:
        # No server is waited for so long that there is no time for the others.
        self._threads = _Threads(seconds / len(hosts))
        self._client = KazooClient(
            ",".join(hosts),
            timeout=seconds,
            handler=self._threads,
            logger=_silence(),
            connection_retry={"max_tries": 1},
        )
        self._client.add_listener(lambda _: self._threads.settled.set())
        self._changed = changed
        self._client.start_async()

    @property
    def is_open(self) -> bool:
        return bool(self._client.connected)

    def open(self, wait: Wait) -> None:
        """Return when there is a connection.

        Raises:
            Unavailable: no server took us.
        """
        is_settled = wait(self._threads.settled.wait)
        if not self.is_open:
            untried = "none of these names is known" if is_settled else "timed out"
            raise Unavailable(self._threads.reasons() or untried)

    def read(
        self, path: str, wanted: Callable[[str], Any], wait: Wait
    ) -> tuple[list[str], dict[str, bytes | None]] | None:
        """Return the names of the children, and what is in those that are wanted; None if there is no such path.

        A node that we may not read is None, too.

        Raises:
            Unavailable: the connection broke, or there was no answer in time.
        """
        try:
            names: list[str] = self._answer(self._asked(self._client.get_children_async, path), wait)
        except NoNodeError:
            return None
        except NoAuthError as error:
            raise Unavailable(f"its ACL does not let us read {path}") from error
        asked = {
            name: self._asked(self._client.get_async, f"{path.rstrip('/')}/{name}") for name in names if wanted(name)
        }
        found: dict[str, bytes | None] = {}
        for name, answer in asked.items():
            with suppress(NoNodeError):  # gone since its name was read
                found[name] = self._data(answer, wait)
        return names, found

    def close(self) -> None:
        """Say goodbye; a server that does not hear it any more is not waited for."""
        is_heard = self.is_open
        farewell = Thread(target=self._end, daemon=True)
        farewell.start()
        if is_heard:
            farewell.join(FAREWELL_SECONDS)

    def _end(self) -> None:
        try:
            self._client.stop()
            self._client.close()
        except (KazooException, OSError):
            return

    def _note(self, _event: object) -> None:
        self._changed.set()

    def _asked(self, ask: Callable[..., Any], path: str) -> Any:
        """Ask in a thread, where no Ctrl-C can come: kazoo takes one for a broken connection, and goes on."""
        answers: SimpleQueue[Any] = SimpleQueue()
        Thread(target=lambda: answers.put(ask(path, watch=self._note)), daemon=True).start()
        return answers.get()

    def _data(self, answer: Any, wait: Wait) -> bytes | None:
        try:
            return bytes(self._answer(answer, wait)[0])
        except NoAuthError:
            return None

    def _answer(self, answer: Any, wait: Wait) -> Any:
        if not wait(answer.wait):
            raise Unavailable(NO_ANSWER)
        try:
            return answer.get()
        except (NoNodeError, NoAuthError):
            raise
        except (ConnectionLoss, ConnectionClosedError, SessionExpiredError) as error:
            raise Unavailable("the connection was lost") from error
        except KazooException as error:
            raise Unavailable(str(error) or type(error).__name__) from error


class _Threads(SequentialThreadingHandler):  # type: ignore[misc]
    """kazoo's threads and sockets, and what became of each try to connect."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.settled = Event()  # there is a connection, or no server is left to try
        self._seconds = seconds
        self._tried: dict[str, str] = {}

    def create_connection(self, address: tuple[str, int], *more: Any, **settings: Any) -> Any:
        """Connect, in the time for one server; kazoo gives each the time for all."""
        try:
            connection = super().create_connection(address, *more, **{**settings, "timeout": self._seconds})
        except OSError as error:
            self._tried[_name(address)] = error.strerror or str(error) or type(error).__name__
            raise
        self._tried[_name(address)] = NO_ANSWER
        return connection

    def spawn(self, func: Callable[..., object], *args: Any, **kwargs: Any) -> Thread:
        """Start a thread; the one that connects is the only one that ends before it is told to."""

        def work() -> None:
            try:
                func(*args, **kwargs)
            finally:
                self.settled.set()

        return super().spawn(work)  # type: ignore[no-any-return]

    def reasons(self) -> str:
        """Return why there is no connection, nothing if no server was tried; one that all share is told once."""
        if len(reasons := set(self._tried.values())) == 1:
            return reasons.pop()
        return ", ".join(f"{server} {reason}" for server, reason in sorted(self._tried.items()))


def _name(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"


def _silence() -> logging.Logger:
    """Return a logger that says nothing: what kazoo warns about is told in our words."""
    logger = logging.getLogger("aurora_admin.zookeeper")
    logger.disabled = True
    return logger
