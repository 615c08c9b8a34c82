"""Counters and timings, by their names on /vars (docs/storage.md 1.7, docs/api.md 5.5)."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from aurora_admin import __version__
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
missing_maintenance_request reconciliation_explicit_runs reconciliation_implicit_runs
""".split()
TIMINGS = """
scheduler_storage_prepare scheduler_storage_start scheduler_storage_recover
scheduler_log_snapshot scheduler_log_snapshot_persist
scheduler_log_native_read scheduler_log_native_append scheduler_log_native_truncate scheduler_log_native_truncate_before
log_manager_snapshot log_manager_deflate log_manager_append
log_entry_serialize log_entry_checksum
snapshot_create snapshot_apply
""".split()
# The names of a snapshot's sections in the timings of writing and reading them.
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
RESTORE_TIMINGS = {number: f"snapshot_restore_{name}" for number, name in SECTIONS.items()}
# A dbScript is read, but never written.
SAVE_TIMINGS = {number: f"snapshot_save_{name}" for number, name in SECTIONS.items() if number != DB_SCRIPT}
# The mean per event is that of the last minute, and of so many measurements at most.
RECENT_NANOS = 60 * 10**9
MAX_RECENT = 1000


class _Timing:
    """How often something was done and how long it took, in all and recently."""

    def __init__(self) -> None:
        self.events = self.nanos = 0
        self._recent: deque[tuple[int, int, int]] = deque(maxlen=MAX_RECENT)

    def add(self, now: int, nanos: int, events: int) -> None:
        self.events += events
        self.nanos += nanos
        self._recent.append((now, nanos, events))

    def nanos_per_event(self, now: int) -> float:
        """Return the mean of the last minute; 0 if there was no event."""
        recent = [(nanos, events) for at, nanos, events in self._recent if now - at <= RECENT_NANOS]
        return sum(nanos for nanos, _ in recent) / (sum(events for _, events in recent) or 1)


class Statistics(dict[str, int]):
    """Counters and gauges by their names, and timings. All names exist from the start, with 0.

    A value that only one thread at a time changes may be changed as in any dictionary. Count with `add` what several
    threads count. `clock` returns nanoseconds and never goes back.

    >>> statistics = Statistics()
    >>> statistics["scheduler_backup_success"] += 1
    >>> with statistics.timed("snapshot_create"):
    ...     pass
    >>> found = statistics.variables()
    >>> found["scheduler_backup_success"], found["snapshot_create_events"]
    (1, 1)
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__(dict.fromkeys(COUNTERS, 0))
        self.clock = clock
        self._begin = clock()
        self._lock = threading.Lock()
        self._timings = {name: _Timing() for name in (*TIMINGS, *SAVE_TIMINGS.values(), *RESTORE_TIMINGS.values())}

    def add(self, name: str) -> None:
        """Add one to a counter, from any thread."""
        with self._lock:
            self[name] = self.get(name, 0) + 1

    def took(self, name: str, nanos: int, events: int = 1) -> None:
        """Record how long some events took together; the last one has just ended."""
        with self._lock:
            self._timings[name].add(self.clock(), nanos, events)

    @contextmanager
    def timed(self, name: str, events: int = 1) -> Iterator[None]:
        """Time the block, also if it raises. With 0 events the time is added to that of the event before."""
        begin = self.clock()
        try:
            yield
        finally:
            self.took(name, self.clock() - begin, events)

    def saving(self, number: int) -> AbstractContextManager[None]:
        """Time the writing of a field of a snapshot, if /vars has a name for it."""
        return self.timed(SAVE_TIMINGS[number]) if number in SAVE_TIMINGS else nullcontext()

    def restoring(self, number: int, events: int = 1) -> AbstractContextManager[None]:
        """Time the reading of a field of a snapshot, if /vars has a name for it."""
        return self.timed(RESTORE_TIMINGS[number], events) if number in RESTORE_TIMINGS else nullcontext()

    def variables(self) -> dict[str, object]:
        """Return all values, as /vars shows them."""
        with self._lock:
            now = self.clock()
            found: dict[str, object] = dict(self)
            # Dashboards know this name. There is no JVM: it is the uptime of the process.
            found[f"aurora_reference_scheduler_version_{__version__}"] = 1  # programs read every value as a number
            found["jvm_uptime_secs"] = (now - self._begin) // 10**9
            for name, timing in self._timings.items():
                found[f"{name}_events"] = timing.events
                found[f"{name}_nanos_total"] = timing.nanos
                found[f"{name}_nanos_per_event"] = timing.nanos_per_event(now)
            return found

    def count_uncaught(self) -> None:
        """Count the threads that end with an exception from now on; Python prints the exceptions as before."""
        print_exception = threading.excepthook

        def count(args: threading.ExceptHookArgs) -> None:
            self.add("uncaught_exceptions")
            print_exception(args)

        threading.excepthook = count
