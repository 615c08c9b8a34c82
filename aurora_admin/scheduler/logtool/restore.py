"""A backup into an empty log, with no scheduler running: one snapshot entry, read back and compared."""

import hashlib
import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from aurora_admin.backup.file import BackupError, IncompleteBackup
from aurora_admin.backup.reader import Backup
from aurora_admin.scheduler.recovery import StagedBackup
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.engine import LogEngine, LogError
from aurora_admin.scheduler.storage.frames import entries
from aurora_admin.scheduler.storage.log import NOOP_ENTRY, Log
from aurora_admin.scheduler.storage.sqlite import SqliteLog
from aurora_admin.snapshot.writer import Source, deduplicated_entry

if TYPE_CHECKING:
    from aurora_admin.scheduler.storage.zookeeper.connection import Place

Read = Callable[[str], Backup]


def restore_sqlite(backup: str, folder: str, max_entry_size: int, read: Read, report: Callable[[str], None]) -> str:
    """Restore into the SQLite log in a folder, and return what was done.

    Raises:
        LogError: it is not initialised, not empty, or a scheduler runs on it.
        BackupError: the backup cannot be used. In both cases nothing was written.
    """
    with closing(SqliteLog(folder)) as engine:
        return restore(_staged(backup, read, report), engine, folder, max_entry_size)


def restore_zookeeper(
    backup: str, place: "Place", cluster: str | None, *, max_entry_size: int, read: Read, report: Callable[[str], None]
) -> str:
    """Restore into the log at a place in ZooKeeper, and return what was done.

    Raises:
        LogError: it is not initialised, not empty, of another cluster, or a scheduler holds it.
        BackupError: the backup cannot be used. In both cases nothing was written.
    """
    from aurora_admin.scheduler.storage.zookeeper.log import ZooKeeperLog
    from aurora_admin.scheduler.storage.zookeeper.takeover import Settings

    settings = Settings(socket.gethostname(), _cluster_of(place, cluster), "")
    with tempfile.TemporaryDirectory(prefix="aurora-restore-") as folder:
        lost: list[str] = []
        with closing(ZooKeeperLog(place, settings._replace(folder=folder), lost.append)) as engine:
            return restore(_staged(backup, read, report), engine, folder, max_entry_size)


def _cluster_of(place: "Place", cluster: str | None) -> str:
    """Return the cluster whose log it is, and refuse one that a scheduler holds."""
    from aurora_admin.scheduler.storage.zookeeper import admin

    with admin.opened(place) as contents:
        contents.check_root()
        log, (owner, _) = contents.format(), contents.owner()
        admin.refuse_held(contents)
    found = cluster or log.cluster or owner.cluster
    if found is None:
        raise LogError(
            f"The log {place} is of no cluster yet; nothing was changed. Say whose it is with --cluster NAME."
        )
    return found


def _staged(backup: str, read: Read, report: Callable[[str], None]) -> StagedBackup:
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


def restore(staged: StagedBackup, engine: LogEngine, spool_folder: str, max_entry_size: int) -> str:
    """Make a backup the content of an empty log, durable and compared on return; return what was done.

    Raises:
        LogError: the log is not empty, or reads back other than the backup.
    """
    engine.fence()
    _check_empty(engine)
    log = Log(engine, spool_folder, max_entry_size)
    log.append_snapshot(staged)
    _compare(log, staged, spool_folder)
    counts = ", ".join(f"{count} {name}" for name, count in staged.backup.counts.items())
    return f"Restored {staged.backup.file.path} and compared what the log holds now: {counts}"


def _check_empty(engine: LogEngine) -> None:
    """No-ops, and what a crash left of an entry, are no content (docs/storage.md 6.2)."""
    for entry in entries(engine.read_all(), lambda text: None):
        if entry.data != NOOP_ENTRY:
            raise LogError(
                f"The log is not empty: there is an entry at position {entry.position}; nothing was added to it. "
                "Move the old log away and initialize a new one."
            )


def _compare(log: Log, staged: StagedBackup, spill_folder: str) -> None:
    stores = Stores(spill_folder)
    log.replay(stores)
    view = StateView(stores, stores.snapshot_ms or 0)
    view.metadata = stores.metadata or b"\x00"
    if _digest(view) != _digest(staged):
        raise LogError(
            f"The log reads back other than the backup {staged.backup.file.name}. Start no scheduler on it: "
            "move it away, initialize a new one and try again; check the disk."
        )


def _digest(source: Source) -> bytes:
    """Both number the configs in the order of their first task, so that equal states are equal bytes."""
    digest = hashlib.sha256()
    for piece in deduplicated_entry(source):
        digest.update(piece)
    return digest.digest()
