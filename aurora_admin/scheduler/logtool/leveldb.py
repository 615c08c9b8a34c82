"""The files of a LevelDB database: copied under its lock, and its journals checked for torn writes."""

import fcntl
import os
import shutil

from aurora_admin.backup.os_errors import explain
from aurora_admin.scheduler.storage.engine import LogError

# The format of a journal: sizes in bytes, and the types of the records that complete a write.
BLOCK_BYTES, HEADER_BYTES, FULL, LAST = 1 << 15, 7, 1, 4


def copy_replica(source: str, target: str) -> float:
    """Copy a replica's files, and return when the last of them was written, in seconds since the epoch.

    Raises:
        LogError: it is not a replica, cannot be read, or is in use.
    """
    if not os.path.isfile(os.path.join(source, "CURRENT")):
        raise LogError(f"{source} is not a replica of a Mesos log: it has no file CURRENT.")
    try:
        lock = _lock(source)
        try:
            newest = 0.0
            for entry in os.scandir(source):
                if entry.is_file() and entry.name != "LOCK":
                    shutil.copyfile(entry.path, os.path.join(target, entry.name))
                    newest = max(newest, entry.stat().st_mtime)
        finally:
            if lock is not None:
                os.close(lock)
    except OSError as error:
        raise LogError(
            f"Failed to copy the replica {source} to {target}: {explain(error, error.filename or target)}"
        ) from error
    return newest


def _lock(source: str) -> int | None:
    """Lock the database for reading, which fails while a scheduler runs and prevents that one starts."""
    try:
        lock = os.open(os.path.join(source, "LOCK"), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.lockf(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        os.close(lock)
        raise LogError(f"The replica {source} is in use; stop the scheduler first.") from None
    return lock


def torn_journals(folder: str) -> list[str]:
    """Return the names of the journals that end within a write. LevelDB ignores such a write without a warning."""
    return [name for name in sorted(os.listdir(folder)) if name.endswith(".log") and _is_torn(folder, name)]


def _is_torn(folder: str, name: str) -> bool:
    """Return whether a journal ends within a write, because of a crash or an incomplete copy.

    A journal consists of blocks. A block has records, each with a header (checksum, length, type) and data. The end of
    a block that is too short for a header is unused, and a record of type 0 is space that was never written.
    """
    with open(os.path.join(folder, name), "rb") as journal:
        kind = LAST
        while block := journal.read(BLOCK_BYTES):
            at = 0
            while at + HEADER_BYTES <= len(block) and block[at + HEADER_BYTES - 1]:
                kind = block[at + HEADER_BYTES - 1]
                at += HEADER_BYTES + int.from_bytes(block[at + 4 : at + 6], "little")
            if at > len(block) or (at + HEADER_BYTES > len(block) != BLOCK_BYTES and at != len(block)):
                return True
    return kind not in (FULL, LAST)
