"""Backup files: written whole or not at all, listed, and pruned (spec/storage.md 4, with its faults mended)."""

import hashlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from aurora_admin.backup.file import WINDOW
from aurora_admin.scheduler.storage import snapshots

logger = logging.getLogger(__name__)

PREFIX = "scheduler-backup-"
TIME_FORMAT = "%Y-%m-%d-%H-%M"
# A second backup in one minute gets -01, and so on.
OURS = re.compile(r"scheduler-backup-\d{4}-\d\d-\d\d-\d\d-\d\d(-\d\d)?")
MOST_IN_A_MINUTE = 100


class BackupFailed(Exception):
    """A backup could not be written; no file of its name was left behind."""


class Backups:
    """The backup folder of one scheduler.

    Raises:
        BackupFailed: the folder cannot be made or written.
    """

    def __init__(self, folder: str, most: int, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self.succeeded = self.failed = 0
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise BackupFailed(f"Unable to create backup dir {folder}: {error.strerror}.") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise BackupFailed(f"Backup dir {folder} is not writable.")

    def names(self) -> list[str]:
        """Return the names of the backups, sorted: regular files with the prefix, nothing else."""
        try:
            with os.scandir(self.folder) as found:
                return sorted(e.name for e in found if e.name.startswith(PREFIX) and e.is_file(follow_symlinks=False))
        except OSError as error:
            raise BackupFailed(f"Failed to list backup dir {self.folder}: {error.strerror}.") from error

    def newest_time(self) -> float | None:
        """When the newest backup here was finished, seconds since the epoch."""
        try:
            return max((os.stat(os.path.join(self.folder, name)).st_mtime for name in self.names()), default=None)
        except OSError:
            return None

    def save(self, source: snapshots.Source) -> str:
        """Write a backup and return its name; it is durable and verified on return.

        Raises:
            BackupFailed: with the reason. Nothing is pruned then.
        """
        with self._lock:
            try:
                name = self._save(source)
            except OSError as error:
                self.failed += 1
                raise BackupFailed(f"Failed to write a backup into {self.folder}: {error.strerror}.") from error
            except BackupFailed:
                self.failed += 1
                raise
            self.succeeded += 1
            logger.info("Wrote backup %s", name)
            self._prune(name)
            return name

    def _save(self, source: snapshots.Source) -> str:
        temporary = os.path.join(self.folder, f"temp_{PREFIX}{os.getpid()}")
        try:
            digest = _write(temporary, snapshots.snapshot(source))
            if _digest(temporary) != digest:
                raise BackupFailed(f"The backup in {self.folder} reads back other than it was written; check the disk.")
            name = self._claim(temporary)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
        _sync_folder(self.folder)
        return name

    def _claim(self, temporary: str) -> str:
        """Give the file the first free name of this minute; link() never replaces another's file."""
        stem = PREFIX + time.strftime(TIME_FORMAT, time.gmtime(self._clock()))
        for number in range(MOST_IN_A_MINUTE):
            name = f"{stem}-{number:02}" if number else stem
            try:
                os.link(temporary, os.path.join(self.folder, name))
            except FileExistsError:
                continue
            return name
        raise BackupFailed(
            f"There are {MOST_IN_A_MINUTE} backups of this minute in {self.folder}; try again in the next."
        )

    def _prune(self, newest: str) -> None:
        """Delete the oldest of our own until no more than the wanted number are left, never the newest."""
        ours = [name for name in self.names() if OURS.fullmatch(name)]
        for name in ours[: max(0, len(ours) - max(self._most, 1))]:
            if name != newest:
                try:
                    os.unlink(os.path.join(self.folder, name))
                except OSError as error:
                    logger.warning("Failed to delete old backup %s: %s", name, error.strerror)


def _write(path: str, pieces: Iterator[bytes]) -> bytes:
    digest = hashlib.sha256()
    with open(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb", buffering=WINDOW) as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.digest()


def _digest(path: str) -> bytes:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(WINDOW):
            digest.update(data)
    return digest.digest()


def _sync_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
