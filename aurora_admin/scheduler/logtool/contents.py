"""What a log entry holds, without applying it: the ops of a transaction, or the time and tasks of a snapshot."""

import zlib
from collections import Counter
from typing import NamedTuple

from thrift.Thrift import TType

from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.loading import PARTIAL_SNAPSHOT, PARTIAL_TASKS
from aurora_admin.scheduler.state.replay import REMOVED_UPDATES
from aurora_admin.scheduler.storage.inflate import entry_reader, is_deflated
from aurora_admin.scheduler.storage.log import utc
from aurora_admin.snapshot.log_entry import DEDUPLICATED, DEFLATED, NOOP, SNAPSHOT, TRANSACTION
from aurora_admin.snapshot.sections import TASKS, TIMESTAMP
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.walk import LENGTH_BYTES

OP_NAMES = {specification[0]: specification[2] for specification in storage.Op.thrift_spec if specification}
HEADER_BYTES = 3
FIRST_BYTES = 1024  # much more than zlib needs to inflate the header
# The ops that save or remove several records.
OP_ITEMS = {
    ops.SAVE_TASKS: ops.SAVED_TASKS,
    ops.REMOVE_TASKS: ops.REMOVED_TASK_IDS,
    ops.REMOVE_JOB_UPDATE: REMOVED_UPDATES,
}


class Contents(NamedTuple):
    """What an entry holds.

    Attributes:
        kind: the name of the member of the LogEntry union.
        detail: a text, empty for a no-op and a transaction without ops.
        snapshot_ms: when the snapshot was taken, in milliseconds since the epoch; None for other entries.
        tasks: the number of its tasks.
    """

    kind: str
    detail: str = ""
    snapshot_ms: int | None = None
    tasks: int = 0


def contents(data: bytes) -> Contents:
    """Return what a log entry holds.

    Raises:
        WireError, zlib.error: it cannot be read.
    """
    with entry_reader(data, _nothing) as reader:
        ttype, number = reader.field()
        found_header = fields.header(ttype, number)
        if found_header == TRANSACTION.header:
            found = Contents("transaction", _ops(reader.value(ttype)))
        elif found_header == SNAPSHOT.header:
            found = _snapshot(reader)
        elif found_header == DEDUPLICATED.header:
            found = _deduplicated(reader)
        else:
            reader.skip(ttype)
            found = Contents("no-op" if number == NOOP.id else f"unknown entry {number}")
        if reader.field()[0] != TType.STOP:
            raise WireError("more follows where the log entry should end", reader.position)
    return found


def header(data: bytes) -> bytes:
    """Return the first bytes of an entry, which say what it is; of a deflated one those of the entry in it."""
    if not is_deflated(data):
        return data[:HEADER_BYTES]
    begin = len(DEFLATED.header) + LENGTH_BYTES
    try:
        return zlib.decompressobj().decompress(data[begin : begin + FIRST_BYTES], HEADER_BYTES)
    except zlib.error:
        return b""


def describe(data: bytes) -> str:
    """Return one line about a log entry; also about one that cannot be read."""
    try:
        found = contents(data)
    except (WireError, zlib.error) as error:
        return f"{'deflated ' * is_deflated(data)}entry that cannot be read ({error})"
    return "deflated " * is_deflated(data) + found.kind + found.detail


def _ops(body: bytes) -> str:
    counts: Counter[str] = Counter()
    for number, op in ops.of_transaction(body):
        items = OP_ITEMS.get(number)
        counts[OP_NAMES.get(number, f"op {number}")] += len(items.elements(op)) if items else 1
    named = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f": {named}" if named else ""


def _snapshot(reader: Reader) -> Contents:
    milliseconds, tasks = 0, 0
    while (field := reader.field())[0] != TType.STOP:
        ttype, number = field
        if (ttype, number) == (TType.I64, TIMESTAMP):
            milliseconds = reader.i64()
        elif number == TASKS:
            tasks += _skipped_structs(reader)
        else:
            reader.skip(ttype)
    return _of_snapshot("snapshot", milliseconds, tasks)


def _deduplicated(reader: Reader) -> Contents:
    milliseconds, tasks = 0, 0
    while (field := reader.field())[0] != TType.STOP:
        if field == PARTIAL_SNAPSHOT:
            partial = _snapshot(reader)
            milliseconds, tasks = partial.snapshot_ms or 0, tasks + partial.tasks
        elif field == PARTIAL_TASKS:
            tasks += _skipped_structs(reader)
        else:
            reader.skip(field[0])
    return _of_snapshot("deduplicated snapshot", milliseconds, tasks)


def _of_snapshot(kind: str, milliseconds: int, tasks: int) -> Contents:
    return Contents(kind, f" of {utc(milliseconds)}, {tasks} tasks", milliseconds, tasks)


def _skipped_structs(reader: Reader) -> int:
    count = reader.struct_count()
    for _ in range(count):
        reader.skip(TType.STRUCT)
    return count


def _nothing() -> None:
    pass
