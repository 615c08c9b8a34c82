"""Files that appear whole or not at all (docs/architecture.md 4.4)."""

import errno
import fcntl
import hashlib
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType

from aurora_admin.backup.file import WINDOW

PREFIX, SUFFIX = "temp_scheduler-backup-", ".part"
# How much is written before it is worth its while to have it on the disk.
FLUSHED = 64 << 20
# What file systems say that have no second names for a file: FAT, and some in user space.
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)


class ReadBackMismatch(Exception):
    """What was read back is not what was written."""


class TemporaryFile:
    """A file in the making; gone when it is closed, but for the names that link() gave it.

    It is locked: one that nobody holds was left behind by a process that is dead, whatever became of its number.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._fd, self._path = tempfile.mkstemp(prefix=PREFIX, suffix=SUFFIX, dir=folder)
        # Where there are no locks, nothing of the dead is cleaned up; the backup is as good.
        with suppress(OSError):
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        self.size = 0

    def write(self, pieces: Iterable[bytes]) -> str:
        """Write all of it and return its SHA-256 in hexadecimal; it is durable and verified on return.

        Raises:
            OSError: it cannot be written.
            ReadBackMismatch: the disk gives back something else.
        """
        digest = hashlib.sha256()
        with _ReadBack(self._fd, self._path) as back, ThreadPoolExecutor(2) as pool:
            # The digest is taken, and the disk written and read back, while the next pieces are made.
            hashed = verified = pool.submit(lambda: None)
            for block in blocks(pieces, WINDOW):
                hashed.result()
                hashed = pool.submit(digest.update, block)
                self._write(block)
                if self.size - back.end >= FLUSHED and verified.done():
                    verified.result()
                    verified = pool.submit(back.verify, self.size // mmap.PAGESIZE * mmap.PAGESIZE)
            hashed.result()
            verified.result()
            back.verify(self.size)
            os.fsync(self._fd)
        if back.digest.digest() != digest.digest():
            raise ReadBackMismatch(f"A file in {self.folder} reads back other than it was written; check the disk.")
        return digest.hexdigest()

    def _write(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            written = os.write(self._fd, rest)
            rest = rest[written:]
            self.size += written

    def link(self, name: str) -> None:
        """Give it a name in its folder; the name is durable after sync_folder().

        Raises:
            FileExistsError: the name is taken; no file is ever replaced.
        """
        target = os.path.join(self.folder, name)
        try:
            os.link(self._path, target)
        except OSError as error:
            if error.errno not in NO_LINKS or os.path.lexists(target):
                raise
            # Such a file system has no way to refuse a taken name: between the look and this another could come.
            os.rename(self._path, target)

    def __enter__(self) -> "TemporaryFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._fd)


class _ReadBack:
    """Reads a growing file back, from the disk where the system lets us, and takes the digest of what it gets."""

    def __init__(self, fd: int, path: str) -> None:
        self._written = fd
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        self.digest = hashlib.sha256()
        self.end = 0

    def verify(self, end: int) -> None:
        """Go on to a place in the file, where all is on the disk then."""
        os.fdatasync(self._written)
        os.posix_fadvise(self._fd, self.end, end - self.end, os.POSIX_FADV_DONTNEED)
        while self.end < end and (data := os.pread(self._fd, min(WINDOW, end - self.end), self.end)):
            self.digest.update(data)
            self.end += len(data)

    def __enter__(self) -> "_ReadBack":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)


def blocks(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Gather small pieces until they are of some size: a call of the kernel or of zlib costs more than they do."""
    gathered: list[bytes] = []
    length = 0
    for piece in pieces:
        gathered.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(gathered)
            gathered.clear()
            length = 0
    yield b"".join(gathered)


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
    """Make the names in the folder durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
