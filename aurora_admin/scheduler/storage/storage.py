"""The scheduler's state: reads under a lock, and writes as transactions that go to the log first.

docs/architecture.md 4.3 describes the design.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from aurora_admin.scheduler.state import replay
from aurora_admin.scheduler.state.ops import Op, coalesced
from aurora_admin.scheduler.state.sizes import sizes, tasks_by_status
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.engine import FatalLogError, LogFull
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot.writer import Source

logger = logging.getLogger(__name__)


class StorageNotReady(Exception):
    """The storage was not started yet, or was stopped; nothing was read or written."""


class Transaction:
    """The ops that one handler adds to `ops`.

    - `stores` is the state before the transaction. Ops change it only after the block of Storage.transaction() has
      ended, so a handler does not see its own ops in it.
    - The ops are one log entry: after a crash all of them are there, or none.
    - If the block raises, nothing is written and nothing is changed.
    """

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.ops: list[Op] = []


class Storage:
    """The stores in memory, and the log that they are recovered from.

    - Log first: ops change the stores only when they are durable in the log. So everything that a reader sees, and
      everything that is acknowledged, is still there after a crash.
    - One writer: a lock is held for the whole of each read, transaction and snapshot. Entries are in the log in the
      order in which they were applied.
    - A failed append: after LogFull nothing was written and the storage continues. After any other error it is unknown
      whether the entry is in the log. The storage then refuses every call and calls `on_failure`, which must end the
      process; the next start recovers what is in the log.
    - After replace_with() nothing more is written: a later transaction would be replayed onto the new state.

    Attributes:
        snapshot_due: set while more than `snapshot_bytes` were written to the log since the last snapshot.
    """

    def __init__(
        self,
        log: Log,
        spill_folder: str,
        on_failure: Callable[[str], None],
        snapshot_bytes: int | None = None,
        *,
        allow_partial: bool = False,
    ) -> None:
        self._log = log
        self._snapshot_bytes = snapshot_bytes
        self.snapshot_due = threading.Event()
        self._statistics = log.statistics
        self._stores = Stores(spill_folder, allow_partial=allow_partial, statistics=log.statistics)
        self._on_failure = on_failure
        self._lock = threading.RLock()
        self._ready = False

    @property
    def ready(self) -> bool:
        return self._ready

    @property
    def framework_id(self) -> str | None:
        return self._stores.framework_id

    def sizes(self) -> dict[str, int]:
        """Return how much is stored, by the names in /vars, without waiting; tasks by status only after start()."""
        stores = self._stores
        return {**sizes(stores), **(tasks_by_status(stores) if self._ready else {})}

    def start(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Take the log over, replay it, and accept reads and writes from now on.

        Raises:
            LogError: the log cannot be taken over or read.
            ReplayStopped: `should_stop`, which is called often while the log is taken over and read, has returned true.
        """
        timed = self._statistics.timed
        with self._lock, timed("scheduler_storage_start"):
            self._log.take_over(should_stop)
            with timed("scheduler_storage_recover"):
                self._log.replay(self._stores, should_stop)
                self._stores.tasks.enter_new()
            self._ready = True
            self._update_snapshot_due()

    def stop(self) -> None:
        """Wait for the running transaction, then refuse reads and writes."""
        with self._lock:
            self._ready = False

    @contextmanager
    def read(self) -> Iterator[Stores]:
        """Provide the stores; they do not change while the block runs.

        Raises:
            StorageNotReady: before start() and after stop().
        """
        self._check_ready()
        with self._lock:
            self._check_ready()
            yield self._stores

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Collect ops; when the block ends without an exception, append them to the log, then apply them.

        Raises:
            StorageNotReady: before start() and after stop().
            LogFull: nothing was written, nothing was changed.
            FatalLogError: the outcome is unknown, and the process is ending.
        """
        self._check_ready()
        with self._lock:
            self._check_ready()
            transaction = Transaction(self._stores)
            yield transaction
            if transaction.ops:
                merged = coalesced(transaction.ops)
                with self._fail_on_error():
                    self._log.append_transaction(merged)
                    for op in merged:
                        replay.apply(self._stores, op)
                self._update_snapshot_due()

    def view(self) -> StateView:
        """Return the state as it is now, for a backup.

        Raises:
            StorageNotReady: before start() and after stop().
        """
        with self.read() as stores, self._statistics.timed("snapshot_create"):
            return StateView(stores, now_ms())

    def snapshot(self) -> StateView:
        """Write the state to the log as one entry, delete the entries before it, and return what was written.

        Raises:
            StorageNotReady: before start() and after stop().
            LogFull: nothing was written.
            FatalLogError: the outcome is unknown, and the process is ending.
        """
        self._check_ready()
        with self._lock, self._statistics.timed("scheduler_log_snapshot"):
            view = self.view()
            with self._fail_on_error():
                with self._timed_persist():
                    self._log.append_snapshot(view)
                self._stores.tasks = self._stores.tasks.compacted()
            self._update_snapshot_due()
            return view

    def replace_with(self, source: Source) -> None:
        """Write another state to the log as its last entry, durable on return; the process must end after that.

        Raises:
            StorageNotReady, LogFull, BackupError: nothing was written, and the storage continues.
            FatalLogError: the outcome is unknown, and the process is ending.
        """
        self._check_ready()
        with self._lock:
            self._check_ready()
            with self._timed_persist(), self._log.prepared_snapshot(source) as spool, self._fail_on_error():
                self._log.append_prepared(spool)
            self._ready = False

    def _timed_persist(self) -> AbstractContextManager[None]:
        return self._statistics.timed("scheduler_log_snapshot_persist")

    def _update_snapshot_due(self) -> None:
        if self._snapshot_bytes is not None and self._log.bytes_since_snapshot > self._snapshot_bytes:
            self.snapshot_due.set()
        else:
            self.snapshot_due.clear()

    def _check_ready(self) -> None:
        """Raise StorageNotReady; called before the lock is taken too, because start() holds it during the replay."""
        if not self._ready:
            raise StorageNotReady("Storage is not READY")

    @contextmanager
    def _fail_on_error(self) -> Iterator[None]:
        """Report any error but LogFull as fatal: memory and log may differ now, and the log is what counts."""
        try:
            yield
        except LogFull:
            raise
        except Exception as error:
            self._ready = False
            text = f"{str(error).rstrip('.')}. The scheduler stops; its next start recovers the state from the log."
            self._on_failure(text)
            raise FatalLogError(text) from error


def now_ms() -> int:
    return time.time_ns() // 1_000_000
