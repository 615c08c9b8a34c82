"""Create and delete SQLite logs."""

import os
import secrets
import sqlite3
from contextlib import suppress

from aurora_admin.backup.atomic_file import move, sync_folder
from aurora_admin.backup.os_errors import explain
from aurora_admin.scheduler.storage.engine import FORMAT, LogError
from aurora_admin.scheduler.storage.folder import lock_folder, make_folder
from aurora_admin.scheduler.storage.sqlite.content import FILE

SCHEMA = """
CREATE TABLE meta (format INTEGER NOT NULL, log_id TEXT NOT NULL, epoch INTEGER NOT NULL, begin INTEGER NOT NULL);
CREATE TABLE entry (pos INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, data BLOB NOT NULL);
"""


def initialize(folder: str) -> str:
    """Create an empty log in a folder, which is created if it is missing, and return the id of the log.

    The log is created atomically and is durable on return.

    Raises:
        LogError: the folder already holds a log, which is never overwritten, or the folder cannot be written.
    """
    path = os.path.join(folder, FILE)
    try:
        make_folder(folder)
        if os.path.lexists(path):
            raise _already_initialised(folder)
        return _create(folder, path)
    except OSError as error:
        raise LogError(f"Failed to create a log in {folder}: {explain(error, folder)}") from error
    except sqlite3.Error as error:
        raise LogError(f"Failed to create a log in {folder}: {error}. Check the disk and its free space.") from error


def _already_initialised(folder: str) -> LogError:
    return LogError(f"{folder} already holds an initialised log; nothing was changed. Move it away first.")


def _create(folder: str, path: str) -> str:
    temporary = f"{path}.{os.getpid()}.new"
    log_id = secrets.token_hex(16)
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with sqlite3.connect(temporary) as connection:
            connection.executescript(SCHEMA)
            connection.execute("INSERT INTO meta VALUES (?, ?, 0, 0)", (FORMAT, log_id))
        connection.close()
        move(temporary, path)
    except FileExistsError:
        raise _already_initialised(folder) from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    sync_folder(folder)
    return log_id


def wipe(folder: str) -> None:
    """Delete the log in a folder; durable on return.

    Raises:
        LogError: a process uses the log, or it cannot be deleted.
    """
    lock = lock_folder(folder)
    try:
        # The database goes first: without it the folder is no log, whatever else is left in it.
        for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
        sync_folder(folder)
    except OSError as error:
        raise LogError(f"The log in {folder} could not be deleted: {explain(error, folder)}") from error
    finally:
        os.close(lock)
