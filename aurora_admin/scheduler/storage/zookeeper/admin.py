"""Making a log, and unmaking it."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from kazoo.client import KazooClient
from kazoo.exceptions import NodeExistsError

from aurora_admin import __version__
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.zookeeper.connection import FAILURES, Place, commit, connect, disconnect, reason
from aurora_admin.scheduler.storage.zookeeper.layout import MAX_ROOT, Format, Owner
from aurora_admin.scheduler.storage.zookeeper.nodes import Contents

SECONDS = 60.0
BATCH = 64
# How many logs that were here before are remembered.
REMEMBERED = 64


@contextmanager
def opened(place: Place) -> Iterator[Contents]:
    """Give what is at a place, for as long as the block runs.

    Raises:
        LogError: no server answers, or the block's own requests failed.
    """
    client = connect(place)
    contents = Contents(client, place, SECONDS)
    try:
        contents.catch_up()
        yield contents
    except FAILURES as error:
        raise LogError(f"The log {place} cannot be changed: {reason(error)}.") from error
    finally:
        disconnect(client)


def initialize(place: Place, cluster: str | None = None) -> str:
    """Make an empty log at a path, which is created where missing, and return the new log's id.

    The log appears whole or not at all; it is durable on return.

    Raises:
        LogError: there is one already (an initialised log is never initialised over), or the path is a Mesos log's.
    """
    if len(place.root) > MAX_ROOT:
        raise LogError(f"The path of the log has {len(place.root)} characters; it may have {MAX_ROOT}.")
    with opened(place) as contents:
        contents.client.ensure_path(place.root)
        contents.check_root()
        _refuse_leftovers(contents)
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        log = Format(secrets.token_hex(16), cluster, created, f"aurora-reference-log {__version__}", _wiped(contents))
        try:
            _create(contents, log)
        except NodeExistsError as error:
            raise _initialised(place) from error
        return log.log_id


def _initialised(place: Place) -> LogError:
    return LogError(f"{place} holds an initialised log already; nothing was changed. Wipe it first.")


def _refuse_leftovers(contents: Contents) -> None:
    if contents.get(contents.layout.format):
        raise _initialised(contents.place)
    if contents.children(contents.layout.segments) is not None:
        raise LogError(
            f"{contents.place} holds what an interrupted wipe left; nothing was changed. Run the wipe again first."
        )


def _create(contents: Contents, log: Format) -> None:
    layout = contents.layout
    transaction = contents.client.transaction()
    transaction.create(layout.format, log.encode())
    transaction.create(layout.epoch, Owner(0).encode())
    transaction.create(layout.begin, b"0")
    transaction.create(layout.segments)
    commit(contents.client, transaction, SECONDS)


def _wiped(contents: Contents) -> tuple[str, ...]:
    found = contents.get(contents.layout.wiped)
    return tuple(json.loads(found[0])) if found else ()


def wipe(contents: Contents) -> None:
    """Delete a log; only the ids of the logs that were here stay. A log that is wiped half is wiped to the end.

    Raises:
        LogError: a process holds it; nothing was changed.
    """
    contents.check_root()
    layout, client = contents.layout, contents.client
    if contents.get(layout.format):
        _forget_log(contents)
    for segment in contents.segments():
        records = [layout.record(position) for position in contents.positions(segment)]
        for start in range(0, len(records), BATCH):
            _delete(client, records[start : start + BATCH])
        _delete(client, [segment])
    if contents.children(layout.segments) is not None:
        _delete(client, [layout.segments])


def refuse_held(contents: Contents) -> None:
    """Refuse to touch the log of a scheduler that lives.

    Raises:
        LogError: one holds it.
    """
    leader = contents.leader()
    if leader is not None:
        raise LogError(
            f"The log {contents.place} is held by a scheduler on {leader}; nothing was changed. Stop it first; one "
            "that was killed lets go when its ZooKeeper session has timed out."
        )


def _forget_log(contents: Contents) -> None:
    """Delete the nodes that make a log of it. A scheduler that takes it over at this moment is the one to win."""
    log = contents.format()
    _, version = contents.owner()
    refuse_held(contents)
    layout = contents.layout
    wiped = json.dumps([*_wiped(contents), *log.replaces, log.log_id][-REMEMBERED:]).encode()
    transaction = contents.client.transaction()
    transaction.delete(layout.epoch, version)
    transaction.delete(layout.format)
    transaction.delete(layout.begin)
    if contents.get(layout.wiped):
        transaction.set_data(layout.wiped, wiped)
    else:
        transaction.create(layout.wiped, wiped)
    commit(contents.client, transaction, SECONDS)


def _delete(client: KazooClient, paths: list[str]) -> None:
    transaction = client.transaction()
    for path in paths:
        transaction.delete(path)
    commit(client, transaction, SECONDS)
