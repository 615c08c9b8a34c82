"""Compare two states: tasks by their ids, and the records of each section by their keys.

The keys of the older side are held in memory; its records are read in blocks as they are needed, and those of the newer
side are read once, as they come. A million tasks a side take the memory of a set of ids. Two records are the same when
they are equal in canonical form (docs/architecture.md 4.2).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, Protocol

from aurora_admin.backup.reader import Backup
from aurora_admin.gen.slim.ttypes import PartialTask
from aurora_admin.wire import codec
from aurora_admin.wire.canonical import same

BLOCK_RECORDS = 1024


class Change(NamedTuple):
    """A record in which two states differ: `old` is None for one that was added, `new` for one that was removed."""

    key: Any
    old: bytes | None
    new: bytes | None


class Records(Protocol):
    """Records with keys, of which any can be read at any time."""

    def keys(self) -> Collection[Any]:
        """Return all keys."""

    def read(self, keys: Iterable[Any]) -> Iterator[tuple[Any, bytes]]:
        """Yield the key and the bytes of the named records, in any order."""


class BackupTasks:
    """The tasks of a backup by their ids, without those that are left out."""

    def __init__(self, backup: Backup, left_out: Collection[bytes] = frozenset()) -> None:
        self._backup = backup
        self._left_out = left_out

    def keys(self) -> Collection[bytes]:
        return self._backup.tasks.ids.keys() - self._left_out

    def read(self, keys: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the tasks in the order of the file; raises BackupError as Backup.records does."""
        ids = {self._backup.tasks.ids[task_id]: task_id for task_id in keys}
        for row, raw in self._backup.records(sorted(ids)):
            yield ids[row], raw


class SectionRecords:
    """The records of one section by their keys."""

    def __init__(self, records: Mapping[Any, bytes]) -> None:
        self._records = records

    def keys(self) -> Collection[Any]:
        return self._records.keys()

    def read(self, keys: Iterable[Any]) -> Iterator[tuple[Any, bytes]]:
        return ((key, self._records[key]) for key in keys)


def changes(old: Records, new: Iterable[tuple[Any, bytes]]) -> Iterator[Change]:
    """Yield every difference between two sets of records: those added or changed first, then those removed.

    A key that comes twice on the newer side counts as added the second time.

    Raises:
        WireError: a record is malformed.
    """
    missing = set(old.keys())
    for block in _blocks(new):
        both: dict[Any, bytes] = {}
        for key, raw in block:
            if key in missing:
                missing.discard(key)
                both[key] = raw
            else:
                yield Change(key, None, raw)
        yield from (Change(key, raw, both[key]) for key, raw in old.read(both) if not same(raw, both[key]))
    yield from (Change(key, raw, None) for key, raw in old.read(missing))


def tasks_by_id(tasks: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield each encoded ScheduledTask with its id, which is empty where the task has none.

    Raises:
        WireError: one is malformed.
    """
    for raw in tasks:
        assigned = codec.decode(PartialTask, raw).assignedTask
        yield (assigned and assigned.taskId) or b"", raw


def section_changes(old: Backup, new: Backup, number: int) -> Iterator[Change]:
    """Yield every difference between two backups in one section other than the tasks."""
    return changes(SectionRecords(old.sections.get(number, {})), new.sections.get(number, {}).items())


def _blocks(records: Iterable[tuple[Any, bytes]]) -> Iterator[list[tuple[Any, bytes]]]:
    iterator = iter(records)
    while block := list(islice(iterator, BLOCK_RECORDS)):
        yield block
