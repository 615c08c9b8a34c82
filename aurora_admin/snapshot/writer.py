"""Encoding of a snapshot: plain for a backup, deduplicated for the log (docs/storage.md 2.7 and 3.1)."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from thrift.Thrift import TType

from aurora_admin.gen.storage.ttypes import DeduplicatedSnapshot
from aurora_admin.snapshot.configs import ELEMENT_END
from aurora_admin.snapshot.log_entry import DEDUPLICATED
from aurora_admin.snapshot.paths import CONFIG_NUMBER, PARTIAL_TASK
from aurora_admin.snapshot.sections import METADATA, SECTIONS, TASKS, TIMESTAMP
from aurora_admin.wire import fields
from aurora_admin.wire.fields import STOP
from aurora_admin.wire.path import path

# Headers of fields.
PARTIAL_SNAPSHOT = path(DeduplicatedSnapshot, "partialSnapshot").header
PARTIAL_TASKS = path(DeduplicatedSnapshot, "partialTasks").header
TASK_CONFIGS = path(DeduplicatedSnapshot, "taskConfigs").header

# The type of a field, and its value in pieces.
Member = tuple[int, Iterable[bytes]]
# Returns a context manager that times the writing of a section; the argument is its field id.
SectionTimer = Callable[[int], AbstractContextManager[None]]


def untimed(number: int) -> AbstractContextManager[None]:
    """Measure nothing."""
    return nullcontext()


class Source(Protocol):
    """A state at one moment, to write a snapshot of: the live state or a staged backup.

    Attributes:
        metadata: the encoded SchedulerMetadata.
        sections: by field id, the records of each section by their keys.
        extras: fields of the snapshot that this program does not know.
    """

    timestamp_ms: int
    metadata: bytes
    sections: Mapping[int, Mapping[Hashable, bytes]]
    extras: Sequence[fields.Field]

    @property
    def task_count(self) -> int: ...

    @property
    def configs(self) -> Sequence[bytes]:
        """The configs by the numbers that partial_tasks() yields; complete when that is exhausted."""

    def full_tasks(self) -> Iterator[bytes]:
        """Yield the encoded ScheduledTasks one after another, in pieces of any size."""

    def partial_tasks(self) -> Iterator[tuple[bytes, int]]:
        """Yield each encoded ScheduledTask without its config, and the config's number."""

    def check(self) -> None:
        """Check, after everything was read, that it was the state at one moment.

        Raises:
            BackupError: the file from which the state is read has changed.
        """


def snapshot(source: Source, timed: SectionTimer = untimed) -> Iterator[bytes]:
    """Yield the bytes of a Snapshot, the content of a backup file.

    `timed` times each section, including what the consumer does with the bytes.
    """

    def tasks() -> Iterator[bytes]:
        yield _struct_count(source.task_count)
        yield from source.full_tasks()

    return _snapshot(source, {TASKS: (TType.SET, tasks())}, timed)


def deduplicated_entry(source: Source, timed: SectionTimer = untimed) -> Iterator[bytes]:
    """Yield the bytes of a LogEntry with a snapshot that has each config once; `timed` as for snapshot()."""
    yield DEDUPLICATED.header + PARTIAL_SNAPSHOT
    yield from _snapshot(source, {}, timed)
    before, config_header, pack_end = PARTIAL_TASK.header, CONFIG_NUMBER.header, ELEMENT_END.pack
    with timed(TASKS):
        yield PARTIAL_TASKS + _struct_count(source.task_count)
        for partial, config in source.partial_tasks():
            yield before + partial + pack_end(config_header, config, 0)
        yield TASK_CONFIGS + _struct_count(len(source.configs))
        yield from source.configs
    yield STOP + STOP


def _snapshot(source: Source, tasks: Mapping[int, Member], timed: SectionTimer) -> Iterator[bytes]:
    """Yield a Snapshot in the order of its field ids, with all sections, even empty ones."""
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
    """Yield the ids of the sections; a retired section (locks) only if it has records (docs/releases.md 1)."""
    return (number for number, section in SECTIONS.items() if not section.retired or source.sections.get(number))


def _section(source: Source, number: int) -> Iterator[bytes]:
    records = source.sections.get(number, {})
    yield _struct_count(len(records))
    yield from records.values()


def _struct_count(count: int) -> bytes:
    return fields.container_header(TType.STRUCT, count)
