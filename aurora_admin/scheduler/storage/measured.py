"""Statistics of a log engine: how long its calls take and how many of them fail (docs/storage.md 1.7)."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.engine import LogEngine, never

NATIVE = "scheduler_log_native"


class MeasuredEngine(LogEngine):
    """A wrapper that passes every call to an engine and counts it in the statistics."""

    def __init__(self, engine: LogEngine, statistics: Statistics) -> None:
        self._engine = engine
        self._statistics = statistics
        self.warn_above_bytes = engine.warn_above_bytes
        self.timeout_error = engine.timeout_error

    def fence(self, should_stop: Callable[[], bool] = never) -> int:
        return self._engine.fence(should_stop)

    def append(self, records: Iterable[bytes]) -> int:
        with self._statistics.timed(f"{NATIVE}_append"), self._count_failures("append"):
            return self._engine.append(records)

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        """Yield the records, each counted as one event; the caller's time between two is not counted."""
        clock, nanos, count = self._statistics.clock, 0, 0
        records = self._engine.read_all()
        try:
            with self._count_failures("read"):
                while True:
                    begin = clock()
                    record = next(records, None)
                    nanos += clock() - begin
                    if record is None:
                        return
                    count += 1
                    yield record
        finally:
            self._statistics.took(f"{NATIVE}_read", nanos, count)

    def truncate_before(self, position: int) -> None:
        timed = self._statistics.timed
        # A real scheduler has both names, for a call of its own and the call of Mesos's library within it.
        with timed(f"{NATIVE}_truncate_before"), timed(f"{NATIVE}_truncate"), self._count_failures("truncate"):
            self._engine.truncate_before(position)

    def check_space(self, size: int) -> None:
        self._engine.check_space(size)

    def close(self) -> None:
        self._engine.close()

    @contextmanager
    def _count_failures(self, operation: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            kind = "timeouts" if isinstance(error.__cause__, self.timeout_error) else "failures"
            self._statistics.add(f"{NATIVE}_{operation}_{kind}")
            raise
