"""A snapshot as bytes: whole for a backup, deduplicated for the log (docs/storage.md 2.7 and 3.1)."""

import struct
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from thrift.Thrift import TType

from aurora_admin.snapshot.sections import METADATA, SECTIONS, TASKS, TIMESTAMP
from aurora_admin.wire import fields

STOP = b"\x00"
DEDUPLICATED_ENTRY = fields.header(TType.STRUCT, 6)
PARTIAL_SNAPSHOT = fields.header(TType.STRUCT, 1)
PARTIAL_TASKS = fields.header(TType.LIST, 2)
TASK_CONFIGS = fields.header(TType.LIST, 3)
PARTIAL_TASK = fields.header(TType.STRUCT, 1)
CONFIG_ID = struct.Struct("!3siB").pack
CONFIG_ID_HEADER = fields.header(TType.I32, 2)

# The type of a field, and its value in pieces.
Member = tuple[int, Iterable[bytes]]
# Times the writing of one section, which is named by its field number.
SectionTimer = Callable[[int], AbstractContextManager[None]]


def untimed(number: int) -> AbstractContextManager[None]:
    """Measure nothing."""
    return nullcontext()


class Source(Protocol):
    """A state at one moment, as a snapshot needs it; the live stores and a staged backup are both one."""

    timestamp_ms: int
    metadata: bytes
    sections: Mapping[int, Mapping[Hashable, bytes]]
    extras: Sequence[fields.Field]

    @property
    def task_count(self) -> int: ...

    @property
    def configs(self) -> Sequence[bytes]:
        """The configs that partial_tasks() pointed to; complete when that is exhausted."""

    def full_tasks(self) -> Iterator[bytes]:
        """The ScheduledTasks one after another, cut anywhere."""

    def partial_tasks(self) -> Iterator[tuple[bytes, int]]:
        """Each ScheduledTask without its config, and the config's number."""

    def check(self) -> None:
        """Refuse what was read of it, once all was: it was not the state at one moment.

        Raises:
            BackupError: the file that it is read from was changed.
        """


def snapshot(source: Source, timed: SectionTimer = untimed) -> Iterator[bytes]:
    """Yield the bytes of a Snapshot: what a backup file holds.

    `timed` is asked to time each section until it is taken in: by a file, or deflated.
    """

    def tasks() -> Iterator[bytes]:
        yield _set_of(source.task_count)
        yield from source.full_tasks()

    return _snapshot(source, {TASKS: (TType.SET, tasks())}, timed)


def deduplicated_entry(source: Source, timed: SectionTimer = untimed) -> Iterator[bytes]:
    """Yield the bytes of a LogEntry with the snapshot, every config in it once; `timed` as for snapshot()."""
    yield DEDUPLICATED_ENTRY + PARTIAL_SNAPSHOT
    yield from _snapshot(source, {}, timed)
    with timed(TASKS):
        yield PARTIAL_TASKS + _set_of(source.task_count)
        for partial, config in source.partial_tasks():
            yield PARTIAL_TASK + partial + CONFIG_ID(CONFIG_ID_HEADER, config, 0)
        yield TASK_CONFIGS + _set_of(len(source.configs))
        yield from source.configs
    yield STOP + STOP


def _snapshot(source: Source, tasks: Mapping[int, Member], timed: SectionTimer) -> Iterator[bytes]:
    """Yield a Snapshot in the order of its field ids; every section stands there, also an empty one."""
    members: dict[int, Member] = {
        TIMESTAMP: (TType.I64, [fields.i64(source.timestamp_ms)]),
        METADATA: (TType.STRUCT, [source.metadata]),
        **tasks,
        **{number: (TType.SET, _section(source, number)) for number in _written_sections(source)},
        **{field.id: (field.ttype, [field.value]) for field in source.extras},
    }
    for number in sorted(members):
        ttype, pieces = members[number]
        with timed(number):
            yield fields.header(ttype, number)
            yield from pieces
    yield STOP


def _written_sections(source: Source) -> Iterator[int]:
    """Retired sections (locks) are written only where they hold something (docs/releases.md 1)."""
    return (number for number, section in SECTIONS.items() if not section.retired or source.sections.get(number))


def _section(source: Source, number: int) -> Iterator[bytes]:
    records = source.sections.get(number, {})
    yield _set_of(len(records))
    yield from records.values()


def _set_of(count: int) -> bytes:
    return struct.pack("!bi", TType.STRUCT, count)
