"""Field splice: change one field of a struct's bytes and leave every other byte as it is.

So what we do not know survives: fields, union members, bytes that are not UTF-8 (docs/architecture.md 4.2). A struct
here is its bytes in TBinaryProtocol with the STOP byte; a value is what follows a field's header. A path names a field
by its id, or by the ids of the structs around it and its own. Of several fields with one id the last counts, as it does
to every reader. Everything raises WireError where bytes are no Thrift.
"""

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct as Layout
from typing import NamedTuple

from thrift.Thrift import TType

from aurora_admin.wire.errors import WireError
from aurora_admin.wire.walk import CONTAINER, FIELD, I32, Walk

I64 = Layout("!q")
DOUBLE = Layout("!d")
STOP = b"\x00"
HEADER = 3


class Field(NamedTuple):
    id: int
    ttype: int
    value: bytes


class Span(NamedTuple):
    """Where a field stands: from its header at `start` to `end`; for the STOP byte type and id are 0."""

    id: int
    ttype: int
    start: int
    end: int


def parse(raw: bytes) -> list[Field]:
    """Return the fields of a struct in their order."""
    return [Field(span.id, span.ttype, raw[span.start + HEADER : span.end]) for span in _whole(raw)[:-1]]


def join(fields: Iterable[Field]) -> bytes:
    """Return the struct of these fields, in this order."""
    return b"".join(part for field in fields for part in (header(field.ttype, field.id), field.value)) + STOP


def get(raw: bytes, *path: int) -> bytes | None:
    """Return a field's value, or None where it, or a struct around it, is not there."""
    depth, spans = _descend(raw, path)
    found = _last(spans, path[depth])
    if found is None or depth < len(path) - 1:
        return None
    return raw[found.start + HEADER : found.end]


def put(raw: bytes, path: Sequence[int], ttype: int, value: bytes) -> bytes:
    """Return the struct with this field: in the place of the one that is there, else before the first higher id.

    Structs on the path that are not there are made.
    """
    depth, spans = _descend(raw, path)
    found = _last(spans, path[depth])
    if found is None:
        at = next((span.start for span in spans if span.id > path[depth]), spans[-1].start)
        return b"".join((raw[:at], _nested(path[depth:], ttype, value), raw[at:]))
    if depth < len(path) - 1:
        raise WireError(f"field {path[depth]} on the way to {path[-1]} is no struct", found.start)
    return b"".join((raw[: found.start], header(ttype, path[-1]), value, raw[found.end :]))


def drop(raw: bytes, path: Sequence[int]) -> bytes:
    """Return the struct without this field, however often it is there."""
    depth, spans = _descend(raw, path)
    if depth < len(path) - 1:
        return raw
    kept = [raw[span.start : span.end] for span in spans[:-1] if span.id != path[-1]]
    return b"".join((raw[: spans[0].start], *kept, raw[spans[-1].start :]))


def append(raw: bytes, path: Sequence[int], ttype: int, item: bytes, etype: int = TType.STRUCT) -> bytes:
    """Return the struct with one more element at the end of a list or set, which is made where it is not there."""
    depth, spans = _descend(raw, path)
    found = _last(spans, path[depth])
    if found is None or depth < len(path) - 1:
        return put(raw, path, ttype, container(etype, [item]))
    at = found.start + HEADER
    old_etype, count = Walk(raw).container(at)
    if found.ttype != ttype or (count and old_etype != etype):
        raise WireError(f"field {path[-1]} holds other things than what is to be appended", found.start)
    head = CONTAINER.pack(etype, count + 1)
    return b"".join((raw[:at], head, raw[at + CONTAINER.size : found.end], item, raw[found.end :]))


def elements(value: bytes) -> tuple[int, list[bytes]]:
    """Return element type and elements of a list's or set's value."""
    walk = Walk(value)
    etype, count = walk.container(0)
    at, found = CONTAINER.size, []
    for _ in range(count):
        end = walk.end(at, etype)
        found.append(value[at:end])
        at = end
    _check_used(value, at)
    return etype, found


def container(etype: int, items: Sequence[bytes]) -> bytes:
    """Return the value of a list or set of these elements."""
    return b"".join((CONTAINER.pack(etype, len(items)), *items))


def skip(raw: bytes, position: int, ttype: int) -> int:
    """Return where the value that begins at this position ends."""
    return Walk(raw).end(position, ttype)


def header(ttype: int, number: int) -> bytes:
    """Return what stands before a field's value."""
    return FIELD.pack(ttype, number)


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
    """Yield the fields of the struct that begins here, and last of all its STOP byte."""
    while True:
        ttype, number = walk.field(at)
        if ttype == TType.STOP:
            yield Span(0, TType.STOP, at, at + 1)
            return
        end = walk.end(at + HEADER, ttype)
        yield Span(number, ttype, at, end)
        at = end


def _whole(raw: bytes) -> list[Span]:
    spans = list(_spans(Walk(raw), 0))
    _check_used(raw, spans[-1].end)
    return spans


def _check_used(raw: bytes, end: int) -> None:
    if end != len(raw):
        raise WireError(f"{len(raw) - end} bytes follow the end of the value", end)


def _descend(raw: bytes, path: Sequence[int]) -> tuple[int, list[Span]]:
    """Go down the path as far as there are structs: return how far, and the fields of the innermost one."""
    walk, spans = Walk(raw), _whole(raw)
    for depth, number in enumerate(path[:-1]):
        found = _last(spans, number)
        if found is None or found.ttype != TType.STRUCT:
            return depth, spans
        spans = list(_spans(walk, found.start + HEADER))
    return len(path) - 1, spans


def _last(spans: list[Span], number: int) -> Span | None:
    return next((span for span in reversed(spans[:-1]) if span.id == number), None)


def _nested(path: Sequence[int], ttype: int, value: bytes) -> bytes:
    """Return a field inside new structs, one for each id before its own."""
    opening = b"".join(header(TType.STRUCT, number) for number in path[:-1])
    return b"".join((opening, header(ttype, path[-1]), value, STOP * (len(path) - 1)))
