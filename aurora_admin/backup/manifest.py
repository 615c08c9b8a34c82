"""The manifest beside a backup: facts of the file that its writer recorded, and the check against them.

Backups of a real scheduler have no manifest and cannot be checked.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from aurora_admin.backup.file import BackupError, BackupFile
from aurora_admin.wire.errors import printable

FORMAT = 1
# Manifests have some hundred bytes.
LONGEST = 1 << 16
SIZE, DIGEST, COUNTS, TIMESTAMP, FRAMEWORK_ID = "bytes", "sha256", "counts", "timestamp_ms", "framework_id"
CHECKED = (SIZE, DIGEST, TIMESTAMP, FRAMEWORK_ID, COUNTS)
Facts = Mapping[str, Any]


def manifest_name(backup_name: str) -> str:
    """Return the name of a backup's manifest; real schedulers do not list it as a backup."""
    return f"manifest_{backup_name}.json"


def backup_name(manifest_name: str) -> str:
    """Return the name of the backup that a manifest belongs to."""
    return manifest_name.removeprefix("manifest_").removesuffix(".json")


def encode(cluster: str | None, facts: Facts) -> bytes:
    """Return the content of a manifest with these facts, which a reader checks."""
    return json.dumps({"format": FORMAT, "cluster": cluster, **facts}, indent=1).encode() + b"\n"


def read_manifest(backup: str) -> Facts | None:
    """Return the facts in the manifest of the backup at this path; None if it has no manifest.

    Raises:
        BackupError: the manifest is invalid or cannot be read.
    """
    folder, name = os.path.split(backup)
    path = os.path.join(folder, manifest_name(name))
    if not os.path.lexists(path):
        return None
    with BackupFile(path) as file:
        try:
            facts = json.loads(file.read(0, min(file.size, LONGEST)))
        except (ValueError, RecursionError):
            raise _invalid(file, "it is not JSON") from None
        if not isinstance(facts, dict) or facts.get("format") != FORMAT:
            raise _invalid(file, f"it does not have format {FORMAT}")
        if missing := [fact for fact in CHECKED if fact not in facts]:
            raise _invalid(file, f"it lacks {', '.join(missing)}")
        return facts


def check_facts(file: BackupFile, manifest: Facts, found: Facts) -> None:
    """Compare the facts found in a backup with those in its manifest.

    Raises:
        BackupError: they differ; the error names each difference.
    """
    different = [
        f"{name} is {_text(found[name])}, not {_text(manifest[name])}"
        for name in found
        if found[name] != manifest[name]
    ]
    if different:
        raise BackupError(
            f"Backup {file.name} differs from its manifest {manifest_name(file.name)}: {'; '.join(different)}. "
            "One of them was damaged or replaced. Copy both again from where they were made."
        )


def is_complete(path: str) -> bool:
    """Return whether a backup was written to its end, without reading it: it has the size in its manifest.

    A backup without a manifest is complete if it ends like a struct.

    Raises:
        OSError: the backup cannot be read.
    """
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        ends_like_a_struct = file.read() == b"\0"
    try:
        manifest = read_manifest(path)
    except BackupError:
        return False
    return ends_like_a_struct if manifest is None else manifest[SIZE] == size


def _text(fact: Any) -> Any:
    return printable(fact.encode()) if isinstance(fact, str) else fact


def _invalid(file: BackupFile, reason: str) -> BackupError:
    return BackupError(
        f"The manifest {file.name} of backup {backup_name(file.name)} is invalid: {reason}. Copy both again from where "
        "they were made, or move the manifest away to use the backup without the check."
    )
