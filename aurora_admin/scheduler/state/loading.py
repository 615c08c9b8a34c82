"""The state as a snapshot in the log has it (docs/storage.md 1.2 and 2.7)."""

import logging
from collections.abc import Hashable, Iterator

from thrift.Thrift import TType

from aurora_admin.gen.storage.ttypes import DeduplicatedSnapshot
from aurora_admin.scheduler.state.partial_tasks import load_partial_tasks
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.consistency import quota_warnings
from aurora_admin.snapshot.dbscript.merge import merge_script, script_statements
from aurora_admin.snapshot.paths import FRAMEWORK_ID, LOCK_TOKEN
from aurora_admin.snapshot.records import Sections, keyed_record
from aurora_admin.snapshot.sections import (
    DB_SCRIPT,
    EXPERIMENTAL_TASK_STORE,
    METADATA,
    QUOTAS,
    SECTIONS,
    TASKS,
    TIMESTAMP,
    IncompleteSnapshot,
    check_type,
)
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.path import path
from aurora_admin.wire.reader import Reader, without_collector

logger = logging.getLogger(__name__)


def _field(name: str) -> tuple[int, int]:
    """Return type and id of a field, as a reader gives them."""
    found = path(DeduplicatedSnapshot, name)
    return found.ttype, found.id


PARTIAL_SNAPSHOT = _field("partialSnapshot")
PARTIAL_TASKS = _field("partialTasks")
TASK_CONFIGS = _field("taskConfigs")


def load_deduplicated(stores: Stores, reader: Reader) -> None:
    """Replace the state by a DeduplicatedSnapshot.

    Raises:
        WireError: it is malformed; the stores are not to be used.
    """
    stores.reset()
    restoring = stores.statistics.restoring
    with without_collector(), stores.statistics.timed("snapshot_apply"):
        for field in reader.fields():
            if field == PARTIAL_SNAPSHOT:
                _load(stores, reader)
            elif field == PARTIAL_TASKS:
                with restoring(TASKS):
                    load_partial_tasks(stores.tasks, reader, reader.struct_count())
            elif field == TASK_CONFIGS:
                with restoring(TASKS, events=0):
                    stores.tasks.load_configs(_structs(reader))
            else:
                reader.skip(field[0])
    if len(stores.tasks.job) != len(stores.tasks.status):
        raise WireError("the tasks of a deduplicated snapshot have no configs", reader.position)
    _log_upgrades(stores)


def load_snapshot(stores: Stores, reader: Reader) -> None:
    """Replace the state by a Snapshot, as a backup has it.

    Raises:
        WireError: it is malformed; the stores are not to be used.
    """
    stores.reset()
    with without_collector(), stores.statistics.timed("snapshot_apply"):
        _load(stores, reader)
    _log_upgrades(stores)


def _load(stores: Stores, reader: Reader) -> None:
    found: Sections = {}
    script: list[bytes] | None = None
    restoring = stores.statistics.restoring
    for field in reader.fields():
        ttype, number = field
        check_type(number, ttype, reader.position)
        with restoring(number):
            if number == DB_SCRIPT:
                script = script_statements(reader.value(ttype))
            elif number in SECTIONS:
                found[number] = dict(_records(stores, reader, number))
            else:
                _load_field(stores, reader, ttype, number)
    if script is not None:
        with restoring(DB_SCRIPT, events=0):
            _add_script(stores, found, script)
    for number, records in found.items():
        stores.sections[number].fill(records)
    stores.has_locks = bool(stores.locks) or any(LOCK_TOKEN.get(raw) is not None for raw in stores.job_updates.values())


def _records(stores: Stores, reader: Reader, number: int) -> Iterator[tuple[Hashable, bytes]]:
    """Yield the records of a section with their keys."""
    slim = SECTIONS[number].slim
    for start, decoded, end in reader.structs(slim, reader.struct_count()):
        yield keyed_record(number, reader.slice(start, end), stores.upgrader, decoded)


def _add_script(stores: Stores, found: Sections, script: list[bytes]) -> None:
    """Add what only the SQL script of a snapshot of 0.13 to 0.18 holds."""
    try:
        notes = merge_script(found, script, stores.upgrader, allow_partial=stores.allow_partial)
    except IncompleteSnapshot as error:
        raise WireError(f"{error}; -allow_partial_backup does without (extract: --allow-partial)", 0) from None
    for note in notes:
        logger.warning("Snapshot taken at %s ms: %s", stores.snapshot_ms, note)


def _log_upgrades(stores: Stores) -> None:
    if stores.upgrader.summary:
        logger.info("Upgraded records of an older release: %s", stores.upgrader.summary)
    for note in quota_warnings({QUOTAS: stores.quotas.copy()}):
        logger.warning("Snapshot taken at %s ms: %s", stores.snapshot_ms, note)


def _load_field(stores: Stores, reader: Reader, ttype: int, number: int) -> None:
    if number == TIMESTAMP:
        stores.snapshot_ms = reader.i64()
    elif number == TASKS:
        stores.tasks.save_all(_structs(reader))
    elif number == METADATA:
        stores.metadata = _with_framework_id(reader.value(ttype), stores.metadata)
    else:
        value = reader.value(ttype)
        if number != EXPERIMENTAL_TASK_STORE:
            stores.extras.append(fields.Field(number, ttype, value))


def _with_framework_id(metadata: bytes, former: bytes | None) -> bytes:
    """Return the metadata with the former framework id if it has none (docs/storage.md 2.10)."""
    known = FRAMEWORK_ID.get(former) if former else None
    if known is not None and FRAMEWORK_ID.get(metadata) is None:
        return FRAMEWORK_ID.put(metadata, known)
    return metadata


def _structs(reader: Reader) -> Iterator[bytes]:
    for _ in range(reader.struct_count()):
        yield reader.value(TType.STRUCT)
