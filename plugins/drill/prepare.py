"""Put the backup of a drill into the backup folder of its scheduler, under the name of a backup."""

import gzip
import os
import zlib
from datetime import datetime, timezone
from pathlib import Path
from shutil import copyfile, copyfileobj

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.manifest import manifest_name
from aurora_admin.backup.reader import Backup, read_backup
from aurora_admin.errors import AdminError

GZIP_MAGIC = b"\x1f\x8b"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def prepare_backup(folder: Path, source: str | None, tasks: int) -> tuple[str, Backup]:
    """Copy the source with its manifest, or generate a backup of so many tasks; return its name and its index.

    Raises:
        AdminError: the source cannot be read or copied, is no valid backup, or is not what its manifest says.
    """
    if source is not None and not os.path.isfile(source) and (os.path.exists(source) or not source):
        reason = f"{source} is not a regular file" if source else "--backup= names no file"
        raise AdminError(f"{reason}. Name the file of a backup")
    folder.mkdir()
    copy = folder / os.path.basename(os.path.realpath(source or "generated")).removesuffix(".gz")
    try:
        if source is None:
            _generate(copy, tasks)
        else:
            _copy(Path(source).resolve(), copy)
        backup = read_backup(str(copy))
        return _rename(copy, backup.timestamp_ms or 0), backup
    except BackupError as error:
        raise AdminError(f"{source} cannot be rehearsed: {error}") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise AdminError(
            f"{source} is damaged: {error}. Check it with gunzip -t, and copy it again from where it was made"
        ) from error
    except OSError as error:
        failed, advice = f"{source} cannot be copied to", "Name a backup that can be read, and check the free space"
        if source is None:
            failed, advice = "No backup can be generated in", "Check the free space, or generate fewer --tasks"
        raise AdminError(f"{failed} {folder}: {error.strerror}. {advice}") from error


def _generate(path: Path, tasks: int) -> None:
    from aurora_admin.samples.backup import write_sample

    if tasks < 0:
        raise AdminError(f"--tasks={tasks}: give the number of tasks to generate, 0 or more")
    write_sample(str(path), tasks)


def _copy(source: Path, copy: Path) -> None:
    with open(source, "rb") as file:
        is_compressed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    with gzip.open(source) if is_compressed else open(source, "rb") as incoming, open(copy, "wb") as outgoing:
        copyfileobj(incoming, outgoing, 1 << 20)
    manifest = source.parent / manifest_name(copy.name)
    if os.path.lexists(manifest):
        copyfile(manifest, copy.parent / manifest.name)


def _rename(copy: Path, taken_ms: int) -> str:
    """Name a backup and its manifest as a scheduler does: by the minute it was taken, in UTC; 1970 if out of range."""
    try:
        taken = datetime.fromtimestamp(taken_ms / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        taken = EPOCH
    name = f"scheduler-backup-{taken.year:04}-{taken:%m-%d-%H-%M}"
    manifest = copy.parent / manifest_name(copy.name)
    if manifest.exists():
        manifest.rename(manifest.parent / manifest_name(name))
    copy.rename(copy.parent / name)
    return name
