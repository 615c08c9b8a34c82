"""Steps of a recovery on a running scheduler, and the sample backup that the tests restore."""

import os
from pathlib import Path

from aurora_admin.gen.api.ttypes import ScheduledTask
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire.path import path
from tests.support.processes import Scheduler
from tests.support.thrift_calls import OK, call, code_and_text

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample-backup"
NAME = "scheduler-backup-2026-11-22-10-00"
TASKS = path(Snapshot, "tasks")
TASK_ID = path(ScheduledTask, "assignedTask.taskId")


def sample() -> bytes:
    return SAMPLE.read_bytes()


def put_backup(scheduler: Scheduler, raw: bytes | None = None, name: str = NAME) -> str:
    """Write a backup, the sample unless given, into the scheduler's folder; return its name."""
    (scheduler.backup_dir / name).write_bytes(sample() if raw is None else raw)
    return name


def task_bytes(raw: bytes) -> dict[bytes, bytes]:
    """Return the encoded tasks of a backup by their ids."""
    return {TASK_ID.value(task): task for task in TASKS.elements(raw)}


def stage(scheduler: Scheduler, name: str = NAME) -> None:
    assert code_and_text(call(scheduler.url, "stageRecovery", backupId=name)) == OK


def commit(scheduler: Scheduler) -> None:
    """Commit what is staged, and wait for the end of the process."""
    assert code_and_text(call(scheduler.url, "commitRecovery")) == OK
    assert scheduler.wait_exit() == 0, scheduler.log


def backups(scheduler: Scheduler) -> set[Path]:
    return set(scheduler.backup_dir.glob("scheduler-backup-*"))


def backup_names(scheduler: Scheduler) -> list[str]:
    """Return the names in the scheduler's backup folder, without manifests."""
    return sorted(name for name in os.listdir(scheduler.backup_dir) if not name.startswith("manifest_"))


def new_backup(scheduler: Scheduler) -> bytes:
    """Have a backup made and return its bytes."""
    before = backups(scheduler)
    assert code_and_text(call(scheduler.url, "performBackup")) == OK
    (written,) = backups(scheduler) - before
    return written.read_bytes()


def fill_disk(folder: Path, leave: int) -> Path:
    """Take the space of a disk except for so many bytes; deleting the returned file frees it."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - leave))
    return ballast
