"""Fields by name: a field of a struct, at any depth, by its names in the IDL instead of its ids.

Code outside `wire` uses paths, not the functions of `fields` that take ids. A path is resolved when its module is
imported: a name that the IDL does not have raises at once.
"""

from typing import Any, NamedTuple

from thrift.Thrift import TType

from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.struct import Struct


class Path(NamedTuple):
    """A field of a struct, possibly inside nested structs.

    Every method takes the encoded outermost struct and raises WireError if it is malformed:

    >>> from aurora_admin.gen.api.ttypes import JobKey, TaskConfig
    >>> from aurora_admin.wire import codec
    >>> role = path(TaskConfig, "job.role")
    >>> config = codec.encode(TaskConfig(job=JobKey("www", "prod", "hello"), requestedPorts=["http"]))
    >>> role.value(config)
    b'www'
    >>> role.value(role.put(config, fields.string(b"ads")))
    b'ads'
    >>> role.value(role.drop(config)) is None
    True
    >>> path(TaskConfig, "requestedPorts").values(config)
    [b'http']

    Attributes:
        ids: the ids of the structs around the field, then its own.
        ttype: the type of the field.
        etype: the type of the elements of a list or set; STOP for other fields.
    """

    ids: tuple[int, ...]
    ttype: int
    etype: int

    @property
    def id(self) -> int:
        """The id of the field in the innermost struct."""
        return self.ids[-1]

    @property
    def header(self) -> bytes:
        """The bytes before the value in the innermost struct."""
        return fields.header(self.ttype, self.id)

    def get(self, raw: bytes) -> bytes | None:
        """Return the encoded value; None if the field is missing or, as for every reader, has another type."""
        found = fields.find(raw, self.ids)
        return found.value if found and found.ttype == self.ttype else None

    def value(self, raw: bytes) -> Any:
        """Return a number, a bool or the bytes of a string; None if the field is missing."""
        value = self.get(raw)
        return None if value is None else fields.scalar(self.ttype, value)

    def elements(self, raw: bytes) -> list[bytes]:
        """Return the encoded elements of a list or set; an empty list if the field is missing."""
        value = self.get(raw)
        etype, found = fields.elements(value) if value else (self.etype, [])
        if found and etype != self.etype:
            raise WireError(f"field {self.id} has elements of type {etype}, not {self.etype}", 0)
        return found

    def values(self, raw: bytes) -> list[Any]:
        """Return the numbers, bools or strings of a list or set; an empty list if the field is missing."""
        return [fields.scalar(self.etype, element) for element in self.elements(raw)]

    def put(self, raw: bytes, value: bytes) -> bytes:
        """Return the struct with this encoded value; missing structs around it are created."""
        return fields.put(raw, self.ids, self.ttype, value)

    def put_elements(self, raw: bytes, elements: list[bytes]) -> bytes:
        """Return the struct with these encoded elements in the list or set."""
        return self.put(raw, fields.container(self.etype, elements))

    def append(self, raw: bytes, element: bytes) -> bytes:
        """Return the struct with one more encoded element at the end of the list or set; a missing one is created."""
        return fields.append(raw, self.ids, self.ttype, element, self.etype)

    def drop(self, raw: bytes) -> bytes:
        """Return the struct without this field."""
        return fields.drop(raw, self.ids)

    def field(self, value: bytes) -> fields.Field:
        """Return the innermost field with this encoded value, for `fields.join`."""
        return fields.Field(self.id, self.ttype, value)


def path(struct: type[Struct], names: str) -> Path:
    """Return the path of a field: `path(StoredJobUpdateDetails, "details.update.summary.key")`.

    Raises:
        AttributeError: the struct has no such field, or the path goes through one that holds no struct.
    """
    kind: Any = struct
    ids: list[int] = []
    ttype, etype = TType.STRUCT, TType.STOP
    for name in names.split("."):
        specification = kind.thrift_spec if ttype == TType.STRUCT else ()
        found = next((one for one in specification if one and one[2] == name), None)
        if found is None:
            raise AttributeError(f"{struct.__name__} has no field {names}: {name} is unknown")
        number, ttype, _, inner, _ = found
        ids.append(number)
        kind = inner[0] if ttype == TType.STRUCT else None
        etype = inner[0] if ttype in (TType.LIST, TType.SET) else TType.STOP
    return Path(tuple(ids), ttype, etype)
