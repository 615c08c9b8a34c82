"""A session with ZooKeeper, its failures told as the log's."""

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


class Place(NamedTuple):
    """Where a log is, and who comes to it. Times in seconds."""

    hosts: str
    root: str
    credentials: str | None = None
    session_seconds: float = 15.0
    connect_seconds: float = 10.0

    def __str__(self) -> str:
        return f"{self.root} in ZooKeeper {self.hosts}"


def connect(place: Place, listener: Callable[[str], None] | None = None) -> KazooClient:
    """Begin a session; `listener` is told of its states, in the thread that serves it.

    Raises:
        LogError: no server answers.
    """
    client = new_client(
        place.hosts,
        place.session_seconds,
        credentials=place.credentials,
        # Records hold the configurations of jobs: with credentials nobody else may read them.
        default_acl=acl(place.credentials, world_readable=False),
        logger=logging.getLogger("kazoo.log"),
    )
    if listener:
        client.add_listener(listener)
    try:
        client.start(timeout=place.connect_seconds)
    except KAZOO_ERRORS as error:
        client.close()
        raise LogError(
            f"No ZooKeeper server of {place.hosts} answered in {place.connect_seconds:g} s. "
            "Check the addresses and that the servers have a leader."
        ) from error
    return client


def disconnect(client: KazooClient) -> None:
    """End the session, and with it the ephemeral nodes."""
    if error := close(client):
        logging.getLogger(__name__).warning("The session with ZooKeeper could not be closed: %r", error)


def refusal(results: list[Any]) -> KazooException | None:
    """Find what made a transaction fail among its results, if it did."""
    errors = [result for result in results if isinstance(result, Exception)]
    causes = [error for error in errors if not isinstance(error, RolledBackError | RuntimeInconsistency)]
    return next(iter(causes or errors), None)


def commit(client: KazooClient, transaction: Any, seconds: float) -> None:
    """Carry out all of a transaction or nothing.

    Raises:
        KazooException: what it was refused for, or its outcome is unknown.
    """
    failure = refusal(transaction.commit_async().get(timeout=seconds))
    if failure:
        raise failure


def reason(error: BaseException) -> str:
    """Say what a failure of kazoo means; its errors come without a text."""
    if isinstance(error, NoAuthError | AuthFailedError):
        return "access denied: check the credentials (-zk_digest_credentials) and the ACL of the nodes"
    if isinstance(error, QuotaExceededError):
        return "the quota of the node is exceeded: raise it, or the log can grow no more"
    if isinstance(error, BadVersionError):
        return "somebody else has changed it meanwhile"
    if isinstance(error, KazooTimeoutError):
        return "no answer in time"
    return str(error) if isinstance(error, LogError) else describe(error)
