"""The folder of a scheduler's backups: written atomically, listed, and pruned (docs/storage.md 4).

Times in names are UTC; a real scheduler uses the time zone of its Java.
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
from aurora_admin.backup.os_errors import explain
from aurora_admin.backup.writer import BackupFailed, write_backup
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.snapshot import writer

logger = logging.getLogger(__name__)

PREFIX = "scheduler-backup-"
TIME_FORMAT = "%Y-%m-%d-%H-%M"
# The second backup of a minute gets -01, and so on.
BACKUP_NAME = re.compile(r"scheduler-backup-\d{4}-\d\d-\d\d-\d\d-\d\d(-\d\d)?")
MANIFEST_NAME = re.compile(rf"manifest_{BACKUP_NAME.pattern}\.json")
BELONG_TO_BACKUPS = (f"manifest_{PREFIX}", f"temp_{PREFIX}")
MAX_PER_MINUTE = 100
FOLDER_ADVICE = "Or choose another folder with -backup_dir."


class BackupFolder:
    """The backups of one scheduler.

    - A backup gets its name only when it is complete, verified and durable.
    - Only backups that this class named are pruned, at most down to `max_saved`; never the newest, and never the one
      that is in use. An incomplete backup is neither counted nor pruned.
    - Files that an earlier process did not complete are deleted when the folder is opened.

    Attributes:
        in_use: returns the name of the backup that is staged for a recovery, if any.

    Raises:
        BackupFailed: the folder cannot be created or written.
    """

    def __init__(
        self,
        folder: str,
        max_saved: int,
        cluster: str,
        clock: Callable[[], float] = time.time,
        statistics: Statistics | None = None,
    ) -> None:
        self.folder = folder
        self._max_saved = max_saved
        self._cluster = cluster
        self._clock = clock
        self._lock = threading.Lock()
        self.in_use: Callable[[], str | None] = lambda: None
        self._statistics = Statistics() if statistics is None else statistics
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise BackupFailed(
                f"Unable to create backup dir {folder}: {explain(error, folder)} {FOLDER_ADVICE}"
            ) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise BackupFailed(f"Backup dir {folder} is not writable. Check its owner and permissions. {FOLDER_ADVICE}")
        self._delete_incomplete()

    def names(self) -> list[str]:
        """Return the names of the backups, sorted: the regular files with the prefix, and names that can be sent.

        Raises:
            BackupFailed: the folder cannot be read.
        """
        try:
            with os.scandir(self.folder) as found:
                return sorted(e.name for e in found if _is_backup_name(e.name) and e.is_file(follow_symlinks=False))
        except OSError as error:
            raise BackupFailed(f"Failed to list backup dir {self.folder}: {explain(error, self.folder)}") from error

    def other_names(self) -> list[str]:
        """Return what else is in the folder; manifests and temporary files belong to backups.

        Raises:
            BackupFailed: as names().
        """
        own = {*self.names()}
        try:
            found = sorted(os.listdir(self.folder))
        except OSError as error:
            raise BackupFailed(f"Failed to list backup dir {self.folder}: {error.strerror}.") from error
        return [name for name in found if name not in own and not name.startswith(BELONG_TO_BACKUPS)]

    def newest_time(self) -> float | None:
        """Return when the newest backup was completed, in seconds since the epoch; ignore times in the future."""
        now = self._clock()
        try:
            times = [os.stat(os.path.join(self.folder, name)).st_mtime for name in self._own_names()]
        except (OSError, BackupFailed):
            return None
        return max((completed for completed in times if completed <= now), default=None)

    def save(self, source: writer.Source) -> str:
        """Write a backup, prune old ones, and return its name; it is durable and verified on return.

        Raises:
            BackupFailed: the backup could not be written; nothing was pruned.
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
        """Yield names of this minute that sort after all existing ones, even if an older name is free again."""
        stem = PREFIX + time.strftime(TIME_FORMAT, time.gmtime(self._clock()))
        numbers = [int(name[len(stem) + 1 :] or 0) for name in self._own_names() if name.startswith(stem)]
        for number in range(max(numbers, default=-1) + 1, MAX_PER_MINUTE):
            yield f"{stem}-{number:02}" if number else stem

    def _own_names(self) -> list[str]:
        return [name for name in self.names() if BACKUP_NAME.fullmatch(name)]

    def _prune(self, newest: str) -> None:
        """Delete the oldest backups that this class named, until `max_saved` are left."""
        kept = (newest, self.in_use())
        others = [name for name in self._own_names() if name not in kept and self._is_complete(name)]
        for name in others[: max(0, len(others) + 1 - self._max_saved)]:
            self._delete(name)

    def _is_complete(self, name: str) -> bool:
        """Check the size of a backup, so that incomplete backups do not cause complete ones to be pruned."""
        path = os.path.join(self.folder, name)
        try:
            complete = manifest.is_complete(path)
        except OSError:
            complete = False
        if not complete:
            logger.warning("%s is incomplete, or differs from its manifest: it is neither counted nor pruned", path)
        return complete

    def _delete(self, name: str) -> None:
        """Delete a backup, then its manifest: a backup whose manifest is gone would be restored without a check."""
        try:
            os.unlink(os.path.join(self.folder, name))
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, manifest_name(name)))
        except OSError as error:
            logger.warning("Failed to delete old backup %s: %s", name, explain(error, self.folder))

    def _delete_incomplete(self) -> None:
        """Delete what a crash left: temporary files, and manifests whose backup never got its name.

        A writer locks its temporary file until the backup has its name. So if no temporary file is locked, a manifest
        that was listed before either has its backup, or never gets one.
        """
        try:
            manifests = [name for name in os.listdir(self.folder) if MANIFEST_NAME.fullmatch(name)]
            if remove_abandoned(self.folder):
                return
            for name in manifests:
                if not os.path.lexists(os.path.join(self.folder, backup_name(name))):
                    os.unlink(os.path.join(self.folder, name))
        except OSError as error:
            logger.warning("Failed to clean up backup dir %s: %s", self.folder, explain(error, self.folder))


def _is_backup_name(name: str) -> bool:
    """Return whether a name can be that of a backup; one that is not UTF-8 cannot be sent to a client."""
    return name.startswith(PREFIX) and not any("\udc80" <= letter <= "\udcff" for letter in name)
