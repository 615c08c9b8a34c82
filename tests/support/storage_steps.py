"""One step of a scheduler's storage in a process of its own, so that a test can kill it or let a system call fail.

    python -m tests.support.storage_steps STEP FOLDER

It prints how the step ended, in one write: "done", "refused: ..." (nothing was changed) or "broken: ..." (the outcome
is unknown). It is what a scheduler does, without the network and the threads.
"""

import hashlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from aurora_admin.backup.reader import read_backup
from aurora_admin.backup.writer import BackupFailed
from aurora_admin.gen.storage.ttypes import SchedulerMetadata
from aurora_admin.scheduler.logtool.restore import restore_sqlite
from aurora_admin.scheduler.recovery import Recovery
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.backup_folder import BackupFolder
from aurora_admin.scheduler.storage.engine import LogError, LogFull
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.scheduler.storage.storage import Storage
from aurora_admin.snapshot.task_table import TaskFilter
from aurora_admin.snapshot.writer import deduplicated_entry
from aurora_admin.wire import fields
from aurora_admin.wire.path import path

STAGED = "staged-backup"
METADATA_DETAILS = path(SchedulerMetadata, "details")
ENTRY_SIZE = 4096  # small, so that a snapshot has several frames


class SchedulerStorage:
    """The log, storage, backups and recovery slot of a scheduler, started on a folder."""

    def __init__(self, folder: Path) -> None:
        path = str(folder / "log")
        self.engine = SqliteLog(path)
        self.failures: list[str] = []
        self.storage = Storage(Log(self.engine, path, ENTRY_SIZE), path, self.failures.append)
        self.backups = BackupFolder(str(folder / "backups"), 2, "west")
        self.recovery = Recovery(str(folder / "backups"), self.storage)
        self.storage.start()

    def write(self) -> None:
        with self.storage.transaction() as transaction:
            transaction.ops.append(ops.save_quota(b"written", b"\x00"))

    def snapshot(self) -> None:
        self.storage.snapshot()

    def backup(self) -> None:
        self.backups.save(self.storage.view())

    def stage(self) -> None:
        self.recovery.stage(STAGED)
        self.recovery.delete(TaskFilter(instances=frozenset({0})))
        self.recovery.unload()

    def commit(self) -> None:
        self.recovery.stage(STAGED)
        self.recovery.delete(TaskFilter(instances=frozenset({0})))
        self.recovery.commit()

    def state(self) -> str:
        """Return a digest of the state, without its time and its build."""
        with self.storage.read() as stores:
            view = StateView(stores, 0)
            view.metadata = METADATA_DETAILS.drop(stores.metadata or fields.STOP)
        digest = hashlib.sha256()
        for piece in deduplicated_entry(view):
            digest.update(piece)
        return digest.hexdigest()


def restore(folder: Path) -> None:
    restore_sqlite(str(folder / "backups" / STAGED), str(folder / "log"), ENTRY_SIZE, read_backup)


RESTORE = "restore"
STEPS: dict[str, Callable[[SchedulerStorage], None]] = {
    "start": lambda storage: None,
    "write": SchedulerStorage.write,
    "snapshot": SchedulerStorage.snapshot,
    "backup": SchedulerStorage.backup,
    "stage": SchedulerStorage.stage,
    "commit": SchedulerStorage.commit,
}


def outcome(step: str, folder: Path) -> str:
    try:
        restore(folder) if step == RESTORE else STEPS[step](SchedulerStorage(folder))
    except (LogFull, BackupFailed) as error:
        return f"refused: {error}"
    except LogError as error:
        return f"broken: {error}"
    return "done"


if __name__ == "__main__":
    logging.disable()
    os.writev(1, [outcome(sys.argv[1], Path(sys.argv[2])).encode()])  # not among the calls that faults are put into
    os._exit(0)  # an orderly end would make more system calls, which are not part of the step
