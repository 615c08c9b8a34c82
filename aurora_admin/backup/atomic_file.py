"""Files that appear complete or not at all (docs/architecture.md 4.4)."""

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
# Bytes that are written before they are flushed to the disk and verified.
FLUSH_BYTES = 64 << 20
# Errors of link() where a rename may work: file systems without hard links (FAT, some in user space), or with rules of
# their own for links.
NO_LINKS = (errno.EACCES, errno.EIO, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)


class ReadBackMismatch(Exception):
    """The disk returned other bytes than were written."""


class TemporaryFile:
    """A file without its final name. It is deleted on exit, except for the names that link() gave it.

    The file is locked: an unlocked one was left behind by a dead process, even if its process id is in use again.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._fd, self._path = tempfile.mkstemp(prefix=PREFIX, suffix=SUFFIX, dir=folder)
        # Without locks the files of dead processes are not deleted; everything else works.
        with suppress(OSError):
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        self.size = 0

    def write(self, pieces: Iterable[bytes]) -> str:
        """Write the content and return its SHA-256 in hexadecimal; it is durable and verified on return.

        Raises:
            OSError: the file cannot be written.
            ReadBackMismatch: the disk returned other bytes.
        """
        digest = hashlib.sha256()
        with _ReadBack(self._fd, self._path) as back, ThreadPoolExecutor(2) as pool:
            # Other threads compute the digest, flush and verify while the next pieces are produced.
            hashed = verified = pool.submit(lambda: None)
            for block in blocks(pieces, WINDOW):
                hashed.result()
                hashed = pool.submit(digest.update, block)
                self._write(block)
                if self.size - back.end >= FLUSH_BYTES and verified.done():
                    verified.result()
                    verified = pool.submit(back.verify, self.size // mmap.PAGESIZE * mmap.PAGESIZE)
            hashed.result()
            verified.result()
            back.verify(self.size)
            os.fsync(self._fd)
        if back.digest.digest() != digest.digest():
            raise ReadBackMismatch(f"The disk of {self.folder} returned other bytes than were written; check the disk.")
        return digest.hexdigest()

    def _write(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            written = os.write(self._fd, rest)
            rest = rest[written:]
            self.size += written

    def link(self, name: str) -> None:
        """Give the file a name in its folder; the name is durable after sync_folder().

        Raises:
            FileExistsError: the name is taken; no file is replaced.
        """
        move(self._path, os.path.join(self.folder, name))

    def __enter__(self) -> "TemporaryFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._fd)


class _ReadBack:
    """Reads a growing file back, from the disk if the system allows it, and computes the digest."""

    def __init__(self, fd: int, path: str) -> None:
        self._written = fd
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        _advise(self._fd, 0, 0, "POSIX_FADV_SEQUENTIAL")
        self.digest = hashlib.sha256()
        self.end = 0

    def verify(self, end: int) -> None:
        """Flush the file and read it up to this position."""
        _flush_data(self._written)
        _advise(self._fd, self.end, end - self.end, "POSIX_FADV_DONTNEED")
        while self.end < end and (data := os.pread(self._fd, min(WINDOW, end - self.end), self.end)):
            self.digest.update(data)
            self.end += len(data)

    def __enter__(self) -> "_ReadBack":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)


def _flush_data(fd: int) -> None:
    """Make the content of a file durable; macOS has only the call that also does so for its times."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(fd)
    else:
        os.fsync(fd)


def _advise(fd: int, start: int, length: int, advice: str) -> None:
    """Tell the system how a file is read, if it has a call for that; macOS has none."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, start, length, getattr(os, advice))


def move(path: str, target: str) -> None:
    """Give a file another name in its folder. The former name may remain.

    Without hard links an empty file reserves the name, and a crash can leave that file.

    Raises:
        FileExistsError: the name is taken; no file is replaced, as rename() would.
    """
    try:
        os.link(path, target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
    else:
        return
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        os.rename(path, target)
    except BaseException:
        os.unlink(target)
        raise


def blocks(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Join small pieces to blocks of at least `size` bytes, as calls of the kernel or zlib are expensive."""
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
    """Delete the temporary files of dead processes; return whether running processes have some."""
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
