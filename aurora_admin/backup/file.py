"""A backup file as bytes that may not change under our feet."""

import errno
import os
import stat
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple

from aurora_admin.wire.errors import WireError

WINDOW = 1 << 20
# A lone record is read by itself; neighbours are worth a whole window.
SMALL_WINDOW = 1 << 14


class BackupError(Exception):
    """A backup that cannot be used: what is wrong, where in the file, and what to do."""


class Identity(NamedTuple):
    """What tells a file that was touched from one that was not."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


class BackupFile:
    """An open, regular file, read by position.

    It is read and not mapped: overwriting a mapped file would change what was staged without a sign,
    and truncating it would kill the process (docs/architecture.md 4.2).

    Raises:
        BackupError: there is no such file, it is not a regular one, or it may not be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)
        try:
            # Without O_NONBLOCK a named pipe would hold the caller until somebody writes into it.
            self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BackupError(
                f"Backup {self.name} does not exist. scheduler_list_backups shows what there is."
            ) from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise self._not_regular() from None
            raise BackupError(
                f"Failed to read backup {self.name}: {error.strerror}. Check the owner and permissions of {path}."
            ) from error
        status = os.fstat(self.fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(self.fd)
            raise self._not_regular()
        # The last user closes it, also when that is a reply still being sent.
        self.close = weakref.finalize(self, os.close, self.fd)
        self.identity = _identity(status)
        self.size = status.st_size

    def _not_regular(self) -> BackupError:
        return BackupError(
            f"Failed to read backup {self.name}: it is not a regular file. "
            "Put a copy of the backup there, no link to it."
        )

    def check_unchanged(self) -> None:
        """Refuse to go on when the file is no longer the one that was opened.

        Raises:
            BackupError: size, times or the file itself differ, or the name is gone.
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
        """Read records again that were indexed before.

        Raises:
            BackupError: they are gone, or are no longer what they were.
        """
        try:
            yield
        except Exception as error:
            self.check_unchanged()
            if not isinstance(error, EOFError | WireError | OSError):
                raise
            reason = error.strerror if isinstance(error, OSError) else error
            raise BackupError(
                f"Failed to read backup {self.path} again: {reason}. Unload it and check its disk; then stage it "
                "again, or another backup."
            ) from error

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes of a range.

        Raises:
            BackupError: the file ends before.
        """
        data = os.pread(self.fd, end - start, start)
        if len(data) != end - start:
            raise BackupError(
                f"Backup {self.name} is shorter than it was when it was staged; unload and stage it again."
            )
        return data

    def __enter__(self) -> "BackupFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _identity(status: os.stat_result) -> Identity:
    return Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def records(fd: int, rows: Iterable[int], starts: Sequence[int], lengths: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield each row with its bytes, reading neighbours together.

    Raises:
        EOFError: the file ends before a record does.
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
                raise EOFError(f"the record at offset {base} is cut short")
        yield row, window[begin:end]


def spans(rows: Iterable[int], starts: Sequence[int], lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the ranges that hold the rows, neighbours merged."""
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
