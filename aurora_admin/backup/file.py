"""An open backup file, and reading of the records in it. Changes of the file are detected."""

import errno
import hashlib
import os
import stat
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple

from aurora_admin.backup.os_errors import explain
from aurora_admin.wire.errors import WireError

WINDOW = 1 << 20
# Read for a single record; for neighbouring records a full window is read.
SMALL_WINDOW = 1 << 14
# The first bytes of compressed files, and how to decompress them. A real scheduler stages such files as empty.
COMPRESSED = {
    b"\x1f\x8b": "it is compressed with gzip; gunzip it first",
    b"BZh": "it is compressed with bzip2; bunzip2 it first",
    b"\xfd7zXZ": "it is compressed with xz; unxz it first",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd; unzstd it first",
}
COPY_AGAIN = "copy it again from where it was made, or use another backup"


class BackupError(Exception):
    """A backup that cannot be used: what is wrong, where in the file, and what to do."""


class IncompleteBackup(BackupError):
    """A backup that can be used only without some of its parts, which the caller must allow."""


class FileIdentity(NamedTuple):
    """The attributes of a file that change if it is replaced or written to."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


class BackupFile:
    """An open regular file, read by position; several threads may read.

    It is not memory-mapped: overwriting a mapped file would silently change a staged backup, and truncating it would
    kill the process (docs/architecture.md 4.2). The file is closed with `close` or when the last reference is gone.

    Raises:
        BackupError: the file is missing, not a regular file, or not readable.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)
        try:
            # Without O_NONBLOCK opening a named pipe would wait for a writer.
            self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BackupError(f"Backup {self.name} does not exist. Choose one from the list of backups.") from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise self._not_regular() from None
            raise BackupError(f"Failed to read backup {self.name}: {explain(error, path)}") from error
        status = os.fstat(self.fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(self.fd)
            raise self._not_regular()
        # A reply that is still being sent keeps the file open.
        self.close = weakref.finalize(self, os.close, self.fd)
        self.identity = _identity(status)
        self.size = status.st_size

    def _not_regular(self) -> BackupError:
        return BackupError(
            f"Failed to read backup {self.name}: it is not a regular file. Put a copy of the backup there, not a link."
        )

    def check_format(self) -> None:
        """Check that the file is neither empty nor compressed.

        Raises:
            BackupError: it is.
        """
        if self.size == 0:
            raise BackupError(f"Failed to decode backup {self.name}: the file is empty; {COPY_AGAIN}.")
        start = self.read(0, min(self.size, max(map(len, COMPRESSED))))
        for magic, advice in COMPRESSED.items():
            if start.startswith(magic):
                raise BackupError(f"Failed to decode backup {self.name}: {advice}.")

    def digest(self) -> str:
        """Return the SHA-256 of the file in hexadecimal.

        Raises:
            BackupError: the file has become shorter.
        """
        digest = hashlib.sha256()
        for start in range(0, self.size, WINDOW):
            digest.update(self.read(start, min(start + WINDOW, self.size)))
        return digest.hexdigest()

    def check_unchanged(self) -> None:
        """Check that the file at the path is still the one that was opened.

        Raises:
            BackupError: the file's size or times have changed, or it was replaced or removed.
        """
        try:
            same = self.identity == _identity(os.fstat(self.fd)) == _identity(os.stat(self.path))
        except OSError:
            same = False
        if not same:
            raise BackupError(
                f"The file of backup {self.name} has changed since it was staged; unload and stage it again."
            )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn errors of reading indexed records into a BackupError.

        Raises:
            BackupError: the file has changed or cannot be read.
        """
        try:
            yield
        except Exception as error:
            self.check_unchanged()
            if not isinstance(error, EOFError | WireError | OSError):
                raise
            reason = explain(error, self.path) if isinstance(error, OSError) else f"{error}. Check the disk."
            raise BackupError(
                f"Failed to read backup {self.path} again: {reason} Unload it; then stage it again, or another backup."
            ) from error

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end`.

        Raises:
            BackupError: the file ends before `end`.
        """
        data = os.pread(self.fd, end - start, start)
        if len(data) != end - start:
            raise BackupError(f"Backup {self.name} is shorter than when it was staged; unload and stage it again.")
        return data

    def __enter__(self) -> "BackupFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _identity(status: os.stat_result) -> FileIdentity:
    return FileIdentity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def records(fd: int, rows: Iterable[int], starts: Sequence[int], lengths: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield each row with its record; neighbouring records are read together.

    Raises:
        EOFError: the file ends inside a record.
    """
    window, base = b"", 0
    for row in rows:
        begin = starts[row] - base
        end = begin + lengths[row]
        if begin < 0 or end > len(window):
            near = 0 <= begin <= len(window) + SMALL_WINDOW
            base = starts[row]
            window = os.pread(fd, max(lengths[row], WINDOW if near else SMALL_WINDOW), base)
            begin, end = 0, lengths[row]
            if end > len(window):
                raise EOFError(f"the record at offset {base} is truncated")
        yield row, window[begin:end]


def spans(rows: Iterable[int], starts: Sequence[int], lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of the rows' records; adjacent ranges are merged."""
    first = last = -1
    for row in rows:
        start = starts[row]
        if start == last:
            last = start + lengths[row]
            continue
        if last > first:
            yield first, last
        first, last = start, start + lengths[row]
    if last > first:
        yield first, last
