"""Replicas of a Mesos log, made record by record (docs/replicated-log.md 1.9)."""

from pathlib import Path

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
    """An action; without a kind it was promised and nothing more."""
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
    """Make a LevelDB of these records; `options` are those of the library."""
    import plyvel

    database = plyvel.DB(str(folder), create_if_missing=True, **{"compression": None, **options})
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
    """A replica of these records at positions 0, 1, 2, ... or where they say."""
    placed = [item if isinstance(item, tuple) else (at, item) for at, item in enumerate(records)]
    first = {b"0000000000": metadata} if metadata else {}
    return write(folder, {**first, **{key(at): raw for at, raw in placed}, **(others or {})}, **options)
