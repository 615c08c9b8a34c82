"""What a scheduler counts and times, by the names of /vars (docs/storage.md 1.7, docs/api.md 5.5)."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from aurora_admin.snapshot.sections import (
    CRON_JOBS,
    DB_SCRIPT,
    HOSTS,
    JOB_UPDATES,
    LOCKS,
    MAINTENANCE_REQUESTS,
    METADATA,
    QUOTAS,
    TASKS,
)

COUNTERS = """
scheduler_backup_success scheduler_backup_failed
scheduler_log_un_snapshotted_transactions scheduler_log_snapshots scheduler_log_live_bytes
scheduler_log_entries_read scheduler_log_bytes_read scheduler_log_deflated_entries_read scheduler_log_bad_frames_read
scheduler_log_entries_written scheduler_log_bytes_written
scheduler_log_native_read_timeouts scheduler_log_native_append_timeouts scheduler_log_native_truncate_timeouts
scheduler_log_native_read_failures scheduler_log_native_append_failures scheduler_log_native_truncate_failures
task_queries_by_id task_queries_by_job task_queries_by_host task_queries_all
uncaught_exceptions
""".split()
TIMINGS = """
scheduler_storage_prepare scheduler_storage_start scheduler_storage_recover
scheduler_log_snapshot scheduler_log_snapshot_persist
scheduler_log_native_read scheduler_log_native_append scheduler_log_native_truncate scheduler_log_native_truncate_before
log_manager_snapshot log_manager_deflate log_manager_append
log_entry_serialize log_entry_checksum
snapshot_create snapshot_apply
""".split()
# The sections of a snapshot as the timings of their saving and restoring name them.
SECTIONS = {
    HOSTS: "hosts",
    TASKS: "tasks",
    CRON_JOBS: "crons",
    METADATA: "scheduler_metadata",
    QUOTAS: "quota",
    LOCKS: "locks",
    JOB_UPDATES: "job_updates",
    DB_SCRIPT: "dbscript",
    MAINTENANCE_REQUESTS: "host_maintenance_requests",
}
RESTORED = {number: f"snapshot_restore_{name}" for number, name in SECTIONS.items()}
# A dbScript is only ever read.
SAVED = {number: f"snapshot_save_{name}" for number, name in SECTIONS.items() if number != DB_SCRIPT}
# What "per event" looks back at.
RECENT_NANOS = 60 * 10**9
MOST_RECENT = 1000


class _Timing:
    """How often something was done and how long it took; all of it, and lately."""

    def __init__(self) -> None:
        self.events = self.nanos = 0
        self._recent: deque[tuple[int, int, int]] = deque(maxlen=MOST_RECENT)

    def add(self, now: int, nanos: int, events: int) -> None:
        self.events += events
        self.nanos += nanos
        self._recent.append((now, nanos, events))

    def nanos_per_event(self, now: int) -> float:
        """Return the mean of the last minute; 0 where nothing was done in it."""
        recent = [(nanos, events) for at, nanos, events in self._recent if now - at <= RECENT_NANOS]
        return sum(nanos for nanos, _ in recent) / (sum(events for _, events in recent) or 1)


class Statistics(dict[str, int]):
    """Counters and gauges by their names, and timings; every name that is known is there from the start.

    What one thread at a time changes may be changed in place, as in a dictionary; `add` is for what several count.
    `clock` gives nanoseconds that only grow.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__(dict.fromkeys(COUNTERS, 0))
        self.clock = clock
        self._begin = clock()
        self._lock = threading.Lock()
        self._timings = {name: _Timing() for name in (*TIMINGS, *SAVED.values(), *RESTORED.values())}

    def add(self, name: str) -> None:
        """Count one more, from any thread."""
        with self._lock:
            self[name] = self.get(name, 0) + 1

    def took(self, name: str, nanos: int, events: int = 1) -> None:
        """Note how long events took together, of which the last has just ended."""
        with self._lock:
            self._timings[name].add(self.clock(), nanos, events)

    @contextmanager
    def timed(self, name: str, events: int = 1) -> Iterator[None]:
        """Time the block, however it ends; with 0 events it is more of the one before."""
        begin = self.clock()
        try:
            yield
        finally:
            self.took(name, self.clock() - begin, events)

    def saving(self, number: int) -> AbstractContextManager[None]:
        """Time the saving of a snapshot's field, if it is one with a name."""
        return self.timed(SAVED[number]) if number in SAVED else nullcontext()

    def restoring(self, number: int, events: int = 1) -> AbstractContextManager[None]:
        """Time the restoring of a snapshot's field, if it is one with a name."""
        return self.timed(RESTORED[number], events) if number in RESTORED else nullcontext()

    def variables(self) -> dict[str, object]:
        """Return all of it as /vars shows it."""
        with self._lock:
            now = self.clock()
            found: dict[str, object] = dict(self)
            # The name that dashboards ask for; here it is the process that is up.
            found["jvm_uptime_secs"] = (now - self._begin) // 10**9
            for name, timing in self._timings.items():
                found[f"{name}_events"] = timing.events
                found[f"{name}_nanos_total"] = timing.nanos
                found[f"{name}_nanos_per_event"] = timing.nanos_per_event(now)
            return found

    def count_uncaught(self) -> None:
        """Count the threads that end by surprise, from now on; they are told of as before."""
        tell = threading.excepthook

        def count(args: threading.ExceptHookArgs) -> None:
            self.add("uncaught_exceptions")
            tell(args)

        threading.excepthook = count
