"""Reading of an SQLite log that changes nothing: also on a read-only mount, and while a scheduler runs."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import quote

from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.sqlite import content

# How SQLite opens the file (https://sqlite.org/wal.html, "Read-Only Databases").
SHARED = "mode=ro&readonly_shm=1"  # with the locks and the index in shared memory of the processes that use it
UNUSED = "immutable=1"  # without locks, and without the journal
NEW_INDEX = "mode=ro"  # SQLite creates an index in the folder
PRIVATE_INDEX = "mode=ro&vfs=unix-none"  # without locks, with an index in memory


class SqliteLogReader:
    """A log in a folder, opened for reading: nothing is locked, and the files are not changed.

    Attributes:
        log_id: the id of the log.

    Raises:
        LogError: the log is not initialised, damaged, or has a newer format.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._path = content.log_file(folder)
        self._options = _options(self._path)
        self._before = self._identity()
        address = f"file:{quote(os.fsencode(os.path.abspath(self._path)))}?{self._options}"
        with self._explained():
            self._connection = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self.close()
                raise

    def _open(self) -> None:
        if self._options == PRIVATE_INDEX:
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._connection.execute("BEGIN")  # everything that is read is of one moment
        self.log_id = content.check(self._connection, self._folder)

    def epoch(self) -> int:
        """Return how often the log was taken over."""
        with self._explained():
            return int(self._connection.execute("SELECT epoch FROM meta").fetchone()[0])

    def positions(self) -> range | None:
        """Return the positions of the first and the last record; None if there are no records."""
        with self._explained():
            first, last = self._connection.execute("SELECT min(pos), max(pos) FROM entry").fetchone()
        return None if first is None else range(first, last + 1)

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Yield every record that was not truncated, with its position.

        Raises:
            LogError: a record cannot be read, or a scheduler was started in the meantime.
        """
        with self._explained():
            yield from content.records(self._connection, self._folder)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors into a LogError, and check that the files that are read without locks have not changed."""
        try:
            yield
        except content.DAMAGE as error:
            self._check_unchanged()
            raise content.unusable(self._path, error) from error
        except LogError:
            self._check_unchanged()
            raise
        self._check_unchanged()

    def _check_unchanged(self) -> None:
        if self._before != self._identity():
            raise LogError(
                f"A scheduler was started on the log in {self._folder} while it was read, so what was read may be "
                "wrong; run the command again."
            )

    def _identity(self) -> list[tuple[int, int, int] | None]:
        """Return what changes when a process opens the log; nothing if locks protect from that."""
        if self._options in (SHARED, NEW_INDEX):
            return []
        return [_file_identity(self._path + suffix) for suffix in ("", "-wal", "-shm")]

    def close(self) -> None:
        self._connection.close()


def open_reader(folder: str) -> "closing[SqliteLogReader]":
    """Open the log in a folder for a `with` statement; raises as SqliteLogReader."""
    return closing(SqliteLogReader(folder))


def _options(path: str) -> str:
    """Choose how to open the file, so that nothing is written and the journal is read if there is one.

    A journal (-wal) without an index (-shm) is in a copy. A log without both is one that no process uses.
    """
    if os.path.exists(f"{path}-shm"):
        return SHARED
    if _size(f"{path}-wal") == 0:
        return UNUSED
    return NEW_INDEX if os.access(os.path.dirname(path) or ".", os.W_OK) else PRIVATE_INDEX


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _file_identity(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
