"""Everything the scheduler keeps, and the one function that changes it: applying what stands in the log."""

import logging
from collections.abc import Hashable, Iterator

from thrift.Thrift import TType

from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.state.replay import APPLY
from aurora_admin.scheduler.state.update_history import History
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.snapshot.consistency import quota_warnings
from aurora_admin.snapshot.dbscript.merge import merge_script, script_statements
from aurora_admin.snapshot.records import keyed_record
from aurora_admin.snapshot.sections import (
    DB_SCRIPT,
    EXPERIMENTAL_TASK_STORE,
    JOB_UPDATES,
    LOCKS,
    METADATA,
    SECTIONS,
    TASKS,
    TIMESTAMP,
    IncompleteSnapshot,
    check_type,
    framework_id,
)
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire import fields
from aurora_admin.wire.errors import NewerFormat, WireError
from aurora_admin.wire.reader import Reader, without_collector

logger = logging.getLogger(__name__)


class Stores:
    """The live state, in today's shape. Only `apply` and the loading of a snapshot change it.

    With `allow_partial` a snapshot may come without the sections that a dbScript holds which cannot be understood, and
    events without their job update are dropped.

    Attributes:
        snapshot_ms: the timestamp of the snapshot that the state began with, or None.
        metadata: SchedulerMetadata as it was loaded, framework id included.
        extras: top-level snapshot fields that this program does not know.
        has_locks: there are locks, or job updates that tell of one.
    """

    def __init__(self, spill_folder: str, *, allow_partial: bool = False, statistics: Statistics | None = None) -> None:
        self._statistics = Statistics() if statistics is None else statistics
        self._spill_folder = spill_folder
        self.allow_partial = allow_partial
        self.metadata: bytes | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything but the framework id (docs/storage.md 2.10)."""
        self.snapshot_ms: int | None = None
        self.upgrader = Upgrader()
        self.tasks = LiveTasks(self._spill_folder, self.upgrader, self._statistics)
        self._sections: dict[int, dict[Hashable, bytes]] = {number: {} for number in SECTIONS}
        self._histories: dict[Hashable, History] = {}
        self.extras: list[fields.Field] = []
        self.has_locks = False

    @property
    def sections(self) -> dict[int, dict[Hashable, bytes]]:
        """Per snapshot field, the records by their keys."""
        if self._histories:
            updates = self._sections[JOB_UPDATES]
            updates.update((key, history.record()) for key, history in self._histories.items())
            self._histories.clear()
        return self._sections

    def count(self, number: int) -> int:
        """Return how many records a section has."""
        return len(self._sections[number])

    @property
    def framework_id(self) -> str | None:
        return framework_id(self.metadata)

    def apply(self, op: Op) -> None:
        """Carry out one mutation of the log.

        Raises:
            WireError: the op is unknown, malformed, or about a job update that is not there.
        """
        act = APPLY.get(op.number)
        if act is None:
            kind = NewerFormat if op.number > max(APPLY) else WireError
            raise kind(f"op {op.number} is not known to this version", 0)
        act(self, op)

    def load_deduplicated(self, reader: Reader) -> None:
        """Replace the state by a DeduplicatedSnapshot."""
        self.reset()
        restoring = self._statistics.restoring
        with without_collector(), self._statistics.timed("snapshot_apply"):
            while (field := reader.field())[0] != TType.STOP:
                if field == (TType.STRUCT, 1):
                    self._load_snapshot(reader)
                elif field == (TType.LIST, 2):
                    with restoring(TASKS):
                        self.tasks.load(reader, reader.container()[1])
                elif field == (TType.LIST, 3):
                    with restoring(TASKS, events=0):
                        self.tasks.load_configs(_structs(reader))
                else:
                    reader.skip(field[0])
        if len(self.tasks.job) != len(self.tasks.status):
            raise WireError("the tasks of a deduplicated snapshot have no configs", reader.position)
        self._tell()

    def load_snapshot(self, reader: Reader) -> None:
        """Replace the state by a whole Snapshot."""
        self.reset()
        with without_collector(), self._statistics.timed("snapshot_apply"):
            self._load_snapshot(reader)
        self._tell()

    def _load_snapshot(self, reader: Reader) -> None:
        found: dict[int, dict[Hashable, bytes]] = {}
        script: list[bytes] | None = None
        restoring = self._statistics.restoring
        while (field := reader.field())[0] != TType.STOP:
            ttype, number = field
            check_type(number, ttype, reader.position)
            with restoring(number):
                if number == DB_SCRIPT:
                    script = script_statements(ttype, reader.value(ttype))
                elif number in SECTIONS:
                    found[number] = dict(self._records(reader, number))
                else:
                    self._load_field(reader, ttype, number)
        if script is not None:
            with restoring(DB_SCRIPT, events=0):
                self._add_script(found, script)
        self._sections.update(found)
        self.has_locks = bool(found.get(LOCKS)) or any(map(History.tells_a_lock, found.get(JOB_UPDATES, {}).values()))

    def _records(self, reader: Reader, number: int) -> Iterator[tuple[Hashable, bytes]]:
        slim = SECTIONS[number].slim
        for start, decoded, end in reader.structs(slim, reader.struct_count()):
            yield keyed_record(number, reader.slice(start, end), self.upgrader, decoded)

    def _add_script(self, found: dict[int, dict[Hashable, bytes]], script: list[bytes]) -> None:
        try:
            notes = merge_script(found, script, self.upgrader, allow_partial=self.allow_partial)
        except IncompleteSnapshot as error:
            raise WireError(f"{error}; -allow_partial_backup does without (extract: --allow-partial)", 0) from None
        for note in notes:
            logger.warning("Snapshot taken at %s ms: %s", self.snapshot_ms, note)

    def _tell(self) -> None:
        if self.upgrader.summary:
            logger.info("Upgraded records of an older release: %s", self.upgrader.summary)
        for note in quota_warnings(self._sections):
            logger.warning("Snapshot taken at %s ms: %s", self.snapshot_ms, note)

    def _load_field(self, reader: Reader, ttype: int, number: int) -> None:
        if number == TIMESTAMP:
            self.snapshot_ms = reader.i64()
        elif number == TASKS:
            self.tasks.save_all(_structs(reader))
        elif number == METADATA:
            self._set_metadata(reader.value(ttype))
        else:
            value = reader.value(ttype)
            if number != EXPERIMENTAL_TASK_STORE:
                self.extras.append(fields.Field(number, ttype, value))

    def _set_metadata(self, value: bytes) -> None:
        """The framework id is only ever overwritten (docs/storage.md 2.10)."""
        known = fields.get(self.metadata, 1) if self.metadata else None
        if known is not None and fields.get(value, 1) is None:
            value = fields.put(value, [1], TType.STRING, known)
        self.metadata = value

    def save_record(self, number: int, raw: bytes) -> None:
        """Add a record to a section, or replace the one of the same key with all its history."""
        key, raw = keyed_record(number, raw, self.upgrader)
        self._sections[number][key] = raw
        if number == JOB_UPDATES:
            self._histories.pop(key, None)

    def remove_record(self, number: int, key: Hashable) -> None:
        """Remove a record; that there is none is fine."""
        self._sections[number].pop(key, None)
        if number == JOB_UPDATES:
            self._histories.pop(key, None)

    def update_keys(self) -> Iterator[Hashable]:
        return iter(self._sections[JOB_UPDATES])

    def history(self, key: Hashable) -> History | None:
        """Return the history of a job update, to be added to; it becomes a record when that is read next."""
        history = self._histories.get(key)
        raw = self._sections[JOB_UPDATES].get(key)
        if history is None and raw is not None:
            history = self._histories[key] = History(raw)
        return history


def _structs(reader: Reader) -> Iterator[bytes]:
    for _ in range(reader.struct_count()):
        yield reader.value(TType.STRUCT)
