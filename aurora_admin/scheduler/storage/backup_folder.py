"""Backup files: written whole or not at all, listed, and pruned (docs/storage.md 4, with its faults mended).

Times in names are UTC (a real scheduler takes the time zone of its Java).
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from aurora_admin.backup import manifest
from aurora_admin.backup.atomic_file import remove_abandoned
from aurora_admin.backup.manifest import backup_name, manifest_name
from aurora_admin.backup.writer import BackupFailed, write_backup
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.snapshot import writer

logger = logging.getLogger(__name__)

PREFIX = "scheduler-backup-"
TIME_FORMAT = "%Y-%m-%d-%H-%M"
# A second backup in one minute gets -01, and so on.
OURS = re.compile(r"scheduler-backup-\d{4}-\d\d-\d\d-\d\d-\d\d(-\d\d)?")
OUR_MANIFEST = re.compile(rf"manifest_{OURS.pattern}\.json")
MOST_IN_A_MINUTE = 100
DIR_ADVICE = "Check its owner, or choose another with -backup_dir."


class Backups:
    """The backup folder of one scheduler; what dead processes left half-written in it is deleted.

    Attributes:
        in_use: tells the name of a backup that must stay, as somebody is about to restore it.

    Raises:
        BackupFailed: the folder cannot be made or written.
    """

    def __init__(
        self,
        folder: str,
        most: int,
        cluster: str,
        clock: Callable[[], float] = time.time,
        statistics: Statistics | None = None,
    ) -> None:
        self.folder = folder
        self._most = most
        self._cluster = cluster
        self._clock = clock
        self._lock = threading.Lock()
        self.in_use: Callable[[], str | None] = lambda: None
        self._statistics = Statistics() if statistics is None else statistics
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise BackupFailed(f"Unable to create backup dir {folder}: {error.strerror}. {DIR_ADVICE}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise BackupFailed(f"Backup dir {folder} is not writable. {DIR_ADVICE}")
        self._clean()

    def names(self) -> list[str]:
        """Return the names of the backups, sorted: regular files with the prefix, nothing else."""
        try:
            with os.scandir(self.folder) as found:
                return sorted(e.name for e in found if e.name.startswith(PREFIX) and e.is_file(follow_symlinks=False))
        except OSError as error:
            raise BackupFailed(f"Failed to list backup dir {self.folder}: {error.strerror}.") from error

    def newest_time(self) -> float | None:
        """When the newest backup here was finished, seconds since the epoch; what is still to come does not count."""
        now = self._clock()
        try:
            times = [os.stat(os.path.join(self.folder, name)).st_mtime for name in self._ours()]
        except (OSError, BackupFailed):
            return None
        return max((finished for finished in times if finished <= now), default=None)

    def save(self, source: writer.Source) -> str:
        """Write a backup and return its name; it is durable and verified on return.

        Raises:
            BackupFailed: with the reason. Nothing is pruned then.
        """
        with self._lock:
            try:
                name = write_backup(self.folder, source, self._cluster, self._free_names(), self._statistics.saving)
            except BackupFailed:
                self._statistics["scheduler_backup_failed"] += 1
                raise
            self._statistics["scheduler_backup_success"] += 1
            logger.info("Wrote backup %s", name)
            self._prune(name)
            return name

    def _free_names(self) -> Iterator[str]:
        """Names of this minute, each sorting behind the backups that are there: an older one's may have become free."""
        stem = PREFIX + time.strftime(TIME_FORMAT, time.gmtime(self._clock()))
        numbers = [int(name[len(stem) + 1 :] or 0) for name in self._ours() if name.startswith(stem)]
        for number in range(max(numbers, default=-1) + 1, MOST_IN_A_MINUTE):
            yield f"{stem}-{number:02}" if number else stem

    def _ours(self) -> list[str]:
        return [name for name in self.names() if OURS.fullmatch(name)]

    def _prune(self, newest: str) -> None:
        """Delete the oldest of our own until no more than the wanted number are left, never the newest."""
        stay = (newest, self.in_use())
        others = [name for name in self._ours() if name not in stay and self._is_whole(name)]
        for name in others[: max(0, len(others) + 1 - self._most)]:
            self._delete(name)

    def _is_whole(self, name: str) -> bool:
        """Tell, at a glance, whether a backup is one: what was cut short must not push out those that are whole."""
        path = os.path.join(self.folder, name)
        try:
            whole = manifest.is_whole(path)
        except OSError:
            whole = False
        if not whole:
            logger.warning("%s is cut short, or not what its manifest says: it is neither counted nor pruned", path)
        return whole

    def _delete(self, name: str) -> None:
        """The backup goes first: a manifest alone is cleaned up at the next start, a backup alone is unchecked."""
        try:
            os.unlink(os.path.join(self.folder, name))
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, manifest_name(name)))
        except OSError as error:
            logger.warning("Failed to delete old backup %s: %s", name, error.strerror)

    def _clean(self) -> None:
        """Delete what a crash left: temporary files, and manifests of backups that never got their name.

        A writer holds its temporary file until all is done. So where none is held, the backup of a manifest that was
        already there is there too, or will never be.
        """
        try:
            manifests = [name for name in os.listdir(self.folder) if OUR_MANIFEST.fullmatch(name)]
            if remove_abandoned(self.folder):
                return
            for name in manifests:
                if not os.path.lexists(os.path.join(self.folder, backup_name(name))):
                    os.unlink(os.path.join(self.folder, name))
        except OSError as error:
            logger.warning("Failed to clean up backup dir %s: %s", self.folder, error.strerror)
