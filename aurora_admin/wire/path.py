"""Names of fields: a field of a struct, at any depth, by the names in the IDL instead of by ids.

A path is resolved when its module is imported, so a name that the IDL does not have fails at once.
"""

from collections.abc import Callable
from typing import Any

from thrift.Thrift import TType

from aurora_admin.wire import fields
from aurora_admin.wire.struct import Struct

READERS: dict[int, Callable[[bytes], Any]] = {
    TType.BOOL: lambda raw: raw == b"\x01",
    TType.BYTE: lambda raw: int.from_bytes(raw, "big", signed=True),
    TType.I16: lambda raw: int.from_bytes(raw, "big", signed=True),
    TType.I32: lambda raw: int.from_bytes(raw, "big", signed=True),
    TType.I64: lambda raw: int.from_bytes(raw, "big", signed=True),
    TType.DOUBLE: lambda raw: fields.DOUBLE.unpack(raw)[0],
    TType.STRING: lambda raw: raw[4:],
}


class Path:
    """One field of a struct, possibly inside nested structs, with its type.

    Every method takes the bytes of the outermost struct and raises WireError where they are malformed:

    >>> from aurora_admin.gen.api.ttypes import JobKey, TaskConfig
    >>> from aurora_admin.wire import codec
    >>> role = path(TaskConfig, "job.role")
    >>> config = codec.encode(TaskConfig(job=JobKey("www", "prod", "hello")))
    >>> role.value(config)
    b'www'
    >>> role.value(role.put(config, fields.string(b"ads")))
    b'ads'
    >>> role.value(role.drop(config)) is None
    True

    Attributes:
        ids: the ids of the structs around the field, and its own.
        ttype: the type of the field.
    """

    __slots__ = ("ids", "ttype")

    def __init__(self, ids: tuple[int, ...], ttype: int) -> None:
        self.ids = ids
        self.ttype = ttype

    @property
    def id(self) -> int:
        """The field's own id."""
        return self.ids[-1]

    @property
    def header(self) -> bytes:
        """The bytes before the value in the innermost struct."""
        return fields.header(self.ttype, self.ids[-1])

    def get(self, raw: bytes) -> bytes | None:
        """Return the encoded value; None where the field, or a struct around it, is missing."""
        return fields.get(raw, *self.ids)

    def value(self, raw: bytes) -> Any:
        """Return the value of a scalar or a string as a number, bool or bytes; None where it is missing."""
        value = self.get(raw)
        return None if value is None else READERS[self.ttype](value)

    def elements(self, raw: bytes) -> list[bytes]:
        """Return the encoded elements of a list or set; none where it is missing."""
        value = self.get(raw)
        return fields.elements(value)[1] if value else []

    def put(self, raw: bytes, value: bytes) -> bytes:
        """Return the struct with this encoded value; missing structs around it are made."""
        return fields.put(raw, self.ids, self.ttype, value)

    def append(self, raw: bytes, item: bytes) -> bytes:
        """Return the struct with one more struct at the end of a list or set, which is made where it is missing."""
        return fields.append(raw, self.ids, self.ttype, item)

    def drop(self, raw: bytes) -> bytes:
        """Return the struct without this field."""
        return fields.drop(raw, self.ids)

    def field(self, value: bytes) -> fields.Field:
        """Return the field with this encoded value, for `fields.join`."""
        return fields.Field(self.ids[-1], self.ttype, value)


def path(struct: type[Struct], names: str) -> Path:
    """Return the path of a field: `path(StoredJobUpdateDetails, "details.update.summary.key")`.

    Raises:
        AttributeError: a name is not a field, or not one that holds a struct; a programming error.
    """
    kind: Any = struct
    ids: list[int] = []
    ttype = TType.STRUCT
    for name in names.split("."):
        specification = kind.thrift_spec if ttype == TType.STRUCT else ()
        found = next((one for one in specification if one and one[2] == name), None)
        if found is None:
            raise AttributeError(f"{struct.__name__} has no field {names}: {name} is unknown")
        number, ttype, _, inner, _ = found
        ids.append(number)
        kind = inner[0] if ttype == TType.STRUCT else None
    return Path(tuple(ids), ttype)
