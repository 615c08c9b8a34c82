"""Writing of a backup and its manifest: both appear complete, or none does (docs/storage.md 4)."""

import os
from collections.abc import Iterable

from aurora_admin.backup import manifest
from aurora_admin.backup.atomic_file import ReadBackMismatch, TemporaryFile, sync_folder
from aurora_admin.backup.manifest import manifest_name
from aurora_admin.backup.os_errors import explain
from aurora_admin.snapshot import writer
from aurora_admin.snapshot.sections import framework_id, section_counts
from aurora_admin.snapshot.writer import SectionTimer, untimed
from aurora_admin.wire.errors import WireError


class BackupFailed(Exception):
    """A backup could not be written. There is no file with its name."""


def write_backup(
    folder: str, source: writer.Source, cluster: str | None, names: Iterable[str], timed: SectionTimer = untimed
) -> str:
    """Write a backup and its manifest under the first free name; return the name.

    Both are durable and verified on return. The manifest gets its name first, so that a backup never exists without its
    manifest; after a crash in between there is a manifest without a backup.

    Raises:
        BackupFailed: neither file exists.
    """
    try:
        with TemporaryFile(folder) as backup, TemporaryFile(folder) as sidecar:
            digest = backup.write(writer.snapshot(source, timed))
            sidecar.write([manifest.encode(cluster, _facts(source, backup.size, digest))])
            for name in names:
                if _claim(name, backup, sidecar):
                    return name
    except OSError as error:
        raise BackupFailed(f"Failed to write a backup into {folder}: {explain(error, folder)}") from error
    except ReadBackMismatch as error:
        raise BackupFailed(str(error)) from error
    except (EOFError, WireError) as error:
        raise BackupFailed(f"Failed to read the state for a backup into {folder}: {error}.") from error
    raise BackupFailed(f"Every name for a new backup in {folder} is taken; try again in a minute.")


def _facts(source: writer.Source, size: int, digest: str) -> manifest.Facts:
    return {
        manifest.SIZE: size,
        manifest.DIGEST: digest,
        manifest.TIMESTAMP: source.timestamp_ms,
        manifest.FRAMEWORK_ID: framework_id(source.metadata),
        manifest.COUNTS: section_counts(source.task_count, source.sections),
    }


def _claim(name: str, backup: TemporaryFile, sidecar: TemporaryFile) -> bool:
    """Give both files their names, or none. The name of the manifest reserves the name of the backup."""
    folder = backup.folder
    if os.path.lexists(os.path.join(folder, name)):
        return False
    try:
        sidecar.link(manifest_name(name))
    except FileExistsError:
        return False
    try:
        sync_folder(folder)
        backup.link(name)
    except OSError as error:
        os.unlink(os.path.join(folder, manifest_name(name)))
        if isinstance(error, FileExistsError):
            return False
        raise
    sync_folder(folder)
    return True
