"""The staging slot: a backup is staged, queried and trimmed there before it is committed (docs/storage.md 5)."""

import logging
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aurora_admin.backup.file import BackupError, BackupFile, IncompleteBackup
from aurora_admin.backup.reader import Backup, read_backup
from aurora_admin.scheduler.state.view import text_map
from aurora_admin.scheduler.storage.storage import Storage
from aurora_admin.snapshot.configs import Configs
from aurora_admin.snapshot.paths import BUILD_DETAILS
from aurora_admin.snapshot.task_table import TaskFilter
from aurora_admin.wire import fields
from aurora_admin.wire.errors import printable

logger = logging.getLogger(__name__)

# The build details in the log entry of a commit: the literal words that a real scheduler writes (docs/api.md 1.2).
COMMITTED = {word: word for word in ("DATE", "GIT_REVISION", "GIT_TAG")}

# An older backup lacks much of what has happened. Four times the interval of backups (docs/storage.md 5.2).
OLD_SECONDS = 4 * 3600
LOST_SINCE = (
    "a commit loses every change since then. Mesos kills the tasks that were started since, and tasks that ended since "
    "become LOST. Check that there is no newer backup"
)
FOREIGN_TASKS = (
    "The tasks that run now belong to the former framework id: they are not managed any more, and the restored ones "
    "become LOST. Check that this is a backup of this cluster"
)


class RecoveryError(Exception):
    """A recovery call that was refused; nothing was changed."""


class StagedBackup:
    """A staged backup, as a source of snapshots. Its tasks stay in the file and are read when they are needed."""

    def __init__(self, backup: Backup) -> None:
        self.backup = backup
        self.timestamp_ms: int = backup.timestamp_ms or 0
        self.sections: Mapping[int, Mapping[Hashable, bytes]] = backup.sections
        self.extras: Sequence[fields.Field] = backup.extras
        self.metadata = BUILD_DETAILS.put(backup.metadata or fields.STOP, text_map(COMMITTED))

    @property
    def name(self) -> str:
        return self.backup.file.name

    @property
    def task_count(self) -> int:
        return len(self.backup.tasks)

    @property
    def configs(self) -> Sequence[bytes]:
        return self._configs.raw

    def full_tasks(self) -> Iterator[bytes]:
        return self.encoded_tasks(self.backup.tasks.select())

    def encoded_tasks(self, rows: Sequence[int]) -> Iterator[bytes]:
        """Yield the ScheduledTasks of these rows one after another, in pieces that do not end with a task.

        Raises:
            BackupError: the file cannot be read, or has changed.
        """
        return self.backup.pieces(rows)

    def partial_tasks(self) -> Iterator[tuple[bytes, int]]:
        self._configs = Configs()
        job, split = self.backup.tasks.job, self._configs.split
        with self.backup.file.reading():
            for row, raw in self.backup.records(self.backup.tasks.select()):
                yield split(raw, job[row])

    def check(self) -> None:
        self.backup.file.check_unchanged()


class Claim(NamedTuple):
    """What is in the slot: the name of a backup, who staged it and when, and the backup once it is read.

    `since` is in seconds since the epoch.
    """

    name: str
    caller: str
    since: float
    staged: StagedBackup | None = None

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.since))
        return f"{self.name}, since {since}, staged from {self.caller}"


class Recovery:
    """The one place of a process for a backup that is to be restored.

    The slot is in one of three states:

    - empty;
    - staging: `stage` is reading a file. It becomes staged, or empty again whatever `stage` fails with;
    - staged: the backup is open, and its file is checked for changes before every use.

    Only `stage` fills an empty slot, and a slot that is not empty refuses it. `unload` empties a staged slot, and does
    nothing while the slot is staging. `select`, `delete` and `unload` read and change nothing outside the slot.

    Any thread may call any method. A lock guards the slot. `stage` does not hold it while it reads the file: a second
    `stage` is refused at once. `commit` holds it to the end: `select`, `delete` and `unload` wait for it. The backup
    stays staged after a commit that failed, so that the commit can be repeated. After one that succeeded the storage is
    closed, and the process must end.

    `why_not` returns the reason why this scheduler must not stage, as long as it does not lead. A scheduler that leads
    does so until its process ends, so nothing that was staged on a standby can be committed by a leader.
    """

    def __init__(
        self,
        folder: str,
        storage: Storage,
        why_not: Callable[[], str | None] = lambda: None,
        *,
        allow_partial: bool = False,
    ) -> None:
        self._folder = folder
        self._why_not = why_not
        self._allow_partial = allow_partial
        self._storage = storage
        self._lock = threading.Lock()
        self._slot: Claim | None = None

    @property
    def in_use(self) -> str | None:
        """The name of the backup that is staged or being staged; does not wait."""
        slot = self._slot
        return slot.name if slot else None

    @property
    def description(self) -> str:
        """What is in the slot, since when, and from which address; empty if nothing is. Does not wait."""
        slot = self._slot
        return str(slot) if slot else ""

    def stage(self, backup_id: str, caller: str = "an unknown address") -> None:
        """Index a backup and keep it in the slot; `caller` is the address that is named to others.

        Raises:
            RecoveryError: this scheduler does not lead, the id is not a plain file name, or the slot is not empty.
            BackupError: the file cannot be used.
        """
        if reason := self._why_not():
            raise RecoveryError(reason)
        path = os.path.join(self._folder, _plain_name(backup_id))
        if self._slot is not None:
            # As with a real scheduler, a missing file is the first reason.
            BackupFile(path).close()
        with self._lock:
            if self._slot is not None:
                raise RecoveryError(
                    f"Another backup is already loaded. It is {self._slot}. Unload it before you stage another one."
                )
            self._slot = claim = Claim(backup_id, caller, time.time())
        filled = None
        try:
            filled = claim._replace(staged=self._load(path))
        finally:
            with self._lock:
                self._slot = filled

    def _load(self, path: str) -> StagedBackup:
        try:
            backup = read_backup(path, allow_partial=self._allow_partial)
        except IncompleteBackup as error:
            raise BackupError(f"{error} The flag for it is -allow_partial_backup=true.") from error
        try:
            staged = StagedBackup(backup)
            self._report(backup)
        except BaseException:
            backup.close()
            raise
        return staged

    def _report(self, backup: Backup) -> None:
        counts = ", ".join(f"{count} {name}" for name, count in backup.counts.items())
        age = time.time() - (backup.timestamp_ms or 0) / 1000
        logger.info("Staged backup %s: %s", backup.file.name, counts)
        _report_age(backup.file.name, age)
        for note in backup.notes:
            logger.warning("Staged backup %s: %s", backup.file.name, note)
        theirs, ours = printable((backup.framework_id or "none").encode()), self._storage.framework_id
        text = f"Framework id of the backup: {theirs}; of the running state: {ours or 'none yet'}"
        if ours in (None, backup.framework_id):
            logger.info("%s", text)
        else:
            logger.warning("%s. After a commit the scheduler is another framework to Mesos. %s", text, FOREIGN_TASKS)

    def staged(self) -> StagedBackup:
        """Return what is staged, with its file unchanged.

        Raises:
            RecoveryError: nothing is staged.
            BackupError: the file has changed since.
        """
        staged = self._slot and self._slot.staged
        if staged is None:
            raise RecoveryError("No backup loaded.")
        staged.check()
        return staged

    def select(self, wanted: TaskFilter) -> tuple[StagedBackup, Sequence[int]]:
        """Return what is staged and the rows of the matching tasks.

        Raises:
            RecoveryError, BackupError: as staged().
        """
        with self._lock:
            staged = self.staged()
            return staged, staged.backup.tasks.select(wanted)

    def delete(self, wanted: TaskFilter) -> None:
        """Remove the matching tasks from what is staged; the file is not changed.

        Raises:
            RecoveryError, BackupError: as staged().
        """
        with self._lock:
            tasks = self.staged().backup.tasks
            rows = tasks.select(wanted)
            tasks.remove(rows)
        logger.info("Deleted %d tasks from the staged backup, %d are left", len(rows), len(tasks))

    def unload(self) -> None:
        """Empty the slot. A reply that is still being sent keeps the file open until it ends."""
        with self._lock:
            if self._slot and self._slot.staged:
                self._slot = None

    def commit(self) -> None:
        """Write what is staged into the log as its last entry; durable on return. The process must end then.

        Raises:
            RecoveryError, BackupError, StorageNotReady, LogFull: nothing was written.
            FatalLogError: the outcome is unknown.
        """
        with self._lock:
            staged = self.staged()
            self._storage.replace_with(staged)
        logger.info("Committed the staged backup %s: %d tasks", staged.name, staged.task_count)


def _report_age(name: str, age: float) -> None:
    """Log how old a backup is, and warn with the consequence if it is old, or of the future."""
    if age < 0:
        logger.warning(
            "Staged backup %s was taken %s in the future: the clock of this host, or of the one that wrote the backup, "
            "is wrong. Correct it before the commit: times of events, names of backups and their pruning depend on it",
            name,
            _span(-age),
        )
    elif age > OLD_SECONDS:
        logger.warning("Staged backup %s was taken %s ago: %s", name, _span(age), LOST_SINCE)
    else:
        logger.info("Staged backup %s was taken %s ago", name, _span(age))


def _plain_name(backup_id: str) -> str:
    # A name with a line break would forge a log line.
    plain = backup_id.isprintable() and "/" not in backup_id and backup_id not in ("", ".", "..")
    if not plain or len(os.fsencode(backup_id)) > 255:
        raise RecoveryError(
            f"{backup_id!r} is not the name of a backup: give a plain file name, as listBackups returns it."
        )
    return backup_id


def _span(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86400)
    return f"{days} days {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
