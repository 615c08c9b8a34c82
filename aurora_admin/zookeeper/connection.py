"""Clients of ZooKeeper: how kazoo is configured, and which of its errors are handled.

Every use of kazoo's internals is here and in client/discovery/session.py; setup.cfg bounds its version for them.
"""

import logging
from collections.abc import Callable
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionClosedError,
    ConnectionLoss,
    KazooException,
    OperationTimeoutError,
    SessionExpiredError,
)
from kazoo.handlers.threading import KazooTimeoutError, SequentialThreadingHandler
from kazoo.security import CREATOR_ALL_ACL, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE

KAZOO_ERRORS = (KazooException, KazooTimeoutError)
# The request may not have reached a server; nothing is wrong with the request itself.
CONNECTION_ERRORS = (ConnectionClosedError, ConnectionLoss, OperationTimeoutError, SessionExpiredError)


class Handler(SequentialThreadingHandler):  # type: ignore[misc]
    """kazoo's threads and sockets, with a time-out for each server.

    Each of n servers gets an n-th of the session time-out to accept a connection. kazoo alone waits the full time-out
    for a host that is down, and the session expires before another server is tried.
    """

    def __init__(self, hosts: str, session_seconds: float) -> None:
        super().__init__()
        self._connect_seconds = session_seconds / len(hosts.split(","))

    def create_connection(self, *address: Any, **settings: Any) -> Any:
        """Connect to one server; raises OSError, TimeoutError among them."""
        return super().create_connection(*address, **{**settings, "timeout": self._connect_seconds})


def new_client(
    hosts: str,
    session_seconds: float,
    *,
    credentials: str | None = None,
    handler: Handler | None = None,
    **settings: Any,
) -> KazooClient:
    """Return a client that is not started yet; `hosts` may end in a chroot, `settings` are kazoo's."""
    return KazooClient(
        hosts,
        timeout=session_seconds,
        handler=handler or Handler(hosts, session_seconds),
        auth_data=[("digest", credentials)] if credentials else None,
        **settings,
    )


def acl(credentials: str | None, *, world_readable: bool) -> list[Any]:
    """Return who may use a new node: everybody, or with credentials their user alone and, if so wished, all readers."""
    if not credentials:
        return list(OPEN_ACL_UNSAFE)
    return [*CREATOR_ALL_ACL, *(READ_ACL_UNSAFE if world_readable else ())]


def close(client: KazooClient) -> Exception | None:
    """End the session, and with it its ephemeral nodes; return the error that prevented it, if any."""
    try:
        try:
            client.stop()
        finally:
            client.close()
    except (*KAZOO_ERRORS, OSError) as error:
        return error
    return None


def on_negotiated(client: KazooClient, callback: Callable[[float], None]) -> None:
    """Call back with the session time-out, in seconds, that a server grants at each connection.

    kazoo has no public way to learn it.
    """
    connection = client._connection  # noqa: SLF001
    connect = connection._connect  # noqa: SLF001

    def connect_and_note(*arguments: object) -> tuple[float, float]:
        read_ms, connect_ms = connect(*arguments)
        callback(read_ms * 1.5 / 1000)  # kazoo's read time-out is two thirds of the session's
        return read_ms, connect_ms

    connection._connect = connect_and_note  # noqa: SLF001


def disabled_logger() -> logging.Logger:
    """Return a logger without output, for a caller that reports kazoo's failures itself."""
    logger = logging.getLogger("aurora_admin.zookeeper")
    logger.disabled = True
    return logger


def describe(error: BaseException) -> str:
    """Return the type and text of an error; many of kazoo's have no text."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
