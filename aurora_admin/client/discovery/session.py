"""A ZooKeeper session to read in, without retries: kazoo tries each server once, and every wait has a deadline.

Retries of a lookup are decided in client/retry.py, like all others.
"""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from kazoo.exceptions import KazooException, NoAuthError, NoNodeError

from aurora_admin.zookeeper import connection

if TYPE_CHECKING:
    from collections.abc import Callable

    # Waits for an event, given as a function that waits for so many seconds, and returns whether it happened in time.
    Wait = Callable[[Callable[[float], bool]], bool]

CLOSE_SECONDS = 1.0  # a session that is not closed expires by itself
NO_REPLY = "connected, but there was no reply"


class Unavailable(Exception):
    """The ensemble could not be read; the text is the reason."""


class LookupSession:
    """A session that connects at once and is usable when `open` has returned.

    `changed` is set when something that was read may have changed.
    """

    def __init__(self, hosts: str, seconds: float, changed: Event) -> None:
        self._handler = _Handler(hosts, seconds)
        self._client = connection.new_client(
            hosts,
            seconds,
            handler=self._handler,
            logger=connection.disabled_logger(),
            connection_retry={"max_tries": 1},
        )
        self._client.add_listener(lambda _: self._handler.settled.set())
        self._changed = changed
        self._client.start_async()

    @property
    def is_open(self) -> bool:
        return bool(self._client.connected)

    def open(self, wait: Wait) -> None:
        """Return when there is a connection.

        Raises:
            Unavailable: no server accepted one.
        """
        is_settled = wait(self._handler.settled.wait)
        if not self.is_open:
            untried = "none of the host names can be resolved" if is_settled else "timed out"
            raise Unavailable(self._handler.reasons() or untried)

    def read(
        self, path: str, wanted: Callable[[str], Any], wait: Wait
    ) -> tuple[list[str], dict[str, bytes | None]] | None:
        """Return the names of the children, and the contents of those that are wanted; None if the path is missing.

        The content is None where the ACL does not allow reading it.

        Raises:
            Unavailable: the connection was lost, or there was no reply in time.
        """
        try:
            names: list[str] = self._result(self._request(self._client.get_children_async, path), wait)
        except NoNodeError:
            return None
        except NoAuthError as error:
            raise Unavailable(f"its ACL does not allow reading {path}") from error
        pending = {
            name: self._request(self._client.get_async, f"{path.rstrip('/')}/{name}") for name in names if wanted(name)
        }
        contents: dict[str, bytes | None] = {}
        for name, request in pending.items():
            with suppress(NoNodeError):  # deleted since its name was read
                contents[name] = self._content(request, wait)
        return names, contents

    def close(self) -> None:
        """Close the session; wait for that only if it is connected."""
        is_connected = self.is_open
        closing = Thread(target=connection.close, args=[self._client], daemon=True)
        closing.start()
        if is_connected:
            closing.join(CLOSE_SECONDS)

    def _on_change(self, _event: object) -> None:
        self._changed.set()

    def _request(self, method: Callable[..., Any], path: str) -> Any:
        """Send a request from a thread of its own: kazoo takes a Ctrl-C in here for a lost connection, and goes on.

        An error in that thread is raised here.
        """
        sent: Future[Any] = Future()

        def send() -> None:
            try:
                sent.set_result(method(path, watch=self._on_change))
            except BaseException as error:  # noqa: BLE001 - handed over, so that the caller cannot wait for ever
                sent.set_exception(error)

        Thread(target=send, daemon=True).start()
        return sent.result()

    def _content(self, request: Any, wait: Wait) -> bytes | None:
        try:
            return bytes(self._result(request, wait)[0])
        except NoAuthError:
            return None

    def _result(self, request: Any, wait: Wait) -> Any:
        if not wait(request.wait):
            raise Unavailable(NO_REPLY)
        try:
            return request.get()
        except (NoNodeError, NoAuthError):
            raise
        except connection.CONNECTION_ERRORS as error:
            raise Unavailable("the connection was lost") from error
        except KazooException as error:
            raise Unavailable(connection.describe(error)) from error


class _Handler(connection.Handler):
    """Records the outcome of each attempt to connect."""

    def __init__(self, hosts: str, session_seconds: float) -> None:
        super().__init__(hosts, session_seconds)
        self.settled = Event()  # there is a connection, or no server is left to try
        self._outcomes: dict[str, str] = {}

    def create_connection(self, address: tuple[str, int], *more: Any, **settings: Any) -> Any:
        """Connect to one server; raises as that of the base class."""
        server = f"{address[0]}:{address[1]}"
        try:
            connected = super().create_connection(address, *more, **settings)
        except OSError as error:
            self._outcomes[server] = error.strerror or str(error) or type(error).__name__
            raise
        self._outcomes[server] = NO_REPLY
        return connected

    def spawn(self, func: Callable[..., object], *args: Any, **kwargs: Any) -> Thread:
        """Start a thread. Of kazoo's threads only the connecting one ends by itself, when no server is left to try."""

        def run() -> None:
            try:
                func(*args, **kwargs)
            finally:
                self.settled.set()

        return super().spawn(run)  # type: ignore[no-any-return]

    def reasons(self) -> str:
        """Return why there is no connection, for each server or once for all; empty if no server was tried."""
        if len(reasons := set(self._outcomes.values())) == 1:
            return reasons.pop()
        return ", ".join(f"{server} {reason}" for server, reason in sorted(self._outcomes.items()))
