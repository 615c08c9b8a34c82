"""The TBinaryProtocol of any struct in parsed TJSONProtocol (docs/wire.md 4.2); wire/json_writer goes the other way."""

import math
import re
import struct
from collections.abc import Iterator

from thrift.Thrift import TType

from aurora_admin.wire.errors import WireError
from aurora_admin.wire.fields import INTEGERS, STOP, boolean, container, double, header, string
from aurora_admin.wire.json_values import NAMES
from aurora_admin.wire.limits import DEPTH
from aurora_admin.wire.walk import MAP, check_depth

TYPES = {name: ttype for ttype, name in NAMES.items()}

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
KEY = re.compile(r"-?[0-9]{1,20}", re.ASCII)


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
