"""The folder of the log: one process at a time, and names that stay."""

import fcntl
import os

from aurora_admin.scheduler.storage.engine import LogError

LOCK = "LOCK"


def make_folder(folder: str) -> None:
    """Make a folder that nobody else may look into; one with anything in it is somebody's, and stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if not os.listdir(folder):
        os.chmod(folder, 0o700)


def lock_folder(folder: str) -> int:
    """Take the folder for this process; closing the returned descriptor, or ending, lets go of it.

    Raises:
        LogError: another process has it, or it cannot be written.
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
