"""Put the backup of a drill where its scheduler looks for backups, under a proper name."""

import gzip
import os
import zlib
from datetime import datetime, timezone
from pathlib import Path
from shutil import copyfileobj

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.reader import Backup, read_backup
from aurora_admin.errors import AdminError

GZIP_MAGIC = b"\x1f\x8b"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def place(folder: Path, source: str | None, tasks: int) -> tuple[str, Backup]:
    """Copy the source, or make up a backup of so many tasks; return its name in the folder and what is in it.

    Raises:
        AdminError: it cannot be read, is no backup, or does not fit.
    """
    if source is not None and not os.path.isfile(source) and (os.path.exists(source) or not source):
        what = f"{source} is not a regular file" if source else "--backup= names no file"
        raise AdminError(f"{what}. Name the file of a backup")
    folder.mkdir()
    unnamed = folder / (os.path.basename(source or "") or "made-up").removesuffix(".gz")
    try:
        if source is None:
            _make_up(unnamed, tasks)
        else:
            _copy(Path(source), unnamed)
        backup = read_backup(str(unnamed))
        return _rename(unnamed, backup.timestamp_ms or 0), backup
    except BackupError as error:
        raise AdminError(f"{source} cannot be rehearsed: {error}") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise AdminError(
            f"{source} is damaged: {error}. See what gunzip -t says of it, and copy it anew from where it was made"
        ) from error
    except OSError as error:
        what, advice = f"{source} cannot be copied to", "Name a backup that can be read, and see that there is room"
        if source is None:
            what, advice = "No backup can be made up in", "See that there is room, or make up fewer --tasks"
        raise AdminError(f"{what} {folder}: {error.strerror}. {advice}") from error


def _make_up(path: Path, tasks: int) -> None:
    from aurora_admin.samples.backup import write_sample

    if tasks < 0:
        raise AdminError(f"--tasks={tasks}: give the number of tasks to make up, 0 or more")
    write_sample(str(path), tasks)


def _copy(source: Path, target: Path) -> None:
    with open(source, "rb") as file:
        is_compressed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    with gzip.open(source) if is_compressed else open(source, "rb") as incoming, open(target, "wb") as outgoing:
        copyfileobj(incoming, outgoing, 1 << 20)


def _rename(unnamed: Path, taken_ms: int) -> str:
    """Name it as its scheduler would have: by the minute it was taken, in UTC; a minute beyond the calendar by 1970."""
    try:
        taken = datetime.fromtimestamp(taken_ms / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        taken = EPOCH
    name = f"scheduler-backup-{taken.year:04}-{taken:%m-%d-%H-%M}"
    os.rename(unnamed, unnamed.parent / name)
    return name
