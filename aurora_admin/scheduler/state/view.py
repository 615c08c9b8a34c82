"""The state at one moment, for snapshots and backups; it can be read while the live state changes."""

import time
from collections.abc import Hashable, Iterator, Mapping, Sequence

from thrift.Thrift import TType

from aurora_admin import __version__
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.consistency import drop_unused_locks
from aurora_admin.snapshot.paths import BUILD_DETAILS
from aurora_admin.wire import fields


class StateView:
    """The stores at one moment, as a source of a snapshot.

    It is made under the lock of the storage, in milliseconds, and read without it. Records are replaced and never
    changed, and neither are the rows of the task table: a copy of the dictionaries and of the list of rows is enough.
    """

    def __init__(self, stores: Stores, timestamp_ms: int) -> None:
        self.timestamp_ms = timestamp_ms
        self.metadata = BUILD_DETAILS.put(stores.metadata or fields.STOP, build_details(timestamp_ms))
        sections = {number: store.copy() for number, store in stores.sections.items()}
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
        return self._used_configs

    def full_tasks(self) -> Iterator[bytes]:
        return (raw for _, raw in self._tasks.records(self._rows))

    def partial_tasks(self) -> Iterator[tuple[bytes, int]]:
        """Yield tasks with new numbers of their configs: configs that no task uses any more are left out."""
        numbers: dict[int, int] = {}
        self._used_configs: list[bytes] = []
        config, raw = self._tasks.config, self._tasks.configs.raw
        for row, partial in self._tasks.partial_records(self._rows):
            number = numbers.setdefault(config[row], len(numbers))
            if number == len(self._used_configs):
                self._used_configs.append(raw[config[row]])
            yield partial, number

    def check(self) -> None:
        """Do nothing: a view in memory cannot have been changed."""


def build_details(timestamp_ms: int) -> bytes:
    """Return the details of a SchedulerMetadata: which program wrote it, and when (docs/storage.md 3.1)."""
    written = time.gmtime(timestamp_ms // 1000)
    details = {
        "version": __version__,
        "writer": "aurora-reference-scheduler",
        "date": time.strftime("%Y-%m-%d", written),
        "time": time.strftime("%H:%M:%S", written),
    }
    return text_map(details)


def text_map(entries: Mapping[str, str]) -> bytes:
    """Return the encoded value of a map<string, string>."""
    head = bytes((TType.STRING, TType.STRING)) + fields.i32(len(entries))
    return head + b"".join(fields.string(text.encode()) for entry in entries.items() for text in entry)
