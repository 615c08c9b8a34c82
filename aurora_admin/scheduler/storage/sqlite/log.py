"""The log engine of a scheduler without standbys: one SQLite file (docs/replicated-log.md 2.4, SQLite engine)."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from aurora_admin.backup.os_errors import explain
from aurora_admin.scheduler.storage.engine import FatalLogError, LogError, LogFull, never
from aurora_admin.scheduler.storage.folder import lock_folder
from aurora_admin.scheduler.storage.sqlite import content

# SQLite writes a transaction twice: to its journal, then to its file.
WRITE_FACTOR = 2


class SqliteLog:
    """The log engine of a scheduler without standbys.

    - Only one process has the log open: it holds the lock of the folder until close().
    - Only the process that called fence() last can append: each transaction compares the epoch in the file first.
    - An append or truncation is one SQLite transaction with synchronous=FULL. So all of it is durable on return, or,
      after an error or a crash, either all or nothing of it is in the log.

    Raises:
        LogError: the log is not initialised, in use by another process, damaged, or has a newer format.
    """

    warn_above_bytes: int | None = None
    timeout_error: type[Exception] = TimeoutError

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._path = path = content.log_file(folder)
        self._lock = lock_folder(folder)
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=0)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise content.unusable(path, error) from error
        try:
            self._check()
        except BaseException as error:
            self.close()
            if isinstance(error, content.DAMAGE):
                raise content.unusable(path, error) from error
            raise
        self._file = os.stat(path)
        self._epoch = -1

    def _check(self) -> None:
        run = self._connection.execute
        if run("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
            raise LogError(
                f"The file system of {self.folder} does not support SQLite's write-ahead log; use a local disk."
            )
        run("PRAGMA synchronous=FULL")
        # SQLite checkpoints the journal but keeps its size: a snapshot would leave a journal as large as itself.
        run("PRAGMA journal_size_limit=67108864")
        self.log_id = content.check(self._connection, self.folder)

    def size(self) -> tuple[int, int]:
        """Return the number of records and of their bytes."""
        count, size = self._connection.execute("SELECT count(*), sum(length(data)) FROM entry").fetchone()
        return count, size or 0

    def fence(self, should_stop: Callable[[], bool] = never) -> int:
        with self._transaction() as run:
            run("UPDATE meta SET epoch = epoch + 1")
            self._epoch = int(run("SELECT epoch FROM meta").fetchone()[0])
        return self._epoch

    def append(self, records: Iterable[bytes]) -> int:
        with self._transaction() as run:
            epoch, begin = run("SELECT epoch, begin FROM meta").fetchone()
            if epoch != self._epoch:
                raise FatalLogError(f"Another scheduler has taken over the log (epoch {epoch}, ours is {self._epoch}).")
            last = run("SELECT max(pos) FROM entry").fetchone()[0]
            first = begin if last is None else int(last) + 1
            for position, record in enumerate(records, first):
                run("INSERT INTO entry VALUES (?, ?, ?)", (position, epoch, record))
        return int(first)

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        return content.records(self._connection, self.folder)

    def truncate_before(self, position: int) -> None:
        with self._transaction() as run:
            run("UPDATE meta SET begin = ?", (position,))
            run("DELETE FROM entry WHERE pos < ?", (position,))
        # Give the journal's space back to the disk. The free pages of the database file are reused by later entries.
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check_space(self, size: int) -> None:
        available = shutil.disk_usage(self.folder).free // WRITE_FACTOR
        if available < size:
            raise LogFull(
                f"The disk of {self.folder} has space for {available} bytes of log and {size} are needed: nothing was "
                "written. Free some space and try again."
            )

    def close(self) -> None:
        self._connection.close()
        os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """Run the block as one transaction, and raise LogFull or FatalLogError if SQLite fails."""
        self._check_present()
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            yield execute
            execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._failure(error) from error
            raise

    def _check_present(self) -> None:
        """Check that the file still has its name: SQLite writes into a deleted file as into any other.

        Raises:
            LogFull: it was deleted, moved or replaced.
        """
        try:
            if os.path.samestat(os.stat(self._path), self._file):
                return
            reason = "Another file has its name."
        except OSError as error:
            reason = explain(error, self._path)
        raise LogFull(
            f"The log {self._path} was deleted or moved: nothing was written. {reason} Make a backup before this "
            "scheduler stops; its state is only in memory now."
        )

    def _failure(self, error: sqlite3.Error) -> LogError:
        # A full disk stops a write before the commit record, so the rollback leaves the log as it was.
        if "disk is full" in str(error):
            return LogFull(
                f"No space left for the log in {self.folder}: nothing was written. Free some space and try again."
            )
        return FatalLogError(f"Writing the log in {self.folder} failed: {error}. {content.DISK_ADVICE}")
