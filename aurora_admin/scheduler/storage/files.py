"""Files that appear whole or not at all (design: temporary name, fsync, verify, link, fsync of the folder)."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType

from aurora_admin.backup.file import WINDOW

PREFIX, SUFFIX = "temp_scheduler-backup-", ".part"


class Temporary:
    """A file in the making; gone when it is closed, but for the names that link() gave it.

    It is locked: one that nobody holds was left behind by a process that is dead, whatever became of its number.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._fd, self._path = tempfile.mkstemp(prefix=PREFIX, suffix=SUFFIX, dir=folder)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        self.size = 0

    def write(self, pieces: Iterable[bytes]) -> str:
        """Write all of it and return its SHA-256 in hexadecimal; it is durable on return."""
        digest = hashlib.sha256()
        with open(self._fd, "wb", buffering=WINDOW, closefd=False) as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
            self.size = file.tell()
        os.fsync(self._fd)
        return digest.hexdigest()

    def digest(self) -> str:
        """Read it back, from the disk where the system lets us, and return its SHA-256."""
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
        digest = hashlib.sha256()
        with open(self._path, "rb", buffering=0) as file:
            while data := file.read(WINDOW):
                digest.update(data)
        return digest.hexdigest()

    def link(self, name: str) -> None:
        """Give it a name in its folder; the name is durable after sync_folder().

        Raises:
            FileExistsError: the name is taken; no file is ever replaced.
        """
        os.link(self._path, os.path.join(self.folder, name))

    def __enter__(self) -> "Temporary":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._fd)


def remove_abandoned(folder: str) -> bool:
    """Delete the temporary files of dead processes; tell whether there are any of living ones."""
    alive = False
    for name in os.listdir(folder):
        if name.startswith(PREFIX) and name.endswith(SUFFIX):
            alive |= not _remove_unless_locked(os.path.join(folder, name))
    return alive


def _remove_unless_locked(path: str) -> bool:
    try:
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def sync_folder(folder: str) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
