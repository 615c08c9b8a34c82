"""The staging slot: a backup that is looked at and trimmed before it becomes the state (docs/storage.md 5)."""

import logging
import os
import threading
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial

from thrift.Thrift import TType

from aurora_admin.backup.manifest import read_verified
from aurora_admin.backup.reader import Backup, read_backup
from aurora_admin.scheduler.state.view import text_map
from aurora_admin.scheduler.storage.storage import Storage
from aurora_admin.snapshot.configs import Configs
from aurora_admin.snapshot.task_table import TaskFilter
from aurora_admin.wire import fields
from aurora_admin.wire.errors import shown

logger = logging.getLogger(__name__)

DETAILS = 8
# The build details of a committed recovery; a real scheduler writes these very words (docs/api.md 1.2).
COMMITTED = {word: word for word in ("DATE", "GIT_REVISION", "GIT_TAG")}


class RecoveryError(Exception):
    """A recovery call that was refused; nothing was changed."""


class Staged:
    """A staged backup: a snapshot source whose tasks are read from the file when they are wanted."""

    def __init__(self, backup: Backup) -> None:
        self.backup = backup
        self.timestamp_ms: int = backup.timestamp_ms or 0
        self.sections: Mapping[int, Mapping[Hashable, bytes]] = backup.sections
        self.extras: Sequence[fields.Field] = backup.extras
        self.metadata = fields.put(backup.metadata or b"\x00", [DETAILS], TType.MAP, text_map(COMMITTED))

    @property
    def task_count(self) -> int:
        return len(self.backup.tasks)

    @property
    def configs(self) -> Sequence[bytes]:
        return self._configs.raw

    def whole_tasks(self) -> Iterator[bytes]:
        return self.pieces(self.backup.tasks.select())

    def pieces(self, rows: Sequence[int]) -> Iterator[bytes]:
        """Yield the ScheduledTasks of some rows one after another, a window at a time, cut anywhere."""
        return self.backup.pieces(rows)

    def partial_tasks(self) -> Iterator[tuple[bytes, int]]:
        self._configs = Configs()
        job, cut = self.backup.tasks.job, self._configs.cut
        with self.backup.file.reading():
            for row, raw in self.backup.records(self.backup.tasks.select()):
                yield cut(raw, job[row])

    def check(self) -> None:
        self.backup.file.check_unchanged()


class Recovery:
    """One slot per process. Staging, querying, deleting and unloading touch nothing but the slot."""

    def __init__(self, folder: str, storage: Storage, *, allow_partial: bool = False) -> None:
        self._folder = folder
        self._allow_partial = allow_partial
        self._storage = storage
        self._lock = threading.Lock()
        self._staged: Staged | None = None
        self._staging: str | None = None

    @property
    def in_use(self) -> str | None:
        """The name of the backup that is staged, or being staged."""
        staged = self._staged
        return staged.backup.file.name if staged else self._staging

    def stage(self, backup_id: str) -> None:
        """Index a backup and keep it in the slot.

        Raises:
            RecoveryError: the slot is taken, or the id is no plain file name. No file was opened.
            BackupError: the file cannot be used.
        """
        with self._lock:
            if self._staged or self._staging:
                raise RecoveryError("Another backup is already loaded.")
            path = os.path.join(self._folder, _plain_name(backup_id))
            self._staging = backup_id
        backup = None
        try:
            backup = read_verified(path, partial(read_backup, allow_partial=self._allow_partial))
        finally:
            with self._lock:
                self._staged = Staged(backup) if backup else None
                self._staging = None
        self._report(backup)

    def _report(self, backup: Backup) -> None:
        counts = ", ".join(f"{count} {name}" for name, count in backup.counts.items())
        age = time.time() - (backup.timestamp_ms or 0) / 1000
        logger.info("Staged backup %s: %s", backup.file.name, counts)
        if age < 0:
            logger.warning("Staged backup %s is of %s from now: a clock is wrong", backup.file.name, _span(-age))
        else:
            logger.info("Staged backup %s was taken %s ago", backup.file.name, _span(age))
        for note in backup.notes:
            logger.warning("Staged backup %s: %s", backup.file.name, note)
        theirs, ours = shown((backup.framework_id or "none").encode()), self._storage.framework_id or "none yet"
        logger.info("Framework id of the backup: %s; of the running state: %s", theirs, ours)

    def staged(self) -> Staged:
        """Return what is staged, its file as it was.

        Raises:
            RecoveryError: nothing is staged.
            BackupError: the file has changed since.
        """
        staged = self._staged
        if staged is None:
            raise RecoveryError("No backup loaded.")
        staged.backup.file.check_unchanged()
        return staged

    def select(self, wanted: TaskFilter) -> tuple[Staged, Sequence[int]]:
        """Return what is staged and the rows of the matching tasks.

        Raises:
            RecoveryError, BackupError: as staged().
        """
        with self._lock:
            staged = self.staged()
            return staged, staged.backup.tasks.select(wanted)

    def delete(self, wanted: TaskFilter) -> None:
        """Take the matching tasks out of the slot.

        Raises:
            RecoveryError: nothing is staged.
        """
        with self._lock:
            tasks = self.staged().backup.tasks
            rows = tasks.select(wanted)
            tasks.remove(rows)
        logger.info("Deleted %d tasks from the staged backup, %d are left", len(rows), len(tasks))

    def unload(self) -> None:
        """Empty the slot; a reply that is still being sent keeps the file open until it is through."""
        with self._lock:
            self._staged = None

    def commit(self) -> None:
        """Make the staged state the last entry of the log, durable on return. The process must end then.

        Raises:
            RecoveryError, BackupError, StorageNotReady, LogFull: nothing was written.
            FatalLogError: the outcome is unknown.
        """
        with self._lock:
            staged = self.staged()
            self._storage.replace_with(staged)
        logger.info("Committed the staged backup %s: %d tasks", staged.backup.file.name, staged.task_count)


def _plain_name(backup_id: str) -> str:
    # A name of two lines would be two lines of the log.
    plain = backup_id.isprintable() and "/" not in backup_id and backup_id not in ("", ".", "..")
    if not plain or len(os.fsencode(backup_id)) > 255:
        raise RecoveryError(
            f"{backup_id!r} is not the name of a backup: give a plain file name, as scheduler_list_backups prints it."
        )
    return backup_id


def _span(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86400)
    return f"{days} days {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
