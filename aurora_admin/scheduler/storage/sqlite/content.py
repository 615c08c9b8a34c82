"""The content of an SQLite log, read through any connection, and the messages for a log that cannot be used."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aurora_admin.backup.os_errors import explain
from aurora_admin.scheduler.storage.engine import FORMAT, RESTORE_ADVICE, LogError

FILE = "log.sqlite"
# The log itself is mostly undamaged when it cannot be read or written.
DISK_ADVICE = (
    "The log may be undamaged: check the disk, its free space, and owner and mode of the files, then start again."
)
# What a damaged file causes: errors of SQLite, text that is not UTF-8, and missing rows.
DAMAGE = (sqlite3.Error, UnicodeDecodeError, TypeError)


def log_file(folder: str) -> str:
    """Return the path of the log's file in a folder.

    Raises:
        LogError: there is no such file, or the folder cannot be searched.
    """
    path = os.path.join(folder, FILE)
    try:
        if stat.S_ISREG(os.stat(path).st_mode):
            return path
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:  # the file may exist
        raise LogError(f"Failed to open the log {path}: {explain(error, folder)} Run this as its owner.") from error
    raise LogError(
        f"{folder} holds no initialised log. If there should be one, stop and look for it. "
        f"To create a new log, run: aurora-reference-log initialize --path={folder}"
    )


def check(connection: sqlite3.Connection, folder: str) -> str:
    """Check the format and the pages of a log, and return its id.

    Raises:
        LogError: it has another format, or is damaged.
        DAMAGE: it is damaged, or cannot be read.
    """
    found, log_id = connection.execute("SELECT format, log_id FROM meta").fetchone()
    if found != FORMAT:
        raise LogError(
            f"The log in {folder} has format {found}; this version supports {FORMAT}. Use the version that wrote it."
        )
    damage = interruptible(connection, "PRAGMA quick_check(1)")[0]
    if damage != "ok":
        text = " ".join(damage.split())  # SQLite's description has several lines
        raise LogError(f"The log in {folder} is damaged ({text}). Move it away. {RESTORE_ADVICE}")
    return str(log_id)


def interruptible(connection: sqlite3.Connection, statement: str) -> Any:
    """Return the first row of a statement. It runs in another thread, so that the main thread can handle signals."""
    with ThreadPoolExecutor(1, "sqlite") as executor:
        row = executor.submit(lambda: connection.execute(statement).fetchone())
        try:
            return row.result()
        except BaseException:
            connection.interrupt()
            raise


def records(connection: sqlite3.Connection, folder: str) -> Iterator[tuple[int, bytes]]:
    """Yield every record that was not truncated, with its position.

    Raises:
        LogError: a position is missing, or a record cannot be read.
    """
    expected = None
    try:
        for position, data in connection.execute("SELECT pos, data FROM entry ORDER BY pos"):
            if expected not in (None, position):
                raise LogError(f"Position {expected} is missing from the log in {folder}. {RESTORE_ADVICE}")
            if not isinstance(data, bytes):
                raise LogError(f"The record at position {position} in {folder} is damaged. {RESTORE_ADVICE}")
            expected = position + 1
            yield position, data
    except DAMAGE as error:
        raise LogError(
            f"The log in {folder} cannot be read at position {expected}: {error}. {RESTORE_ADVICE}"
        ) from error


def unusable(path: str, error: Exception) -> LogError:
    """Return the error to raise if SQLite cannot use the log."""
    return LogError(f"The log {path} cannot be used: {error}. {_advice(error)}")


def _advice(error: Exception) -> str:
    """Distinguish damage from a disk failure: restoring over an undamaged log loses everything since the backup."""
    if isinstance(error, sqlite3.OperationalError) and not str(error).startswith("no such"):
        return DISK_ADVICE
    return RESTORE_ADVICE
