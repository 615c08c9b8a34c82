"""Replicas of a Mesos log, written record by record (docs/replicated-log.md 1.9)."""

from pathlib import Path

import pytest

from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.logtool.leveldb import copy_replica
from aurora_admin.scheduler.logtool.mesos_replica import Replica, leveldb_library
from aurora_admin.scheduler.state import ops
from aurora_admin.wire import codec

LEVELDB = leveldb_library()
NOP, APPEND, TRUNCATE = 1, 2, 3
VOTING = bytes.fromhex("0803220408011000")
RECOVERING = bytes.fromhex("0803220408021000")
PROMISE = bytes.fromhex("080112020805")


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, raw: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def record(position: int, body: bytes = b"", kind: int = 0, learned: bool = True) -> bytes:
    """Return an action; without a kind it is a promise."""
    action = number(1, position) + number(2, 1)
    if kind:
        action += number(3, 1) + (number(4, 1) if learned else b"") + number(5, kind) + body
    return number(1, 2) + message(3, action)


def nop(position: int, tombstone: bool = False) -> bytes:
    return record(position, message(6, number(1, 1) if tombstone else b""), NOP)


def append(position: int, data: bytes, learned: bool = True) -> bytes:
    return record(position, message(7, message(1, data)), APPEND, learned)


def truncate(position: int, to: int) -> bytes:
    return record(position, message(8, number(1, to)), TRUNCATE)


def key(position: int) -> bytes:
    return b"%010d" % (position + 1) if position < 9_999_999_999 else b"A%020d" % (position + 1)


def write(folder: Path, records: dict[bytes, bytes], **options: object) -> Path:
    """Write a LevelDB database with these records; `options` are those of the library."""
    database = LEVELDB.DB(str(folder), create_if_missing=True, **{"compression": None, **options})
    for name, value in records.items():
        database.put(name, value, sync=True)
    database.close()
    return folder


def replica(
    folder: Path,
    *records: bytes | tuple[int, bytes],
    metadata: bytes | None = VOTING,
    others: dict[bytes, bytes] | None = None,
    **options: object,
) -> Path:
    """Write a replica with these records at positions 0, 1, 2, ..., or at the position given with a record."""
    placed = [item if isinstance(item, tuple) else (at, item) for at, item in enumerate(records)]
    first = {b"0000000000": metadata} if metadata else {}
    return write(folder, {**first, **{key(at): raw for at, raw in placed}, **(others or {})}, **options)


def quota(role: str) -> bytes:
    """Return a log entry that saves a quota of this role."""
    return ops.transaction([ops.save_quota(role.encode(), b"\x00")])


def open_copy(folder: Path, tmp_path: Path) -> Replica:
    """Open a copy of a replica, as the command extract does."""
    copy = tmp_path / "copy"
    copy.mkdir()
    copy_replica(str(folder), str(copy), pytest.fail)
    return Replica(str(copy))


def extracted_roles(tmp_path: Path) -> list[str]:
    """Return the roles with a quota in the backup that the fixture `extract` wrote."""
    backup = codec.decode(Snapshot, (tmp_path / "out" / "state").read_bytes())
    return sorted(quota.role for quota in backup.quotaConfigurations)
