"""A scheduler's storage without a process around it."""

from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.scheduler.storage.storage import Storage
from aurora_admin.snapshot.sections import QUOTAS

SAVE_QUOTA = ops.save_quota(b"role", b"\x00")


class StorageOnDisk:
    """A started storage on an SQLite log. `failures` are the texts that it gave to `on_failure`."""

    def __init__(self, folder: str) -> None:
        self.open(folder)

    def open(self, folder: str, snapshot_bytes: int | None = None) -> None:
        self.folder = folder
        self.engine = SqliteLog(folder)
        self.failures: list[str] = []
        log = Log(self.engine, folder, 512 * 1024)
        self.statistics = log.statistics
        self.storage = Storage(log, folder, self.failures.append, snapshot_bytes)
        self.storage.start()

    def reopen(self, snapshot_bytes: int | None = None) -> None:
        self.engine.close()
        self.open(self.engine.folder, snapshot_bytes)

    def write(self) -> None:
        with self.storage.transaction() as transaction:
            transaction.ops.append(SAVE_QUOTA)

    @property
    def entries(self) -> list[bytes]:
        return [data for _, data in self.engine.read_all()]

    @property
    def quotas(self) -> int:
        with self.storage.read() as stores:
            return len(stores.sections[QUOTAS])
