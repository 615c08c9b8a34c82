"""The manifest beside a backup: what the file must be, said by who wrote it, and the check against it.

A real scheduler's backups have none; then there is nothing to check.
"""

import hashlib
import json
import os
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aurora_admin.backup.file import WINDOW, BackupError, BackupFile
from aurora_admin.backup.reader import Backup, read_backup
from aurora_admin.snapshot.sections import SECTIONS, TASKS_NAME
from aurora_admin.wire.errors import printable

FORMAT = 1
# Manifests are some hundred bytes; what is longer is none.
LONGEST = 1 << 16
SIZE, DIGEST, COUNTS, TIMESTAMP, FRAMEWORK_ID = "bytes", "sha256", "counts", "timestamp_ms", "framework_id"
CHECKED = (SIZE, DIGEST, TIMESTAMP, FRAMEWORK_ID, COUNTS)
Facts = Mapping[str, Any]


def manifest_name(backup_name: str) -> str:
    """Return the name of a backup's manifest; a real scheduler does not take it for a backup."""
    return f"manifest_{backup_name}.json"


def backup_name(name: str) -> str:
    """Return the name of the backup that a manifest is of."""
    return name.removeprefix("manifest_").removesuffix(".json")


def section_counts(tasks: int, sections: Mapping[int, Mapping[Hashable, bytes]]) -> dict[str, int]:
    """Return how many records each section holds, by the names that people know them by."""
    return {TASKS_NAME: tasks, **{section.name: len(sections.get(id_, ())) for id_, section in SECTIONS.items()}}


def encode(cluster: str | None, facts: Facts) -> bytes:
    """Return the bytes of a manifest; `facts` are those that are checked."""
    return json.dumps({"format": FORMAT, "cluster": cluster, **facts}, indent=1).encode() + b"\n"


def read_verified(path: str, read: Callable[[str], Backup] = read_backup) -> Backup:
    """Open and index a backup, and hold it against its manifest if it has one; close it after use.

    The digest is taken in a thread of its own, while the index is made.

    Raises:
        BackupError: the file cannot be used, or is not what its manifest says. Nothing stays open.
    """
    wanted = _load(path)
    if wanted is None:
        return read(path)
    with BackupFile(path) as file, ThreadPoolExecutor(1) as pool:
        found = pool.submit(_digest, file)
        try:
            backup = read(path)
        except BackupError:
            # That the file is not the one that was written tells more than what is wrong with it.
            _compare(file, wanted, {SIZE: file.size, DIGEST: found.result()})
            raise
        try:
            _compare(file, wanted, {SIZE: file.size, DIGEST: found.result(), **_facts(backup)})
            file.check_unchanged()
        except BaseException:
            backup.close()
            raise
    return backup


def is_complete(path: str) -> bool:
    """Tell without reading it whether a backup was written to its end: it has the size that its manifest says.

    Without a manifest: whether it ends as a struct does.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        ends = file.read() == b"\0"
    try:
        wanted = _load(path)
    except BackupError:
        return False
    return ends if wanted is None else wanted[SIZE] == size


def _facts(backup: Backup) -> Facts:
    return {
        TIMESTAMP: backup.timestamp_ms,
        FRAMEWORK_ID: backup.framework_id,
        COUNTS: section_counts(len(backup.tasks), backup.sections),
    }


def _compare(file: BackupFile, wanted: Facts, found: Facts) -> None:
    different = [
        f"{name} is {_text(found[name])}, not {_text(wanted[name])}" for name in found if found[name] != wanted[name]
    ]
    if different:
        raise BackupError(
            f"Backup {file.name} is not what its manifest {manifest_name(file.name)} says: {'; '.join(different)}. "
            "One of them was damaged or replaced: copy both anew from where they were made."
        )


def _text(fact: Any) -> Any:
    return printable(fact.encode()) if isinstance(fact, str) else fact


def _digest(file: BackupFile) -> str:
    digest = hashlib.sha256()
    for start in range(0, file.size, WINDOW):
        digest.update(file.read(start, min(start + WINDOW, file.size)))
    return digest.hexdigest()


def _load(path: str) -> Facts | None:
    folder, name = os.path.split(path)
    sidecar = os.path.join(folder, manifest_name(name))
    if not os.path.lexists(sidecar):
        return None
    with BackupFile(sidecar) as file:
        try:
            facts = json.loads(file.read(0, min(file.size, LONGEST)))
        except (ValueError, RecursionError):
            raise _useless(file, "it is no JSON") from None
        if not isinstance(facts, dict) or facts.get("format") != FORMAT:
            raise _useless(file, f"it is not of format {FORMAT}")
        if missing := [fact for fact in CHECKED if fact not in facts]:
            raise _useless(file, f"it lacks {', '.join(missing)}")
        return facts


def _useless(file: BackupFile, reason: str) -> BackupError:
    return BackupError(
        f"The manifest {file.name} of backup {backup_name(file.name)} cannot be used: {reason}. Copy both anew from "
        "where they were made, or move the manifest away to stage the backup unchecked."
    )
