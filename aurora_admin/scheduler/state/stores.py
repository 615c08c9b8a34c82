"""Everything the scheduler keeps, and the one function that changes it: applying what stands in the log."""

from collections.abc import Callable, Hashable, Iterator

from thrift.Thrift import TType

from aurora_admin.backup.index import without_collector
from aurora_admin.backup.sections import (
    CRON_JOBS,
    DB_SCRIPT,
    EXPERIMENTAL_TASK_STORE,
    HOSTS,
    MAINTENANCE_REQUESTS,
    METADATA,
    QUOTAS,
    SECTIONS,
    TASKS,
    TIMESTAMP,
)
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.state.tasks import LiveTasks
from aurora_admin.wire import codec, fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.reader import Reader


class Stores:
    """The live state. Only `apply` and the loading of a snapshot change it.

    Attributes:
        snapshot_ms: the timestamp of the snapshot that the state began with, or None.
        metadata: SchedulerMetadata as it was loaded, framework id included.
        sections: per snapshot field, the records by their keys.
        extras: top-level snapshot fields that this program does not know.
    """

    def __init__(self, spill_folder: str) -> None:
        self._spill_folder = spill_folder
        self.metadata: bytes | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything but the framework id (spec/storage.md 2.10)."""
        self.snapshot_ms: int | None = None
        self.tasks = LiveTasks(self._spill_folder)
        self.sections: dict[int, dict[Hashable, bytes]] = {number: {} for number in SECTIONS}
        self.extras: list[fields.Field] = []

    @property
    def framework_id(self) -> str | None:
        raw = fields.get(self.metadata, 1) if self.metadata else None
        return raw[4:].decode("utf-8", "replace") if raw else None

    def apply(self, op: Op) -> None:
        """Carry out one mutation of the log.

        Raises:
            WireError: the op is unknown or malformed.
        """
        act = _APPLY.get(op.number)
        if act is None:
            raise WireError(f"op {op.number} is not known to this version", 0)
        act(self, op)

    def load_deduplicated(self, reader: Reader) -> None:
        """Replace the state by a DeduplicatedSnapshot."""
        self.reset()
        with without_collector():
            while (field := reader.field())[0] != TType.STOP:
                if field == (TType.STRUCT, 1):
                    self._load_snapshot(reader)
                elif field == (TType.LIST, 2):
                    self.tasks.load(reader, reader.container()[1])
                elif field == (TType.LIST, 3):
                    self.tasks.load_configs(_structs(reader))
                else:
                    reader.skip(field[0])
        if len(self.tasks.job) != len(self.tasks.status):
            raise WireError("the tasks of a deduplicated snapshot have no configs", reader.position)

    def load_snapshot(self, reader: Reader) -> None:
        """Replace the state by a whole Snapshot."""
        self.reset()
        with without_collector():
            self._load_snapshot(reader)
            self.tasks.spill.flush()

    def _load_snapshot(self, reader: Reader) -> None:
        while (field := reader.field())[0] != TType.STOP:
            ttype, number = field
            if field == (TType.I64, TIMESTAMP):
                self.snapshot_ms = reader.i64()
            elif field == (TType.SET, TASKS):
                for raw in _structs(reader):
                    self.tasks.save(raw)
            elif ttype == TType.SET and number in SECTIONS:
                self._load_section(reader, number)
            else:
                self._load_other(number, ttype, _value(reader, ttype))

    def _load_section(self, reader: Reader, number: int) -> None:
        section, store = SECTIONS[number], self.sections[number]
        for raw in _structs(reader):
            store[section.key(codec.decode(section.slim, raw))] = raw

    def _load_other(self, number: int, ttype: int, value: bytes) -> None:
        if number == METADATA:
            self._set_metadata(value)
        elif number not in (DB_SCRIPT, EXPERIMENTAL_TASK_STORE):
            self.extras.append(fields.Field(number, ttype, value))

    def _set_metadata(self, value: bytes) -> None:
        """The framework id is only ever overwritten (spec/storage.md 2.10)."""
        known = fields.get(self.metadata, 1) if self.metadata else None
        if known is not None and fields.get(value, 1) is None:
            value = fields.put(value, [1], TType.STRING, known)
        self.metadata = value

    def save_record(self, number: int, raw: bytes) -> None:
        section = SECTIONS[number]
        self.sections[number][section.key(codec.decode(section.slim, raw))] = raw


def _structs(reader: Reader) -> Iterator[bytes]:
    element, count = reader.container()
    if count and element != TType.STRUCT:
        raise WireError(f"elements of type {element} where records should be", reader.position)
    for _ in range(count):
        yield _value(reader, TType.STRUCT)


def _value(reader: Reader, ttype: int) -> bytes:
    start = reader.mark()
    reader.skip(ttype)
    return reader.slice(start, reader.position)


def _required(op: Op, number: int) -> bytes:
    value = op.get(number)
    if value is None:
        raise WireError(f"op {op.number} lacks its field {number}", 0)
    return value


def _save_framework_id(stores: Stores, op: Op) -> None:
    stores.metadata = fields.put(stores.metadata or b"\x00", [1], TType.STRING, _required(op, 1))


def _save_tasks(stores: Stores, op: Op) -> None:
    for raw in fields.elements(_required(op, 1))[1]:
        stores.tasks.save(raw)
    stores.tasks.spill.flush()


def _remove_tasks(stores: Stores, op: Op) -> None:
    task_ids = {value[4:] for value in fields.elements(_required(op, 1))[1]}
    present = [task_id for task_id in task_ids if task_id in stores.tasks.ids]
    stores.tasks.remove([stores.tasks.ids[task_id] for task_id in present], present)


def _save_quota(stores: Stores, op: Op) -> None:
    """SaveQuota and QuotaConfiguration have the same fields under the same ids."""
    stores.save_record(QUOTAS, op.body)


def _remove_quota(stores: Stores, op: Op) -> None:
    stores.sections[QUOTAS].pop(_required(op, 1)[4:], None)


def _save_cron_job(stores: Stores, op: Op) -> None:
    stores.save_record(CRON_JOBS, fields.join([fields.Field(3, TType.STRUCT, _required(op, 2))]))


def _remove_job(stores: Stores, op: Op) -> None:
    key = codec.decode(slim.JobKey, _required(op, 2))
    stores.sections[CRON_JOBS].pop((key.role, key.environment, key.name), None)


def _save_host(stores: Stores, op: Op) -> None:
    stores.save_record(HOSTS, _required(op, 1))


def _save_maintenance(stores: Stores, op: Op) -> None:
    stores.save_record(MAINTENANCE_REQUESTS, _required(op, 1))


def _remove_maintenance(stores: Stores, op: Op) -> None:
    stores.sections[MAINTENANCE_REQUESTS].pop(_required(op, 1)[4:], None)


_APPLY: dict[int, Callable[[Stores, Op], None]] = {
    ops.SAVE_FRAMEWORK_ID: _save_framework_id,
    ops.SAVE_CRON_JOB: _save_cron_job,
    ops.REMOVE_JOB: _remove_job,
    ops.SAVE_TASKS: _save_tasks,
    ops.REMOVE_TASKS: _remove_tasks,
    ops.SAVE_QUOTA: _save_quota,
    ops.REMOVE_QUOTA: _remove_quota,
    ops.SAVE_HOST_ATTRIBUTES: _save_host,
    ops.SAVE_HOST_MAINTENANCE_REQUEST: _save_maintenance,
    ops.REMOVE_HOST_MAINTENANCE_REQUEST: _remove_maintenance,
}
