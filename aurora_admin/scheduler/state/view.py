"""The state at one moment, for snapshots and backups; it can be read while the state moves on."""

import time
from collections.abc import Hashable, Iterator, Mapping, Sequence

from thrift.Thrift import TType

from aurora_admin import __version__
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.consistency import drop_unused_locks
from aurora_admin.wire import fields

DETAILS = 8


class View:
    """A snapshot source over the live stores; taking one costs milliseconds and is done under the lock.

    Rows of the task table never change, so only their list is copied.
    """

    def __init__(self, stores: Stores, timestamp_ms: int) -> None:
        self.timestamp_ms = timestamp_ms
        self.metadata = fields.put(stores.metadata or b"\x00", [DETAILS], TType.MAP, build_details(timestamp_ms))
        sections = {number: dict(records) for number, records in stores.sections.items()}
        if stores.has_locks:
            drop_unused_locks(sections)
        self.sections: Mapping[int, Mapping[Hashable, bytes]] = sections
        self.extras: Sequence[fields.Field] = list(stores.extras)
        self._tasks = stores.tasks
        self._rows = stores.tasks.select()

    @property
    def task_count(self) -> int:
        return len(self._rows)

    @property
    def configs(self) -> Sequence[bytes]:
        return self._used

    def full_tasks(self) -> Iterator[bytes]:
        return (raw for _, raw in self._tasks.records(self._rows))

    def partial_tasks(self) -> Iterator[tuple[bytes, int]]:
        """Configs that no task uses any more are left behind: numbers are given anew."""
        numbers: dict[int, int] = {}
        self._used: list[bytes] = []
        config, raw = self._tasks.config, self._tasks.configs.raw
        for row, partial in self._tasks.partial_records(self._rows):
            number = numbers.setdefault(config[row], len(numbers))
            if number == len(self._used):
                self._used.append(raw[config[row]])
            yield partial, number

    def check(self) -> None:
        """Nothing can have changed it."""


def build_details(timestamp_ms: int) -> bytes:
    """What SchedulerMetadata says of its writer (docs/storage.md 3.1)."""
    written = time.gmtime(timestamp_ms // 1000)
    details = {
        "version": __version__,
        "writer": "aurora-reference-scheduler",
        "date": time.strftime("%Y-%m-%d", written),
        "time": time.strftime("%H:%M:%S", written),
    }
    return text_map(details)


def text_map(entries: Mapping[str, str]) -> bytes:
    """Return a map<string, string> as thrift writes it."""
    head = bytes((TType.STRING, TType.STRING)) + fields.i32(len(entries))
    return head + b"".join(fields.string(text.encode()) for entry in entries.items() for text in entry)
