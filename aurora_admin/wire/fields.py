"""Field splice: change one field of an encoded struct and leave every other byte unchanged.

Unknown fields, unknown union members and strings that are not UTF-8 survive (docs/architecture.md 4.2). A struct here
is its encoding in TBinaryProtocol with the STOP byte; a value is the bytes after a field's header. A path is the id of
a field, or the ids of the structs around it and then its own; code outside `wire` takes paths by name from `wire.path`.
If a struct has several fields with one id, the last counts, as for every reader. All functions raise WireError for
malformed bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct as Layout
from typing import Any, NamedTuple

from thrift.Thrift import TType

from aurora_admin.wire.errors import WireError
from aurora_admin.wire.walk import CONTAINER, FIELD, FIELD_HEADER_BYTES, I32, LENGTH_BYTES, Walk

I64 = Layout("!q")
DOUBLE = Layout("!d")
INTEGERS = {TType.BYTE: Layout("!b"), TType.I16: Layout("!h"), TType.I32: I32, TType.I64: I64}
NUMBERS = {**INTEGERS, TType.DOUBLE: DOUBLE}
STOP = b"\x00"


class Field(NamedTuple):
    id: int
    ttype: int
    value: bytes


class Span(NamedTuple):
    """The position of a field, from its header at `start` to `end`; the STOP byte has type and id 0."""

    id: int
    ttype: int
    start: int
    end: int


def parse(raw: bytes) -> list[Field]:
    """Return the fields of a struct in their order."""
    return [_field(raw, span) for span in _all_spans(raw)[:-1]]


def join(fields: Iterable[Field]) -> bytes:
    """Return the struct of these fields, in this order."""
    return b"".join(part for field in fields for part in (header(field.ttype, field.id), field.value)) + STOP


def find(raw: bytes, path: Sequence[int]) -> Field | None:
    """Return a field; None if it, or a struct around it, is missing."""
    depth, spans = _descend(raw, path)
    found = _last(spans, path[depth])
    if found is None or depth < len(path) - 1:
        return None
    return _field(raw, found)


def get(raw: bytes, *path: int) -> bytes | None:
    """Return a field's value; None if it, or a struct around it, is missing."""
    found = find(raw, path)
    return found and found.value


def put(raw: bytes, path: Sequence[int], ttype: int, value: bytes) -> bytes:
    """Return the struct with this field, which replaces the present one or goes before the first higher id.

    Missing structs on the path are created.
    """
    depth, spans = _descend(raw, path)
    found = _last(spans, path[depth])
    if found is None:
        at = next((span.start for span in spans if span.id > path[depth]), spans[-1].start)
        return b"".join((raw[:at], _nested(path[depth:], ttype, value), raw[at:]))
    if depth < len(path) - 1:
        raise WireError(f"field {path[depth]} around field {path[-1]} is not a struct", found.start)
    return b"".join((raw[: found.start], header(ttype, path[-1]), value, raw[found.end :]))


def drop(raw: bytes, path: Sequence[int]) -> bytes:
    """Return the struct without any field of this path."""
    depth, spans = _descend(raw, path)
    if depth < len(path) - 1:
        return raw
    kept = [raw[span.start : span.end] for span in spans[:-1] if span.id != path[-1]]
    return b"".join((raw[: spans[0].start], *kept, raw[spans[-1].start :]))


def append(raw: bytes, path: Sequence[int], ttype: int, item: bytes, etype: int = TType.STRUCT) -> bytes:
    """Return the struct with one more element at the end of a list or set; a missing one is created."""
    depth, spans = _descend(raw, path)
    found = _last(spans, path[depth])
    if found is None or depth < len(path) - 1:
        return put(raw, path, ttype, container(etype, [item]))
    at = found.start + FIELD_HEADER_BYTES
    old_etype, count = Walk(raw).container(at)
    if found.ttype != ttype or (count and old_etype != etype):
        raise WireError(f"field {path[-1]} has another type than the appended element", found.start)
    head = CONTAINER.pack(etype, count + 1)
    return b"".join((raw[:at], head, raw[at + CONTAINER.size : found.end], item, raw[found.end :]))


def elements(value: bytes) -> tuple[int, list[bytes]]:
    """Return the element type and the encoded elements of a list or set."""
    walk = Walk(value)
    etype, count = walk.container(0)
    at, found = CONTAINER.size, []
    for _ in range(count):
        end = walk.end(at, etype)
        found.append(value[at:end])
        at = end
    _check_end(value, at)
    return etype, found


def container(etype: int, items: Sequence[bytes]) -> bytes:
    """Return the value of a list or set of these encoded elements."""
    return b"".join((container_header(etype, len(items)), *items))


def container_header(etype: int, count: int) -> bytes:
    """Return the bytes before the elements of a list or set."""
    return CONTAINER.pack(etype, count)


def skip(raw: bytes, position: int, ttype: int) -> int:
    """Return the end of the value that begins at this position."""
    return Walk(raw).end(position, ttype)


def header(ttype: int, number: int) -> bytes:
    """Return the bytes before a field's value."""
    return FIELD.pack(ttype, number)


def scalar(ttype: int, value: bytes) -> Any:
    """Return a number, a bool or the bytes of a string from its encoding.

    Raises:
        KeyError: the type is none of these; a programming error.
    """
    if ttype == TType.STRING:
        return value[LENGTH_BYTES:]
    if ttype == TType.BOOL:
        return value == b"\x01"
    return NUMBERS[ttype].unpack(value)[0]


def i32(number: int) -> bytes:
    return I32.pack(number)


def i64(number: int) -> bytes:
    return I64.pack(number)


def double(number: float) -> bytes:
    return DOUBLE.pack(number)


def boolean(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def string(text: bytes) -> bytes:
    return I32.pack(len(text)) + text


def _spans(walk: Walk, at: int) -> Iterator[Span]:
    """Yield the fields of the struct that begins here, then its STOP byte."""
    while True:
        ttype, number = walk.field(at)
        if ttype == TType.STOP:
            yield Span(0, TType.STOP, at, at + 1)
            return
        end = walk.end(at + FIELD_HEADER_BYTES, ttype)
        yield Span(number, ttype, at, end)
        at = end


def _all_spans(raw: bytes) -> list[Span]:
    spans = list(_spans(Walk(raw), 0))
    _check_end(raw, spans[-1].end)
    return spans


def _field(raw: bytes, span: Span) -> Field:
    return Field(span.id, span.ttype, raw[span.start + FIELD_HEADER_BYTES : span.end])


def _check_end(raw: bytes, end: int) -> None:
    if end != len(raw):
        raise WireError(f"{len(raw) - end} bytes follow the end of the value", end)


def _descend(raw: bytes, path: Sequence[int]) -> tuple[int, list[Span]]:
    """Follow the path through the structs that are present; return how many, and the fields of the innermost one."""
    walk, spans = Walk(raw), _all_spans(raw)
    for depth, number in enumerate(path[:-1]):
        found = _last(spans, number)
        if found is None or found.ttype != TType.STRUCT:
            return depth, spans
        spans = list(_spans(walk, found.start + FIELD_HEADER_BYTES))
    return len(path) - 1, spans


def _last(spans: list[Span], number: int) -> Span | None:
    return next((span for span in reversed(spans[:-1]) if span.id == number), None)


def _nested(path: Sequence[int], ttype: int, value: bytes) -> bytes:
    """Return a field inside new structs, one for each id of the path but the last."""
    opening = b"".join(header(TType.STRUCT, number) for number in path[:-1])
    return b"".join((opening, header(ttype, path[-1]), value, STOP * (len(path) - 1)))
