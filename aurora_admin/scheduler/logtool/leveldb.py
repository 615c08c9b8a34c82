"""The files of a LevelDB database: copied under its lock, and its journals checked for torn writes."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aurora_admin.backup.os_errors import explain
from aurora_admin.scheduler.storage.engine import LogError

COPY_ATTEMPTS = 20

# The format of a journal: sizes in bytes, and the types of the records that complete a write.
BLOCK_BYTES, HEADER_BYTES, FULL, LAST = 1 << 15, 7, 1, 4


def copy_replica(source: str, target: str, warn: Callable[[str], None]) -> float:
    """Copy a replica's files, and return when the last of them was written, in seconds since the epoch.

    `warn` is called if a scheduler uses the replica. The copy is then the state of a moment during the call.

    Raises:
        LogError: it is not a replica, cannot be read, or its files are replaced faster than they can be copied.
    """
    if not os.path.isfile(os.path.join(source, "CURRENT")):
        raise LogError(f"{source} is not a replica of a Mesos log: it has no file CURRENT.")
    try:
        with _locked(source) as is_in_use:
            if is_in_use:
                warn(f"The replica {source} is in use: what its scheduler writes from now on is not in the backup.")
            for _ in range(COPY_ATTEMPTS if is_in_use else 1):
                if newest := _copied(source, target, is_in_use=is_in_use):
                    return newest
    except OSError as error:
        raise LogError(
            f"Failed to copy the replica {source} to {target}: {explain(error, error.filename or target)}"
        ) from error
    raise LogError(f"The scheduler replaces files of the replica {source} while they are copied; stop it first.")


@contextmanager
def _locked(source: str) -> Iterator[bool]:
    """Lock the database, so that no scheduler starts meanwhile; yield True if one runs, which has the lock."""
    try:
        lock = os.open(os.path.join(source, "LOCK"), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.lockf(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            is_in_use = False
        except (BlockingIOError, PermissionError):
            is_in_use = True
        yield is_in_use
    finally:
        os.close(lock)


def _copied(source: str, target: str, *, is_in_use: bool) -> float | None:
    """Copy the files, and return when the last one was written; None if the set of files changed meanwhile.

    LevelDB only appends to its files, and adds or deletes one with every change of the set of tables and journals. So
    if the set is the same afterwards, the copy is what a crash in the meantime would have left.
    """
    shutil.rmtree(target)
    os.mkdir(target)
    names, newest = _names(source), 0.0
    try:
        # The tables come after the manifest that names them, and the journal last.
        for name in sorted(names, key=lambda name: (name.endswith(".log"), not name.startswith("MANIFEST"))):
            shutil.copyfile(os.path.join(source, name), os.path.join(target, name))
            newest = max(newest, os.stat(os.path.join(source, name)).st_mtime)
    except FileNotFoundError:
        if not is_in_use:
            raise
        return None
    return newest if _names(source) == names else None


def _names(folder: str) -> set[str]:
    return {entry.name for entry in os.scandir(folder) if entry.is_file() and entry.name != "LOCK"}


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
