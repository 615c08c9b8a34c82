"""The folder of a log: private to its owner, and used by one process at a time."""

import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from datetime import datetime, timezone

from aurora_admin.backup.os_errors import explain
from aurora_admin.scheduler.storage.engine import LogError

LOCK = "LOCK"
RETRY_SECONDS = 0.01


def make_folder(folder: str) -> None:
    """Create a folder that only its owner can read; keep the permissions of one that already has files in it.

    Raises:
        OSError: it cannot be created.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if not os.listdir(folder):
        # A file system without permissions (FAT) refuses to change them.
        with suppress(PermissionError):
            os.chmod(folder, 0o700)


def lock_folder(folder: str) -> int:
    """Lock the folder for this process and return a descriptor; closing it, or the end of the process, unlocks.

    The process writes into the file LOCK who it is, for `lock_holder`.

    Raises:
        LogError: another process has locked the folder, or it cannot be written.
    """
    path = os.path.join(folder, LOCK)
    try:
        lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LogError(f"Failed to open the log in {folder}: {explain(error, path)}") from error
    try:
        while not _try_lock(lock):
            time.sleep(RETRY_SECONDS)
        _write_holder(lock)
    except BlockingIOError:
        holder = _read_holder(lock)
        os.close(lock)
        raise LogError(
            f"The log in {folder} is in use by another process; stop that scheduler first: {holder}."
        ) from None
    except OSError as error:
        os.close(lock)
        raise LogError(f"The log in {folder} cannot be locked: {explain(error, folder)}") from error
    return lock


def _try_lock(lock: int) -> bool:
    """Take the lock; return False while `lock_holder` of another process has it, which is for an instant.

    Raises:
        BlockingIOError: another process has locked the folder.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    return True


def _write_holder(lock: int) -> None:
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    holder = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})
    # The lock is what counts: a full disk must not prevent it.
    with suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, holder.encode(), 0)


def lock_holder(folder: str) -> str:
    """Return which process has locked the folder, as a text; only read access is needed."""
    path = os.path.join(folder, LOCK)
    try:
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return "no process"
    except OSError as error:
        return f"unknown ({path}: {error.strerror})"
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(lock)
    except OSError as error:
        return f"unknown ({path}: {error.strerror})"
    else:
        return "no process"
    finally:
        os.close(lock)


def _read_holder(lock: int) -> str:
    try:
        found = json.loads(os.pread(lock, 1 << 12, 0))
        return f"process {found['pid']} on {found['host']} since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # a version that does not write it has the lock
        return "a process that did not write its id"
