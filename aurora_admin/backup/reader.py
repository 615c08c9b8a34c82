"""The index of a backup: its records and their positions, without decoding the tasks (docs/architecture.md 4.2)."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from thrift.Thrift import TType

from aurora_admin.backup import manifest
from aurora_admin.backup.file import COPY_AGAIN, WINDOW, BackupError, BackupFile, IncompleteBackup, records, spans
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
    TIMESTAMP,
    IncompleteSnapshot,
    check_type,
    framework_id,
    missing_sections,
    section_counts,
)
from aurora_admin.snapshot.task_table import TaskTable
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader, without_collector
from aurora_admin.wire.window import Window


class Backup:
    """An indexed backup. Its tasks stay in the file; legacy tasks are upgraded each time they are read.

    Several threads may read tasks. Only one thread at a time may remove tasks from the table. Reading a task raises
    BackupError once the file has been changed.

    Attributes:
        timestamp_ms: the time of the snapshot, in ms since the epoch.
        metadata: the encoded SchedulerMetadata, or None.
        sections: by field id, the upgraded records of each section by their keys.
        extras: fields of the snapshot that this program does not know; they are kept unchanged.
        notes: facts that an operator should know, one line each.
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
        # A byte per row, 1 for a legacy task; empty if there are none.
        self._legacy = bytearray()

    @property
    def framework_id(self) -> str | None:
        return framework_id(self.metadata)

    @property
    def counts(self) -> dict[str, int]:
        """The number of records of each section."""
        return section_counts(len(self.tasks), self.sections)

    def record(self, task_id: bytes) -> bytes:
        """Return the ScheduledTask with this id.

        Raises:
            KeyError: there is no such task.
            BackupError: the file has changed or cannot be read.
        """
        return next(self.records([self.tasks.ids[task_id]]))[1]

    def records(self, rows: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Yield each row with its ScheduledTask.

        Raises:
            BackupError: the file has changed or cannot be read.
        """
        with self.file.reading():
            found = records(self.file.fd, rows, self.tasks.start, self.tasks.length)
            yield from self._upgraded(found) if self._legacy else found

    def _upgraded(self, found: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        for row, raw in found:
            yield row, self.upgrader.task(raw) if self._legacy[row] else raw

    def pieces(self, rows: Sequence[int]) -> Iterator[bytes]:
        """Yield the ScheduledTasks of some rows one after another, in pieces of any size.

        Raises:
            BackupError: the file has changed or cannot be read.
        """
        if self._legacy:
            yield from (raw for _, raw in self.records(rows))
            return
        with self.file.reading():
            for start, end in spans(rows, self.tasks.start, self.tasks.length):
                for at in range(start, end, WINDOW):
                    yield self.file.read(at, min(at + WINDOW, end))

    def upgrade_tasks(self, rows: Sequence[int]) -> None:
        """Upgrade these tasks whenever they are read; put their current status into the table.

        Raises:
            WireError: a task cannot be upgraded.
        """
        if not rows:
            return
        without_resources: list[Hashable] = []
        for row, raw in records(self.file.fd, rows, self.tasks.start, self.tasks.length):
            task_id, self.tasks.status[row], has_resources = upgrade_task(self.upgrader, raw)
            if not has_resources:
                without_resources.append(task_id)
        self._legacy = bytearray(len(self.tasks.status))
        for row in rows:
            self._legacy[row] = 1
        self.notes.append(f"upgraded {len(rows)} tasks of an older release")
        if without_resources:
            self.notes.append(f"{len(without_resources)} tasks have no resources: {format_keys(without_resources)}")

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> "Backup":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_backup(path: str, *, allow_partial: bool = False) -> Backup:
    """Open a backup, index it, and check it against its manifest if it has one; close it after use.

    With `allow_partial` sections may be missing; the notes name them.

    >>> with read_backup("tests/data/sample-backup") as backup:
    ...     print(backup.counts["tasks"], backup.counts["quotas"], len(backup.record(min(backup.tasks.ids))))
    60 18 1703

    Raises:
        IncompleteBackup: sections are missing, and `allow_partial` is false.
        BackupError: the file is missing, damaged, compressed, or differs from its manifest.
    """
    file = BackupFile(path)
    try:
        recorded = manifest.read_manifest(path)
        backup = _index(file, allow_partial) if recorded is None else _verify(file, allow_partial, recorded)
        file.check_unchanged()
    except BaseException:
        file.close()
        raise
    return backup


def _verify(file: BackupFile, allow_partial: bool, recorded: manifest.Facts) -> Backup:
    """Index the file and compare it with its manifest; the digest is computed in another thread meanwhile."""
    found: dict[str, object] = {manifest.SIZE: file.size}
    with ThreadPoolExecutor(1) as pool:
        digest = pool.submit(file.digest)
        try:
            backup = _index(file, allow_partial)
        except BackupError:
            # A difference from the manifest is the cause of other errors.
            manifest.check_facts(file, recorded, {**found, manifest.DIGEST: digest.result()})
            raise
        found[manifest.DIGEST] = digest.result()
    found[manifest.TIMESTAMP] = backup.timestamp_ms
    found[manifest.FRAMEWORK_ID] = backup.framework_id
    found[manifest.COUNTS] = backup.counts
    manifest.check_facts(file, recorded, found)
    return backup


def _index(file: BackupFile, allow_partial: bool) -> Backup:
    backup = Backup(file)
    file.check_format()
    try:
        with without_collector():
            _index_snapshot(backup, allow_partial)
    except WireError as error:
        raise BackupError(
            f"Failed to decode backup {file.name}: {error} at byte {error.offset} of {file.size}; {COPY_AGAIN}."
        ) from error
    except IncompleteSnapshot as error:
        raise IncompleteBackup(
            f"Backup {file.name} is incomplete: {error}. To use it without the missing parts, allow partial backups."
        ) from error
    return backup


def _index_snapshot(backup: Backup, allow_partial: bool) -> None:
    file = backup.file
    reader = Reader(Window.of_file(file.fd, 0, file.size), Limits.of_length(file.size))
    present: set[int] = set()
    script: list[bytes] | None = None
    while True:
        position = reader.position
        ttype, number = reader.field()
        if ttype == TType.STOP:
            break
        if number in present:
            raise WireError(f"field {number} of the snapshot is present twice", position)
        present.add(number)
        check_type(number, ttype, reader.position)
        if number == DB_SCRIPT:
            script = script_statements(reader.value(ttype))
        else:
            _index_field(backup, reader, ttype, number)
    if reader.position != file.size:
        raise WireError(f"{file.size - reader.position} bytes follow the end of the snapshot", reader.position)
    if backup.timestamp_ms is None:
        raise WireError("it is not a backup: the snapshot has no timestamp", 0)
    _complete(backup, script, present, allow_partial)


def _index_field(backup: Backup, reader: Reader, ttype: int, number: int) -> None:
    if number == TIMESTAMP:
        backup.timestamp_ms = reader.i64()
    elif number == TASKS:
        backup.upgrade_tasks(scan_tasks(reader, reader.struct_count(), backup.tasks))
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


def _complete(backup: Backup, script: list[bytes] | None, present: set[int], allow_partial: bool) -> None:
    """Add the sections that only the script has, check that none is missing, and drop unused locks."""
    if script is not None:
        backup.notes += merge_script(backup.sections, script, backup.upgrader, allow_partial=allow_partial)
        present.update(SECTIONS_OF_SCRIPT)
    if missing := missing_sections(present):
        text = f"it has no {' and no '.join(missing)}, a section that every release writes"
        if not allow_partial:
            raise IncompleteSnapshot(text)
        backup.notes.append(text)
    backup.notes += drop_unused_locks(backup.sections)
    backup.notes += quota_warnings(backup.sections)
    if backup.upgrader.summary:
        backup.notes.append(f"upgraded records of an older release: {backup.upgrader.summary}")
