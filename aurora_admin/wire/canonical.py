"""The canonical encoding: one form for equal values. It sorts what Thrift does not: fields, sets and maps.

Two values are the same if their canonical encodings are equal; structs cannot be compared with `==` (docs/wire.md 4.4
and 5.3).
"""

from thrift.Thrift import TType

from aurora_admin.wire.codec import encode
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.fields import STOP, header
from aurora_admin.wire.limits import DEPTH
from aurora_admin.wire.struct import Struct
from aurora_admin.wire.walk import CONTAINER, FIELD_HEADER_BYTES, FIXED, MAP, Walk, check_depth, check_type


def canonical(raw: bytes, ttype: int = TType.STRUCT) -> bytes:
    """Return an encoded value with fields sorted by id, and sets and maps by encoding, at any depth.

    Raises:
        WireError: the bytes are not an encoded value of the type.
    """
    value, end = _value(Walk(raw), 0, ttype, DEPTH)
    if end != len(raw):
        raise WireError(f"{len(raw) - end} bytes follow the end of the value", end)
    return value


def same(one: bytes | Struct, other: bytes | Struct) -> bool:
    """Return whether two structs, encoded or not, have equal values."""
    one, other = (encode(item) if isinstance(item, Struct) else item for item in (one, other))
    return one == other or canonical(one) == canonical(other)


def _value(walk: Walk, at: int, ttype: int, depth: int) -> tuple[bytes, int]:
    if ttype in FIXED or ttype == TType.STRING:
        end = walk.end(at, ttype)
        return walk.raw[at:end], end
    check_type(ttype, at)
    check_depth(depth, at)
    if ttype == TType.STRUCT:
        return _struct(walk, at, depth - 1)
    if ttype == TType.MAP:
        return _map(walk, at, depth - 1)
    return _container(walk, at, ttype, depth - 1)


def _struct(walk: Walk, at: int, depth: int) -> tuple[bytes, int]:
    fields: list[tuple[int, bytes]] = []
    while True:
        ttype, number = walk.field(at)
        if ttype == TType.STOP:
            break
        value, at = _value(walk, at + FIELD_HEADER_BYTES, ttype, depth)
        fields.append((number, header(ttype, number) + value))
    # Sorted by id only, and stable: if several fields have one id, the last counts.
    fields.sort(key=lambda field: field[0])
    return b"".join(field for _, field in fields) + STOP, at + 1


def _map(walk: Walk, at: int, depth: int) -> tuple[bytes, int]:
    ktype, vtype, count = walk.map(at)
    at += MAP.size
    entries: list[tuple[bytes, bytes]] = []
    for _ in range(count):
        key, at = _value(walk, at, ktype, depth)
        value, at = _value(walk, at, vtype, depth)
        entries.append((key, value))
    entries.sort()
    return MAP.pack(ktype, vtype, count) + b"".join(key + value for key, value in entries), at


def _container(walk: Walk, at: int, ttype: int, depth: int) -> tuple[bytes, int]:
    etype, count = walk.container(at)
    at += CONTAINER.size
    items: list[bytes] = []
    for _ in range(count):
        item, at = _value(walk, at, etype, depth)
        items.append(item)
    if ttype == TType.SET:
        items.sort()
    return CONTAINER.pack(etype, count) + b"".join(items), at
