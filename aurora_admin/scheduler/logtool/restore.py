"""The command restore: writes a backup into an empty log as one snapshot entry, reads it back and compares."""

import hashlib
import os
import socket
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from aurora_admin.backup.file import BackupError, IncompleteBackup
from aurora_admin.backup.reader import Backup, read_backup
from aurora_admin.scheduler.logtool.output import report
from aurora_admin.scheduler.recovery import StagedBackup
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.engine import LogEngine, LogError
from aurora_admin.scheduler.storage.frames import entries
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.snapshot.log_entry import NOOP_ENTRY
from aurora_admin.snapshot.writer import Source, deduplicated_entry
from aurora_admin.wire import fields

if TYPE_CHECKING:
    from aurora_admin.scheduler.storage.zookeeper.connection import LogLocation

Read = Callable[[str], Backup]


def restore(arguments: Namespace) -> int:
    """Restore a backup into the log that the arguments name."""
    read = partial(read_backup, allow_partial=arguments.allow_partial)
    if arguments.path:
        text = restore_sqlite(arguments.backup, arguments.path, arguments.max_entry_size, read)
    else:
        from aurora_admin.scheduler.logtool.zookeeper import location_of

        location = location_of(arguments)
        text = restore_zookeeper(arguments.backup, location, arguments.cluster, arguments.max_entry_size, read)
    sys.stdout.write(f"{text}\n")
    return 0


def restore_sqlite(backup: str, folder: str, max_entry_size: int, read: Read) -> str:
    """Restore into the SQLite log in a folder, and return a text about what was done.

    Raises:
        LogError: the log is not initialised, not empty, or a scheduler runs on it. Nothing was written.
        BackupError: the backup cannot be used. Nothing was written.
    """
    with closing(SqliteLog(folder)) as engine:
        return restore_into(engine, _stage(backup, read), folder, max_entry_size)


def restore_zookeeper(
    backup: str, location: "LogLocation", cluster: str | None, max_entry_size: int, read: Read
) -> str:
    """Restore into a log in ZooKeeper, and return a text about what was done.

    Raises:
        LogError: the log is not initialised, not empty, of another cluster, or held by a scheduler. Nothing was
            written.
        BackupError: the backup cannot be used. Nothing was written.
    """
    from aurora_admin.scheduler.storage.zookeeper.log import ZooKeeperLog
    from aurora_admin.scheduler.storage.zookeeper.settings import LogSettings

    cluster = _check_free(location, cluster)
    with tempfile.TemporaryDirectory(prefix="aurora-restore-") as folder:
        settings = LogSettings(socket.gethostname(), cluster, folder)
        # A loss of the log needs no action here: the next write fails.
        with closing(ZooKeeperLog(location, settings, on_lost=lambda reason: None)) as engine:
            return restore_into(engine, _stage(backup, read), folder, max_entry_size)


def _check_free(location: "LogLocation", cluster: str | None) -> str:
    """Check that no scheduler holds the log, and return the cluster that it belongs to."""
    from aurora_admin.scheduler.storage.zookeeper import admin

    with admin.open_nodes(location) as nodes:
        nodes.check_root()
        log, (owner, _) = nodes.format(), nodes.owner()
        admin.check_not_held(nodes)
    found = cluster or log.cluster or owner.cluster
    if found is None:
        raise LogError(
            f"The log {location} belongs to no cluster yet; nothing was changed. Give the cluster with --cluster NAME."
        )
    return found


def _stage(backup: str, read: Read) -> StagedBackup:
    path = os.path.realpath(backup)
    if not os.path.isfile(path):
        raise BackupError(f"There is no file {backup!r}; nothing was changed.")
    try:
        staged = StagedBackup(read(path))
    except IncompleteBackup as error:
        raise BackupError(f"{error} The option for it is --allow-partial.") from error
    for note in staged.backup.notes:
        report(note)
    return staged


def restore_into(engine: LogEngine, staged: StagedBackup, spool_folder: str, max_entry_size: int) -> str:
    """Write a backup into an empty log, durably, read it back and compare; return a text about what was done.

    Raises:
        LogError: the log is not empty (nothing was added), or does not read back as the backup.
    """
    engine.fence()
    _check_empty(engine)
    log = Log(engine, spool_folder, max_entry_size)
    log.append_snapshot(staged)
    _compare(log, staged, spool_folder)
    counts = ", ".join(f"{count} {name}" for name, count in staged.backup.counts.items())
    return f"Restored {staged.backup.file.path} and compared what the log holds now: {counts}"


def _check_empty(engine: LogEngine) -> None:
    """Check that the log has nothing but no-ops and incomplete entries (docs/storage.md 6.2)."""
    for entry in entries(engine.read_all(), on_skipped=lambda text: None):
        if entry.data != NOOP_ENTRY:
            raise LogError(
                f"The log is not empty: there is an entry at position {entry.position}; nothing was added to it. "
                "Move the old log away and initialize a new one."
            )


def _compare(log: Log, staged: StagedBackup, spill_folder: str) -> None:
    stores = Stores(spill_folder)
    log.replay(stores)
    view = StateView(stores, stores.snapshot_ms or 0)
    view.metadata = stores.metadata or fields.STOP
    if _digest(view) != _digest(staged):
        raise LogError(
            f"The log does not read back as the backup {staged.backup.file.name}. Start no scheduler on it: "
            "move it away, initialize a new one and try again; check the disk."
        )


def _digest(source: Source) -> bytes:
    """Return a digest that is equal for equal states: configs are numbered in the order of their first task."""
    digest = hashlib.sha256()
    for piece in deduplicated_entry(source):
        digest.update(piece)
    return digest.digest()
