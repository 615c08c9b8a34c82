"""Create and delete logs in ZooKeeper."""

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from kazoo.client import KazooClient
from kazoo.exceptions import NodeExistsError

from aurora_admin import __version__
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.zookeeper.connection import (
    LogLocation,
    commit,
    connect,
    disconnect,
    reason,
)
from aurora_admin.scheduler.storage.zookeeper.layout import MAX_ROOT, Format, Owner
from aurora_admin.scheduler.storage.zookeeper.nodes import LogNodes
from aurora_admin.zookeeper.connection import KAZOO_ERRORS

REQUEST_SECONDS = 60.0
BATCH = 64
# How many ids of earlier logs are kept.
MAX_WIPED_IDS = 64


@contextmanager
def open_nodes(location: LogLocation) -> Iterator[LogNodes]:
    """Provide the nodes of a log while the block runs.

    Raises:
        LogError: no server responded, or a request of the block failed.
    """
    client = connect(location)
    nodes = LogNodes(client, location, REQUEST_SECONDS)
    try:
        nodes.sync()
        yield nodes
    except KAZOO_ERRORS as error:
        raise LogError(f"The log {location} cannot be changed: {reason(error)}.") from error
    finally:
        disconnect(client)


def initialize(location: LogLocation, cluster: str | None = None) -> str:
    """Create an empty log at a path, which is created if it is missing, and return the id of the log.

    The log is created atomically and is durable on return.

    Raises:
        LogError: there already is a log, which is never overwritten, or the path is that of a Mesos log.
    """
    if len(location.root) > MAX_ROOT:
        raise LogError(f"The path of the log has {len(location.root)} characters; at most {MAX_ROOT} are allowed.")
    with open_nodes(location) as nodes:
        nodes.client.ensure_path(location.root)
        nodes.check_root()
        _check_unused(nodes)
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        tool = f"aurora-reference-log {__version__}"
        log = Format(secrets.token_hex(16), cluster, created, tool, _wiped_ids(nodes))
        try:
            _create(nodes, log)
        except NodeExistsError as error:
            raise _already_initialised(location) from error
        return log.log_id


def _already_initialised(location: LogLocation) -> LogError:
    return LogError(f"{location} already holds an initialised log; nothing was changed. Wipe it first.")


def _check_unused(nodes: LogNodes) -> None:
    if nodes.get(nodes.layout.format):
        raise _already_initialised(nodes.location)
    if nodes.children(nodes.layout.segments) is not None:
        raise LogError(
            f"{nodes.location} holds the rest of a log whose wipe was interrupted; nothing was changed. Run the wipe "
            "again first."
        )


def _create(nodes: LogNodes, log: Format) -> None:
    layout = nodes.layout
    transaction = nodes.client.transaction()
    transaction.create(layout.format, log.encode())
    transaction.create(layout.epoch, Owner(0).encode())
    transaction.create(layout.begin, b"0")
    transaction.create(layout.segments)
    commit(nodes.client, transaction, REQUEST_SECONDS)


def _wiped_ids(nodes: LogNodes) -> tuple[str, ...]:
    found = nodes.get(nodes.layout.wiped)
    return _distinct(json.loads(found[0])) if found else ()


def _distinct(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the newest logs, each once; earlier versions wrote some several times."""
    return tuple(dict.fromkeys(ids))[-MAX_WIPED_IDS:]


def wipe(nodes: LogNodes) -> None:
    """Delete a log, also one whose wipe was interrupted. The ids of the logs that were at this path are kept.

    Raises:
        LogError: a process holds the log; nothing was changed.
    """
    nodes.check_root()
    layout, client = nodes.layout, nodes.client
    if nodes.get(layout.format):
        _delete_log_nodes(nodes)
    for segment in nodes.segments():
        records = [layout.record(position) for position in nodes.positions(segment)]
        for start in range(0, len(records), BATCH):
            _delete(client, records[start : start + BATCH])
        _delete(client, [segment])
    if nodes.children(layout.segments) is not None:
        _delete(client, [layout.segments])


def check_not_held(nodes: LogNodes) -> None:
    """Check that no process holds the log.

    Raises:
        LogError: one does.
    """
    leader = nodes.leader()
    if leader is not None:
        raise LogError(
            f"The log {nodes.location} is held by a scheduler on {leader}; nothing was changed. Stop that scheduler "
            "first. If it was killed, wait until its ZooKeeper session has timed out."
        )


def _delete_log_nodes(nodes: LogNodes) -> None:
    """Delete the nodes without which this is no log; fails if a scheduler takes the log over at the same moment."""
    log = nodes.format()
    _, version = nodes.owner()
    check_not_held(nodes)
    layout = nodes.layout
    wiped = json.dumps(_distinct([*_wiped_ids(nodes), *log.replaces, log.log_id])).encode()
    transaction = nodes.client.transaction()
    transaction.delete(layout.epoch, version)
    transaction.delete(layout.format)
    transaction.delete(layout.begin)
    if nodes.get(layout.wiped):
        transaction.set_data(layout.wiped, wiped)
    else:
        transaction.create(layout.wiped, wiped)
    commit(nodes.client, transaction, REQUEST_SECONDS)


def _delete(client: KazooClient, paths: list[str]) -> None:
    transaction = client.transaction()
    for path in paths:
        transaction.delete(path)
    commit(client, transaction, REQUEST_SECONDS)
