"""The log engine of a scheduler without standbys: one SQLite file (docs/replicated-log.md 2.4, SQLite engine)."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from aurora_admin.scheduler.storage.engine import FORMAT, RESTORE_ADVICE, FatalLogError, LogError, LogFull
from aurora_admin.scheduler.storage.folder import lock_folder

FILE = "log.sqlite"
# The log itself is mostly undamaged when it cannot be read or written.
DISK_ADVICE = (
    "The log may be undamaged: check the disk, its free space, and owner and mode of the files, then start again."
)
# SQLite writes a transaction twice: to its journal, then to its file.
WRITE_FACTOR = 2
# What a damaged file causes: errors of SQLite, text that is not UTF-8, and missing rows.
DAMAGE = (sqlite3.Error, UnicodeDecodeError, TypeError)


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
        path = os.path.join(folder, FILE)
        if not _is_file(path):
            raise LogError(
                f"{folder} holds no initialised log. If there should be one, stop and look for it. "
                f"To create a new log, run: aurora-reference-log initialize --path={folder}"
            )
        self._lock = lock_folder(folder)
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=0)
            self._check()
        except DAMAGE as error:
            os.close(self._lock)
            raise LogError(f"The log {path} cannot be used: {error}. {_advice(error)}") from error
        except LogError:
            self.close()
            raise
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
        self._check_format()
        damage = run("PRAGMA quick_check(1)").fetchone()[0]
        if damage != "ok":
            text = " ".join(damage.split())  # SQLite's description has several lines
            raise LogError(f"The log in {self.folder} is damaged ({text}). Move it away. {RESTORE_ADVICE}")

    def _check_format(self) -> None:
        found, self.log_id = self._connection.execute("SELECT format, log_id FROM meta").fetchone()
        if found != FORMAT:
            raise LogError(
                f"The log in {self.folder} has format {found}; this version supports {FORMAT}. "
                "Use the version that wrote it."
            )

    def facts(self) -> dict[str, object]:
        """Return what `aurora-reference-log status` shows, by name."""
        run = self._connection.execute
        epoch = run("SELECT epoch FROM meta").fetchone()[0]
        first, last, records, size = run("SELECT min(pos), max(pos), count(*), sum(length(data)) FROM entry").fetchone()
        return {
            "log id": self.log_id,
            "format": FORMAT,
            "epoch": epoch,
            "begin": first,
            "last": last,
            "records": records,
            "bytes": size or 0,
        }

    def fence(self) -> int:
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
        expected = None
        try:
            for position, data in self._connection.execute("SELECT pos, data FROM entry ORDER BY pos"):
                if expected not in (None, position):
                    raise LogError(f"Position {expected} is missing from the log in {self.folder}. {RESTORE_ADVICE}")
                if not isinstance(data, bytes):
                    raise LogError(f"The record at position {position} in {self.folder} is damaged. {RESTORE_ADVICE}")
                expected = position + 1
                yield position, data
        except DAMAGE as error:
            raise LogError(
                f"The log in {self.folder} cannot be read at position {expected}: {error}. {RESTORE_ADVICE}"
            ) from error

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

    def _failure(self, error: sqlite3.Error) -> LogError:
        # A full disk stops a write before the commit record, so the rollback leaves the log as it was.
        if "disk is full" in str(error):
            return LogFull(
                f"No space left for the log in {self.folder}: nothing was written. Free some space and try again."
            )
        return FatalLogError(f"Writing the log in {self.folder} failed: {error}. {DISK_ADVICE}")


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # the file may exist
        raise LogError(
            f"Failed to open the log {path}: {error.strerror}. Check the owner and permissions of its folder, and run "
            "this as its owner."
        ) from error


def _advice(error: Exception) -> str:
    """Distinguish damage from a disk failure: restoring over an undamaged log loses everything since the backup."""
    if isinstance(error, sqlite3.OperationalError) and not str(error).startswith("no such"):
        return DISK_ADVICE
    return RESTORE_ADVICE
