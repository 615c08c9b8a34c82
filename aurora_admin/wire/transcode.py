"""Translation of any struct between TBinaryProtocol and TJSONProtocol.

The output suits the readers of every release: no blanks, text as raw UTF-8, escapes only where JSON requires them
(docs/wire.md 4.2, docs/connection.md 3.5). Strings are text: no client reads a binary field of the API.
"""

import json
import math
import re
import struct
from collections.abc import Iterator

from thrift.Thrift import TType

from aurora_admin.wire.errors import WireError
from aurora_admin.wire.fields import DOUBLE, INTEGERS, STOP, boolean, container, double, header, string
from aurora_admin.wire.limits import DEPTH
from aurora_admin.wire.walk import CONTAINER, FIELD_HEADER_BYTES, LENGTH_BYTES, MAP, Walk, check_depth

NAMES = {
    TType.BOOL: "tf",
    TType.BYTE: "i8",
    TType.DOUBLE: "dbl",
    TType.I16: "i16",
    TType.I32: "i32",
    TType.I64: "i64",
    TType.STRING: "str",
    TType.STRUCT: "rec",
    TType.MAP: "map",
    TType.SET: "set",
    TType.LIST: "lst",
}
TYPES = {name: ttype for ttype, name in NAMES.items()}

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
KEY = re.compile(r"-?[0-9]{1,20}", re.ASCII)
quote = json.JSONEncoder(ensure_ascii=False).encode


def struct_to_json(raw: bytes) -> bytes:
    """Return a struct as TJSON; bytes that are not UTF-8 become U+FFFD.

    Raises:
        WireError: the bytes are not a struct, or have no form in TJSON (map keys that are not scalar).
    """
    text, end = _text(Walk(raw), 0, TType.STRUCT, DEPTH)
    if end != len(raw):
        raise WireError(f"{len(raw) - end} bytes follow the end of the struct", end)
    return text.encode()


def _text(walk: Walk, at: int, ttype: int, depth: int) -> tuple[str, int]:
    if ttype == TType.STRING:
        end = walk.end(at, ttype)
        return quote(walk.raw[at + LENGTH_BYTES : end].decode("utf-8", "replace")), end
    layout = INTEGERS.get(ttype)
    if layout is not None:
        end = walk.end(at, ttype)
        return str(layout.unpack_from(walk.raw, at)[0]), end
    if ttype == TType.BOOL:
        return "1" if walk.raw[at : walk.end(at, ttype)] == b"\x01" else "0", at + 1
    if ttype == TType.DOUBLE:
        end = walk.end(at, ttype)
        return _double_text(DOUBLE.unpack_from(walk.raw, at)[0]), end
    check_depth(depth, at)
    return _nested_text(walk, at, ttype, depth - 1)


def _double_text(number: float) -> str:
    if math.isfinite(number):
        return repr(number)
    return '"NaN"' if math.isnan(number) else '"Infinity"' if number > 0 else '"-Infinity"'


def _nested_text(walk: Walk, at: int, ttype: int, depth: int) -> tuple[str, int]:
    if ttype == TType.STRUCT:
        return _struct_text(walk, at, depth)
    if ttype == TType.MAP:
        return _map_text(walk, at, depth)
    etype, count = walk.container(at)
    parts = [f'"{_name(etype, at)}"', str(count)]
    at += CONTAINER.size
    for _ in range(count):
        part, at = _text(walk, at, etype, depth)
        parts.append(part)
    return f"[{','.join(parts)}]", at


def _struct_text(walk: Walk, at: int, depth: int) -> tuple[str, int]:
    parts: list[str] = []
    while True:
        ttype, number = walk.field(at)
        if ttype == TType.STOP:
            return f"{{{','.join(parts)}}}", at + 1
        name = _name(ttype, at)
        part, at = _text(walk, at + FIELD_HEADER_BYTES, ttype, depth)
        parts.append(f'"{number}":{{"{name}":{part}}}')


def _map_text(walk: Walk, at: int, depth: int) -> tuple[str, int]:
    ktype, vtype, count = walk.map(at)
    head = f'"{_name(ktype, at)}","{_name(vtype, at)}",{count}'
    if count and ktype in (TType.STRUCT, TType.MAP, TType.SET, TType.LIST):
        raise WireError(f"a map with keys of type {ktype} has no TJSON form", at)
    at += MAP.size
    parts: list[str] = []
    for _ in range(count):
        key, at = _text(walk, at, ktype, depth)
        value, at = _text(walk, at, vtype, depth)
        parts.append(f"{key}:{value}" if key.startswith('"') else f'"{key}":{value}')
    return f"[{head},{{{','.join(parts)}}}]", at


def _name(ttype: int, at: int) -> str:
    name = NAMES.get(ttype)
    if name is None:
        raise WireError(f"Unrecognized type {ttype}", at)
    return name


def struct_from_json(value: object) -> bytes:
    """Return the struct of a parsed TJSON object.

    Raises:
        WireError: the object is not a struct; the offset is 0, as parsed JSON has no positions.
    """
    try:
        return _value(TType.STRUCT, value, DEPTH)
    except struct.error as error:
        raise _bad("a number does not fit its type") from error
    except UnicodeEncodeError as error:
        raise _bad("a string has half of a surrogate pair") from error


def _bad(text: str) -> WireError:
    return WireError(text, 0)


def _value(ttype: int, value: object, depth: int) -> bytes:
    scalar = _scalar(ttype, value)
    if scalar is not None:
        return scalar
    check_depth(depth, 0)
    if ttype == TType.STRUCT and isinstance(value, dict):
        return b"".join(_fields(value, depth - 1)) + STOP
    if ttype == TType.MAP and isinstance(value, list):
        return _map(value, depth - 1)
    if ttype in (TType.LIST, TType.SET) and isinstance(value, list):
        return _container(value, depth - 1)
    raise _bad(f"a value is not of type {NAMES[ttype]}")


def _scalar(ttype: int, value: object) -> bytes | None:
    if ttype == TType.STRING and isinstance(value, str):
        return string(value.encode())
    if ttype == TType.DOUBLE:
        return double(_double(value))
    # In Python, but not in Thrift, True and False are integers.
    if type(value) is not int:
        return None
    if ttype == TType.BOOL:
        return boolean(value != 0)
    layout = INTEGERS.get(ttype)
    return None if layout is None else layout.pack(value)


def _double(value: object) -> float:
    if type(value) in (int, float):
        return float(value)  # type: ignore[arg-type]
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    raise _bad("a value is not of type dbl")


def _fields(value: dict[str, object], depth: int) -> Iterator[bytes]:
    for number, typed in value.items():
        if not isinstance(typed, dict) or len(typed) != 1:
            raise _bad(f"field {number} is not an object of a type and a value")
        ((name, inner),) = typed.items()
        ttype = _type(name)
        yield header(ttype, _integer(number))
        yield _value(ttype, inner, depth)


def _integer(key: str) -> int:
    if not KEY.fullmatch(key):
        raise _bad("Bad data encounted in numeric data")
    return int(key)


def _type(name: object) -> int:
    ttype: int | None = TYPES.get(name) if isinstance(name, str) else None
    if ttype is None:
        raise _bad("Unrecognized type")
    return ttype


def _container(value: list[object], depth: int) -> bytes:
    if len(value) < 2 or value[1] != len(value) - 2:
        raise _bad("the count of a list or set differs from its elements")
    etype = _type(value[0])
    return container(etype, [_value(etype, item, depth) for item in value[2:]])


def _map(value: list[object], depth: int) -> bytes:
    if len(value) != 4 or not isinstance(value[3], dict) or value[2] != len(value[3]):
        raise _bad("the count of a map differs from its entries")
    ktype, vtype = _type(value[0]), _type(value[1])
    parts = [MAP.pack(ktype, vtype, len(value[3]))]
    for key, inner in value[3].items():
        parts += (_key(ktype, key, depth), _value(vtype, inner, depth))
    return b"".join(parts)


def _key(ktype: int, key: str, depth: int) -> bytes:
    if ktype == TType.DOUBLE and key not in NOT_FINITE:
        try:
            return double(float(key))
        except ValueError:
            raise _bad("Bad data encounted in numeric data") from None
    number = ktype in INTEGERS or ktype == TType.BOOL
    return _value(ktype, _integer(key) if number else key, depth)
