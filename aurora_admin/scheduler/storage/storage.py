"""The one way to the state: reads under a lock, writes as transactions, in the log first (docs/architecture.md 4.3)."""

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
from aurora_admin.scheduler.storage.engine import LogBroken, LogFull
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot.writer import Source

logger = logging.getLogger(__name__)


class NotReady(Exception):
    """The storage is not open yet, or closed for good; nothing was read or written."""


class Transaction:
    """The ops that a handler collects; they are applied together once they are durable."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.ops: list[Op] = []


class Storage:
    """The stores over their log.

    `on_failure` is called with a text when memory and log can no longer be trusted to agree; it must end the process.
    `outgrown` is set while the log has taken in more than `most_bytes` since its last snapshot.
    """

    def __init__(
        self,
        log: Log,
        spill_folder: str,
        on_failure: Callable[[str], None],
        most_bytes: int | None = None,
        *,
        allow_partial: bool = False,
    ) -> None:
        self._log = log
        self._most_bytes = most_bytes
        self.outgrown = threading.Event()
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
        """Return how much there is, by the names of /vars, without waiting; tasks by their states once it is open."""
        stores = self._stores
        return {**sizes(stores), **(tasks_by_status(stores) if self._ready else {})}

    def start(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Take the log over, replay it, and open for business.

        Raises:
            LogError: the log cannot be taken over or read.
            ReplayStopped: `should_stop`, which is called often while the log is read, has returned true.
        """
        timed = self._statistics.timed
        with self._lock, timed("scheduler_storage_start"):
            self._log.take_over()
            with timed("scheduler_storage_recover"):
                self._log.replay(self._stores, should_stop)
            self._ready = True
            self._measure()

    def stop(self) -> None:
        """Refuse reads and writes from now on; a running transaction is finished first."""
        with self._lock:
            self._ready = False

    @contextmanager
    def read(self) -> Iterator[Stores]:
        """Give the stores, still for as long as the block runs.

        Raises:
            NotReady: before start() and after stop().
        """
        self._check_ready()
        with self._lock:
            self._check_ready()
            yield self._stores

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Collect ops; when the block ends normally they are appended to the log, then applied.

        Raises:
            NotReady: before start() and after stop().
            LogFull: nothing was written, nothing was applied.
            LogBroken: the outcome is unknown; the process is ending.
        """
        self._check_ready()
        with self._lock:
            self._check_ready()
            transaction = Transaction(self._stores)
            yield transaction
            if transaction.ops:
                merged = coalesced(transaction.ops)
                with self._or_die():
                    self._log.append_transaction(merged)
                    for op in merged:
                        replay.apply(self._stores, op)
                self._measure()

    def view(self) -> StateView:
        """Take the state as it is now, for a backup."""
        with self.read() as stores, self._statistics.timed("snapshot_create"):
            return StateView(stores, _now_ms())

    def snapshot(self) -> StateView:
        """Write the state into the log as one entry and truncate what came before; return what was written."""
        self._check_ready()
        with self._lock, self._statistics.timed("scheduler_log_snapshot"):
            view = self.view()
            with self._or_die():
                with self._persisting():
                    self._log.append_snapshot(view)
                self._stores.tasks = self._stores.tasks.compacted()
            self._measure()
            return view

    def replace_by(self, source: Source) -> None:
        """Write another state into the log as its last entry, and close the storage: this process must end.

        Raises:
            NotReady, LogFull, BackupError: nothing was written, and the storage goes on.
        """
        self._check_ready()
        with self._lock:
            self._check_ready()
            with self._persisting(), self._log.prepared(source) as spool, self._or_die():
                self._log.append_prepared(spool)
            self._ready = False

    def _persisting(self) -> AbstractContextManager[None]:
        return self._statistics.timed("scheduler_log_snapshot_persist")

    def _measure(self) -> None:
        if self._most_bytes is not None and self._log.bytes_since_snapshot > self._most_bytes:
            self.outgrown.set()
        else:
            self.outgrown.clear()

    def _check_ready(self) -> None:
        """Is asked with the lock, and before without: during a replay, which takes a while, nobody is kept waiting."""
        if not self._ready:
            raise NotReady("Storage is not READY")

    @contextmanager
    def _or_die(self) -> Iterator[None]:
        """A write that failed half-way ends the process: the log knows, memory does not argue."""
        try:
            yield
        except LogFull:
            raise
        except Exception as error:
            self._ready = False
            text = f"{str(error).rstrip('.')}. The scheduler stops: what is in the log is what it will start with."
            self._on_failure(text)
            raise LogBroken(text) from error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
