"""Any log engine, its work timed and its failures counted (docs/storage.md 1.7)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.engine import LogEngine

NATIVE = "scheduler_log_native"


class MeasuredEngine(LogEngine):
    """An engine that does what the one inside it does."""

    def __init__(self, engine: LogEngine, statistics: Statistics) -> None:
        self._engine = engine
        self._statistics = statistics
        self.comfortable_bytes = engine.comfortable_bytes
        self.no_answer = engine.no_answer

    def fence(self) -> int:
        return self._engine.fence()

    def append(self, records: Iterable[bytes]) -> int:
        with self._statistics.timed(f"{NATIVE}_append"), self._failures("append"):
            return self._engine.append(records)

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        """Each record is an event; the time between two of them is not the engine's."""
        clock, nanos, count = self._statistics.clock, 0, 0
        records = self._engine.read_all()
        try:
            with self._failures("read"):
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
        # Two names of one step: a real scheduler times the library's part of it apart.
        with timed(f"{NATIVE}_truncate_before"), timed(f"{NATIVE}_truncate"), self._failures("truncate"):
            self._engine.truncate_before(position)

    def check_room(self, size: int) -> None:
        self._engine.check_room(size)

    def close(self) -> None:
        self._engine.close()

    @contextmanager
    def _failures(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            kind = "timeouts" if isinstance(error.__cause__, self.no_answer) else "failures"
            self._statistics.add(f"{NATIVE}_{what}_{kind}")
            raise
