"""The index of a backup: what is in it and where, without decoding it (docs/architecture.md 4.2)."""

import gc
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from thrift.Thrift import TType

from aurora_admin.backup.file import WINDOW, BackupError, BackupFile, records, spans
from aurora_admin.snapshot.consistency import drop_unused_locks, quota_warnings
from aurora_admin.snapshot.dbscript.merge import merge_script, script_statements
from aurora_admin.snapshot.dbscript.rebuild import SECTIONS_OF_SCRIPT
from aurora_admin.snapshot.records import format_keys, keyed_record
from aurora_admin.snapshot.scan import scan_tasks, upgrade_task
from aurora_admin.snapshot.sections import (
    DB_SCRIPT,
    EXPERIMENTAL_TASK_STORE,
    METADATA,
    SECTIONS,
    TASKS,
    TASKS_NAME,
    TIMESTAMP,
    IncompleteSnapshot,
    check_type,
    framework_id,
    missing_sections,
)
from aurora_admin.snapshot.task_table import TaskTable
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.window import Window

# First bytes of what people make of a backup, and what undoes it. A real scheduler stages these as empty.
WRAPPINGS = {
    b"\x1f\x8b": "it is compressed with gzip; gunzip it first",
    b"BZh": "it is compressed with bzip2; bunzip2 it first",
    b"\xfd7zXZ": "it is compressed with xz; unxz it first",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd; unzstd it first",
}
WHAT_NOW = "copy it anew from where it was made, or stage another backup"


class Backup:
    """An indexed backup; its tasks stay in the file, and are brought to today's shape as they are read from it.

    Attributes:
        timestamp_ms: when the snapshot was made, ms since the epoch.
        metadata: the SchedulerMetadata as it stands in the file, or None.
        sections: per snapshot field, the records by their keys, each in today's shape.
        extras: top-level fields that this program does not know, carried through unchanged.
        notes: what was found that an operator should know, one line each.
    """

    def __init__(self, file: BackupFile) -> None:
        self.file = file
        self.timestamp_ms: int | None = None
        self.metadata: bytes | None = None
        self.sections: dict[int, dict[Hashable, bytes]] = {}
        self.extras: list[fields.Field] = []
        self.tasks = TaskTable()
        self.notes: list[str] = []
        self.upgrader = Upgrader()
        # A byte per row, 1 for a task that is not in today's shape; empty where all are.
        self._old = bytearray()

    @property
    def framework_id(self) -> str | None:
        return framework_id(self.metadata)

    @property
    def counts(self) -> dict[str, int]:
        """How many records each section holds."""
        counted = {section.name: len(self.sections.get(number, ())) for number, section in SECTIONS.items()}
        return {TASKS_NAME: len(self.tasks), **counted}

    def record(self, task_id: bytes) -> bytes:
        """Return one task's ScheduledTask.

        Raises:
            KeyError: there is no such task.
        """
        return next(self.records([self.tasks.ids[task_id]]))[1]

    def records(self, rows: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Yield each row with its ScheduledTask.

        Raises:
            BackupError: the file is no longer what it was.
        """
        with self.file.reading():
            found = records(self.file.fd, rows, self.tasks.start, self.tasks.length)
            yield from self._mended(found) if self._old else found

    def _mended(self, found: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        for row, raw in found:
            yield row, self.upgrader.task(raw) if self._old[row] else raw

    def pieces(self, rows: Sequence[int]) -> Iterator[bytes]:
        """Yield the ScheduledTasks of some rows one after another, cut anywhere.

        Raises:
            BackupError: the file is no longer what it was.
        """
        if self._old:
            yield from (raw for _, raw in self.records(rows))
            return
        with self.file.reading():
            for start, end in spans(rows, self.tasks.start, self.tasks.length):
                for at in range(start, end, WINDOW):
                    yield self.file.read(at, min(at + WINDOW, end))

    def mend(self, rows: Sequence[int]) -> None:
        """Bring these tasks to today's shape whenever they are read.

        Raises:
            WireError: one cannot be brought there.
        """
        if not rows:
            return
        bare: list[Hashable] = []
        for row, raw in records(self.file.fd, rows, self.tasks.start, self.tasks.length):
            task_id, self.tasks.status[row], has_resources = upgrade_task(self.upgrader, raw)
            if not has_resources:
                bare.append(task_id)
        self._old = bytearray(len(self.tasks.status))
        for row in rows:
            self._old[row] = 1
        self.notes.append(f"upgraded {len(rows)} tasks of an older release")
        if bare:
            self.notes.append(f"{len(bare)} tasks have no resources: {format_keys(bare)}")

    def close(self) -> None:
        self.file.close()


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the cyclic garbage collector out of bulk decoding, which it slows threefold (docs/wire.md 6.3)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read_backup(path: str, *, allow_partial: bool = False) -> Backup:
    """Open a backup and index all of it; close it after use.

    With `allow_partial` sections may be missing; the notes say which.

    Raises:
        BackupError: the file is missing, damaged, wrapped, or holds what cannot be restored. Nothing stays open.
    """
    file = BackupFile(path)
    backup = Backup(file)
    try:
        _check_start(file)
        with without_collector():
            _index(backup, allow_partial)
        file.check_unchanged()
    except WireError as error:
        file.close()
        raise BackupError(
            f"Failed to decode backup {file.name}: {error} at byte {error.offset} of {file.size}; {WHAT_NOW}."
        ) from error
    except IncompleteSnapshot as error:
        file.close()
        raise BackupError(
            f"Backup {file.name} cannot be staged whole: {error}. Nothing was staged; "
            "a scheduler with -allow_partial_backup=true stages it without what is missing "
            "(aurora-reference-log: --allow-partial)."
        ) from error
    except BaseException:
        file.close()
        raise
    return backup


def _check_start(file: BackupFile) -> None:
    if file.size == 0:
        raise BackupError(f"Failed to decode backup {file.name}: the file is empty; {WHAT_NOW}.")
    start = file.read(0, min(file.size, 6))
    for magic, advice in WRAPPINGS.items():
        if start.startswith(magic):
            raise BackupError(f"Failed to decode backup {file.name}: {advice}.")


def _index(backup: Backup, allow_partial: bool) -> None:
    file = backup.file
    reader = Reader(Window.of_file(file.fd, 0, file.size), Limits.of_length(file.size))
    seen: set[int] = set()
    script: list[bytes] | None = None
    while True:
        at = reader.position
        ttype, number = reader.field()
        if ttype == TType.STOP:
            break
        if number in seen:
            raise WireError(f"field {number} stands there twice", at)
        seen.add(number)
        if number == DB_SCRIPT:
            script = script_statements(ttype, reader.value(ttype))
        else:
            _index_field(backup, reader, ttype, number)
    if reader.position != file.size:
        raise WireError(f"{file.size - reader.position} bytes follow the end of the snapshot", reader.position)
    if backup.timestamp_ms is None:
        raise WireError("it is no backup: a snapshot has a timestamp", 0)
    _complete(backup, script, seen, allow_partial)


def _complete(backup: Backup, script: list[bytes] | None, seen: set[int], allow_partial: bool) -> None:
    if script is not None:
        backup.notes += merge_script(backup.sections, script, backup.upgrader, allow_partial=allow_partial)
        seen.update(SECTIONS_OF_SCRIPT)
    backup.notes += _missing(seen, allow_partial)
    backup.notes += drop_unused_locks(backup.sections)
    backup.notes += quota_warnings(backup.sections)
    if backup.upgrader.summary:
        backup.notes.append(f"upgraded records of an older release: {backup.upgrader.summary}")


def _missing(seen: set[int], allow_partial: bool) -> list[str]:
    missing = missing_sections(seen)
    if not missing:
        return []
    text = f"it has no section of its {', '.join(missing)}, which every release writes"
    if not allow_partial:
        raise IncompleteSnapshot(text)
    return [text]


def _index_field(backup: Backup, reader: Reader, ttype: int, number: int) -> None:
    check_type(number, ttype, reader.position)
    if number == TIMESTAMP:
        backup.timestamp_ms = reader.i64()
    elif number == TASKS:
        backup.mend(scan_tasks(reader, reader.struct_count(), backup.tasks))
    elif number in SECTIONS:
        backup.sections[number] = _index_section(backup, reader, number)
    else:
        value = reader.value(ttype)
        if number == METADATA:
            backup.metadata = value
        elif number != EXPERIMENTAL_TASK_STORE:
            backup.extras.append(fields.Field(number, ttype, value))


def _index_section(backup: Backup, reader: Reader, number: int) -> dict[Hashable, bytes]:
    found: dict[Hashable, bytes] = {}
    section = SECTIONS[number]
    for start, decoded, end in reader.structs(section.slim, reader.struct_count()):
        try:
            key, raw = keyed_record(number, reader.slice(start, end), backup.upgrader, decoded)
        except WireError as error:
            raise WireError(str(error), start + error.offset) from None
        if key in found:
            raise WireError(f"two records of the {section.name} have one key", start)
        found[key] = raw
    return found
