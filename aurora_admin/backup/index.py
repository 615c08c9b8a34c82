"""The index of a backup: what is in it and where, without decoding it (design: raw bytes first)."""

import gc
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from operator import sub
from typing import Any

from thrift.Thrift import TType

from aurora_admin.backup.file import BackupError, BackupFile, records, spans
from aurora_admin.backup.sections import (
    CRON_JOBS,
    DB_SCRIPT,
    EXPERIMENTAL_TASK_STORE,
    HOSTS,
    JOB_UPDATES,
    METADATA,
    QUOTAS,
    SECTIONS,
    TASKS,
    TASKS_NAME,
    TIMESTAMP,
    Section,
)
from aurora_admin.backup.tasks import JobKey, TaskTable
from aurora_admin.gen.slim import ttypes as slim
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
TASK_RESOURCES = (1, 4, 32)
RESOURCE_SET = fields.header(TType.SET, 32) + bytes((TType.STRUCT,))


class Backup:
    """An indexed backup; its tasks stay in the file.

    Attributes:
        timestamp_ms: when the snapshot was made, ms since the epoch.
        metadata: the SchedulerMetadata as it stands in the file, or None.
        sections: per snapshot field, the records by their keys, each as it stands in the file.
        extras: top-level fields that this program does not know, carried through unchanged.
        first_rows: the row of each job's first task.
    """

    def __init__(self, file: BackupFile) -> None:
        self.file = file
        self.timestamp_ms: int | None = None
        self.metadata: bytes | None = None
        self.sections: dict[int, dict[Hashable, bytes]] = {}
        self.extras: list[fields.Field] = []
        self.tasks = TaskTable()
        self.first_rows: list[int] = []

    @property
    def framework_id(self) -> str | None:
        raw = fields.get(self.metadata, 1) if self.metadata else None
        return raw[4:].decode("utf-8", "replace") if raw else None

    @property
    def counts(self) -> dict[str, int]:
        """How many records each section holds."""
        counted = {section.name: len(self.sections.get(number, ())) for number, section in SECTIONS.items()}
        return {TASKS_NAME: len(self.tasks), **counted}

    def record(self, task_id: bytes) -> bytes:
        """Return one task's ScheduledTask as it stands in the file.

        Raises:
            KeyError: there is no such task.
        """
        row = self.tasks.ids[task_id]
        start = self.tasks.start[row]
        return self.file.read(start, start + self.tasks.length[row])

    def records(self, rows: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        return records(self.file.fd, rows, self.tasks.start, self.tasks.length)

    def spans(self, rows: Iterable[int]) -> Iterator[tuple[int, int]]:
        return spans(rows, self.tasks.start, self.tasks.length)

    def close(self) -> None:
        self.file.close()


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the cyclic garbage collector out of bulk decoding, which it slows threefold (spec/wire.md 6.3)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read_backup(path: str) -> Backup:
    """Open a backup and index all of it; close it after use.

    Raises:
        BackupError: the file is missing, damaged, wrapped, or holds what cannot be restored. Nothing stays open.
    """
    file = BackupFile(path)
    backup = Backup(file)
    try:
        _check_start(file)
        with without_collector():
            _index(backup)
        _check_whole(backup)
        file.check_unchanged()
    except WireError as error:
        file.close()
        raise BackupError(
            f"Failed to decode backup {file.name}: {error} at byte {error.offset} of {file.size}; {WHAT_NOW}."
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


def _index(backup: Backup) -> None:
    file = backup.file
    reader = Reader(Window.of_file(file.fd, 0, file.size), Limits.of_length(file.size))
    seen: set[int] = set()
    while True:
        at = reader.position
        ttype, number = reader.field()
        if ttype == TType.STOP:
            break
        if number in seen:
            raise WireError(f"field {number} stands there twice", at)
        seen.add(number)
        _index_field(backup, reader, ttype, number)
    if reader.position != file.size:
        raise WireError(f"{file.size - reader.position} bytes follow the end of the snapshot", reader.position)
    _check_sections(backup, seen)


def _index_field(backup: Backup, reader: Reader, ttype: int, number: int) -> None:
    expected = {TIMESTAMP: TType.I64, TASKS: TType.SET, METADATA: TType.STRUCT}.get(number)
    if expected is None and number in SECTIONS:
        expected = TType.SET
    if expected is not None and ttype != expected:
        raise WireError(f"field {number} of the snapshot has type {ttype}, not {expected}", reader.position)
    if number == TIMESTAMP:
        backup.timestamp_ms = reader.i64()
    elif number == TASKS:
        _index_tasks(backup, reader)
    elif number in SECTIONS:
        backup.sections[number] = _index_section(reader, SECTIONS[number])
    else:
        start = reader.mark()
        reader.skip(ttype)
        value = reader.slice(start, reader.position)
        if number == METADATA:
            backup.metadata = value
        elif number not in (DB_SCRIPT, EXPERIMENTAL_TASK_STORE):
            backup.extras.append(fields.Field(number, ttype, value))


def _struct_count(reader: Reader) -> int:
    at = reader.position
    element, count = reader.container()
    if count and element != TType.STRUCT:
        raise WireError(f"elements of type {element} where records should be", at)
    return count


def _index_section(reader: Reader, section: Section) -> dict[Hashable, bytes]:
    found: dict[Hashable, bytes] = {}
    for _ in range(_struct_count(reader)):
        start = reader.mark()
        decoded = reader.struct(section.slim)
        try:
            key = section.key(decoded)
        except AttributeError:
            raise WireError(f"a record of the {section.name} has no key", start) from None
        if key in found:
            raise WireError(f"two records of the {section.name} have one key", start)
        found[key] = reader.slice(start, reader.position)
    return found


def _index_tasks(backup: Backup, reader: Reader) -> None:
    """Fill the columns: the one loop whose speed is the speed of staging."""
    table, count = backup.tasks, _struct_count(reader)
    ids, jobs, job_number, hosts = table.ids, table.jobs, table.job_number, table.hosts
    add_job, add_host, add_instance = table.job.append, table.host.append, table.instance.append
    add_status, add_start = table.status.append, table.start.append
    start = end = reader.position
    row = 0
    task: Any
    try:
        for start, task, end in reader.structs(slim.ScheduledTask, count):  # noqa: B007 - the last end is used
            assigned = task.assignedTask
            key = assigned.task.job
            job = jobs.get((key.role, key.environment, key.name))  # type: ignore[call-overload]
            if job is None:
                job = job_number(JobKey(key.role or b"", key.environment or b"", key.name or b""))
                backup.first_rows.append(row)
            add_job(job)
            host = hosts.get(assigned.slaveHost)
            add_host(table.host_number(assigned.slaveHost) if host is None else host)
            add_instance(assigned.instanceId or 0)
            add_status(task.status)
            add_start(start)
            ids[assigned.taskId] = row
            row += 1
    except (AttributeError, TypeError):
        raise WireError(f"task {_name(task)} lacks its id, its job or its status", start) from None
    if len(ids) != count or None in ids:
        raise WireError("two tasks have one id, or one has none", start)
    # One task begins where the one before it ends.
    table.length.extend(map(sub, chain(islice(table.start, 1, None), (end,)), table.start))


def _name(task: Any) -> str:
    task_id = getattr(task.assignedTask, "taskId", None)
    return task_id.decode("utf-8", "replace") if task_id else "without an id"


def _check_sections(backup: Backup, seen: set[int]) -> None:
    if backup.timestamp_ms is None:
        raise WireError("it is no backup: a snapshot has a timestamp", 0)
    missing = [SECTIONS[number].name for number in (HOSTS, CRON_JOBS, QUOTAS, JOB_UPDATES) if number not in seen]
    if DB_SCRIPT in seen and missing:
        raise BackupError(
            f"Backup {backup.file.name} holds its {', '.join(missing)} only as SQL text (releases 0.17 and 0.18), "
            "which this version cannot read. Nothing was staged."
        )


def _check_whole(backup: Backup) -> None:
    """Refuse records that a scheduler of today would load with nothing in them (spec/backup-eras.md 2)."""
    for _, raw in backup.records(backup.first_rows):
        if RESOURCE_SET in raw:  # the quick answer for every release since 0.14
            continue
        resources = fields.get(raw, *TASK_RESOURCES)
        if resources is None or fields.elements(resources) == (TType.STRUCT, []):
            raise BackupError(
                f"Backup {backup.file.name} was written by a release before 0.14: its tasks have no resource sets, "
                "which this version cannot add. Nothing was staged."
            )
