"""The log of a single scheduler: one SQLite file, one writer (docs/replicated-log.md 2.4, SQLite engine)."""

import os
import secrets
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from aurora_admin.backup.atomic_file import sync_folder
from aurora_admin.scheduler.storage.engine import FORMAT, LogBroken, LogError, LogFull
from aurora_admin.scheduler.storage.folder import lock_folder, make_folder

FILE = "log.sqlite"
SCHEMA = """
CREATE TABLE meta (format INTEGER NOT NULL, log_id TEXT NOT NULL, epoch INTEGER NOT NULL, begin INTEGER NOT NULL);
CREATE TABLE entry (pos INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, data BLOB NOT NULL);
"""
# A log that could not be read or written is whole, most of the time.
DISK_ADVICE = (
    "The log itself may be whole: see to the disk, its free space, and owner and mode of the files, then start again."
)
# SQLite writes a transaction twice: to its journal, then to its file.
WRITE_FACTOR = 2
# What a damaged file makes of the calls: errors of SQLite's, texts that are none, rows that are not there.
DAMAGE = (sqlite3.Error, UnicodeDecodeError, TypeError)


def initialize(folder: str) -> str:
    """Make an empty log in a folder, which is created where missing, and return the new log's id.

    The log appears whole or not at all; it is durable on return.

    Raises:
        LogError: the folder holds a log already (an initialised log is never initialised over), or cannot be written.
    """
    path = os.path.join(folder, FILE)
    try:
        make_folder(folder)
        if os.path.lexists(path):
            raise LogError(f"{folder} holds an initialised log already; nothing was changed. Move it away first.")
        return _create(folder, path)
    except (OSError, sqlite3.Error) as error:
        raise LogError(f"Failed to make a log in {folder}: {error}. Check the path, its owner and the disk.") from error


def _create(folder: str, path: str) -> str:
    fresh = f"{path}.{os.getpid()}.new"
    log_id = secrets.token_hex(16)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with sqlite3.connect(fresh) as connection:
            connection.executescript(SCHEMA)
            connection.execute("INSERT INTO meta VALUES (?, ?, 0, 0)", (FORMAT, log_id))
        connection.close()
        # link() and not rename(): it fails where a second initialise came first.
        os.link(fresh, path)
    except FileExistsError:
        raise LogError(f"{folder} holds an initialised log already; nothing was changed. Move it away first.") from None
    finally:
        os.unlink(fresh)
    sync_folder(folder)
    return log_id


def wipe(folder: str) -> None:
    """Delete the log in a folder.

    Raises:
        LogError: a process uses it, or it cannot be deleted.
    """
    lock = lock_folder(folder)
    try:
        # The file that makes a log of the folder goes first.
        for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
        sync_folder(folder)
    except OSError as error:
        raise LogError(f"The log in {folder} could not be deleted: {error}. Check the folder's owner.") from error
    finally:
        os.close(lock)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # what cannot be seen may be there
        raise LogError(
            f"Failed to open the log {path}: {error.strerror}. Check the owner and permissions of its folder, and run "
            "this as its owner."
        ) from error


class SqliteLog:
    """The log engine of a scheduler that leads alone.

    Raises:
        LogError: not initialised, held by another process, damaged, or of a newer format.
    """

    comfortable_bytes: int | None = None
    no_answer: type[Exception] = TimeoutError

    def __init__(self, folder: str) -> None:
        self.folder = folder
        path = os.path.join(folder, FILE)
        if not _is_file(path):
            raise LogError(
                f"{folder} holds no initialised log. If it should, do not go on: look for the old one. "
                f"Otherwise run: aurora-reference-log initialize --path={folder}"
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
        # Each append is checkpointed by size; a snapshot would otherwise leave a journal of its own size behind.
        run("PRAGMA journal_size_limit=67108864")
        self._check_format()
        damage = run("PRAGMA quick_check(1)").fetchone()[0]
        if damage != "ok":
            raise LogError(f"The log in {self.folder} is damaged ({damage}). Move it away and restore from a backup.")

    def _check_format(self) -> None:
        found, self.log_id = self._connection.execute("SELECT format, log_id FROM meta").fetchone()
        if found != FORMAT:
            raise LogError(
                f"The log in {self.folder} has format {found}; this version knows {FORMAT}. "
                "Use the version that wrote it."
            )

    def facts(self) -> dict[str, object]:
        """Return what a person may want to know of the log."""
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
                raise LogBroken(f"Another scheduler has taken over the log (epoch {epoch}, ours is {self._epoch}).")
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
                    raise LogError(
                        f"Position {expected} is missing from the log in {self.folder}. Restore from a backup."
                    )
                if not isinstance(data, bytes):
                    raise LogError(f"The record at position {position} in {self.folder} is damaged. Restore a backup.")
                expected = position + 1
                yield position, data
        except DAMAGE as error:
            raise LogError(
                f"The log in {self.folder} cannot be read at position {expected}: {error}. Restore from a backup."
            ) from error

    def truncate_before(self, position: int) -> None:
        with self._transaction() as run:
            run("UPDATE meta SET begin = ?", (position,))
            run("DELETE FROM entry WHERE pos < ?", (position,))
        # Free pages go back to the file for the next entries; the journal back to the disk.
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check_room(self, size: int) -> None:
        room = shutil.disk_usage(self.folder).free // WRITE_FACTOR
        if room < size:
            raise LogFull(
                f"The disk of {self.folder} has room for {room} bytes of log and {size} are needed: nothing was "
                "written. Free some space and try again."
            )

    def close(self) -> None:
        self._connection.close()
        os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """BEGIN IMMEDIATE ... COMMIT; a failure is told apart by what it means for the log."""
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
        # A full disk stops a write before the commit record, so that a rollback leaves the log as it was.
        if "disk is full" in str(error):
            return LogFull(
                f"No space left for the log in {self.folder}: nothing was written. Free some space and try again."
            )
        return LogBroken(f"Writing the log in {self.folder} failed: {error}. {DISK_ADVICE}")


def _advice(error: Exception) -> str:
    """Tell damage from a disk in the way: who restores a backup over a whole log loses what came after it."""
    if isinstance(error, sqlite3.OperationalError) and not str(error).startswith("no such"):
        return DISK_ADVICE
    return "Restore it from a backup (see scheduler_stage_recovery)."
