"""Sessions with ZooKeeper for the log, and the messages for their failures."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from kazoo.client import KazooClient
from kazoo.exceptions import (
    AuthFailedError,
    BadVersionError,
    KazooException,
    NoAuthError,
    QuotaExceededError,
    RolledBackError,
    RuntimeInconsistency,
)
from kazoo.handlers.threading import KazooTimeoutError

from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.zookeeper.connection import KAZOO_ERRORS, acl, close, describe, new_client


class LogLocation(NamedTuple):
    """Where a log is in ZooKeeper, and how to connect to it. Times in seconds."""

    hosts: str
    root: str
    credentials: str | None = None
    session_seconds: float = 15.0
    connect_seconds: float = 10.0

    def __str__(self) -> str:
        return f"{self.root} in ZooKeeper {self.hosts}"


def connect(location: LogLocation, listener: Callable[[str], None] | None = None) -> KazooClient:
    """Start a session; `listener` is called with each new state of it, in kazoo's own thread.

    Raises:
        LogError: no server responded in time.
    """
    client = new_client(
        location.hosts,
        location.session_seconds,
        credentials=location.credentials,
        # Records contain job configurations, so with credentials only their owner has access.
        default_acl=acl(location.credentials, world_readable=False),
        logger=logging.getLogger("kazoo.log"),
    )
    if listener:
        client.add_listener(listener)
    try:
        client.start(timeout=location.connect_seconds)
    except KAZOO_ERRORS as error:
        client.close()
        raise LogError(
            f"No ZooKeeper server of {location.hosts} responded within {location.connect_seconds:g} s. "
            "Check the addresses and that the servers have a leader."
        ) from error
    return client


def disconnect(client: KazooClient) -> None:
    """Close the session, which also deletes its ephemeral nodes and ends the requests that wait for a response."""
    if error := close(client):
        logging.getLogger(__name__).warning("The session with ZooKeeper could not be closed: %r", error)


def transaction_error(results: list[Any]) -> KazooException | None:
    """Return the error that made a transaction fail, from the results of its operations; None if it succeeded."""
    errors = [result for result in results if isinstance(result, Exception)]
    causes = [error for error in errors if not isinstance(error, RolledBackError | RuntimeInconsistency)]
    return next(iter(causes or errors), None)


def commit(client: KazooClient, transaction: Any, seconds: float) -> None:
    """Commit a transaction: all of its operations are carried out, or none.

    Raises:
        KazooException: it was refused, or its outcome is unknown.
        KazooTimeoutError: its outcome is unknown.
    """
    error = transaction_error(transaction.commit_async().get(timeout=seconds))
    if error:
        raise error


def reason(error: BaseException) -> str:
    """Return what a failure means. Most of kazoo's errors have no text."""
    if isinstance(error, NoAuthError | AuthFailedError):
        return "access denied: check the credentials (-zk_digest_credentials) and the ACL of the nodes"
    if isinstance(error, QuotaExceededError):
        return "the quota of the node is exceeded: raise it, or the log cannot grow"
    if isinstance(error, BadVersionError):
        return "another client changed it at the same time"
    if isinstance(error, KazooTimeoutError):
        return "no response in time"
    return str(error) if isinstance(error, LogError) else describe(error)
