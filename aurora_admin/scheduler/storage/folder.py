"""The folder of a log: private to its owner, and used by one process at a time."""

import fcntl
import os

from aurora_admin.scheduler.storage.engine import LogError

LOCK = "LOCK"


def make_folder(folder: str) -> None:
    """Create a folder that only its owner can read; keep the permissions of one that already has files in it.

    Raises:
        OSError: it cannot be created.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if not os.listdir(folder):
        os.chmod(folder, 0o700)


def lock_folder(folder: str) -> int:
    """Lock the folder for this process and return a descriptor; closing it, or the end of the process, unlocks.

    Raises:
        LogError: another process has locked the folder, or it cannot be written.
    """
    try:
        lock = os.open(os.path.join(folder, LOCK), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LogError(
            f"Failed to open the log in {folder}: {error.strerror}. Check its owner and permissions."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise LogError(f"The log in {folder} is in use by another process; stop that scheduler first.") from None
    except OSError as error:
        os.close(lock)
        raise LogError(f"The log in {folder} cannot be locked: {error.strerror}. Use a local disk.") from error
    return lock
