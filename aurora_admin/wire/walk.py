"""The lengths of encoded values in TBinaryProtocol, and a walk over bytes in memory (docs/wire.md 4.1)."""

from io import BytesIO
from struct import Struct as Layout

from thrift.Thrift import TType

from aurora_admin.wire.decoder import FAILURES, decode, failure, length_error, too_deep
from aurora_admin.wire.errors import WireError, truncated
from aurora_admin.wire.limits import DEPTH
from aurora_admin.wire.struct import NoFields

# Bytes of a value by its type. Aurora has no fields of type 16, a UUID, but the C decoder skips it.
FIXED = {TType.BOOL: 1, TType.BYTE: 1, TType.DOUBLE: 8, TType.I16: 2, TType.I32: 4, TType.I64: 8, TType.UUID: 16}
# The fewest bytes that a value takes.
SMALLEST = {**FIXED, TType.STRING: 4, TType.STRUCT: 1, TType.MAP: 6, TType.SET: 5, TType.LIST: 5}
I32 = Layout("!i")
FIELD = Layout("!Bh")
CONTAINER = Layout("!Bi")
MAP = Layout("!BBi")
# Bytes before the value of a field, before a string, and before a string that is a field.
FIELD_HEADER_BYTES = FIELD.size
LENGTH_BYTES = I32.size
STRING_HEADER_BYTES = FIELD_HEADER_BYTES + LENGTH_BYTES

SKIP = [NoFields, NoFields.thrift_spec]
NOTHING = NoFields()


def check_count(count: int, size: int, left: int | None, offset: int) -> None:
    """Check a count of elements of at least `size` bytes each; `left` is the number of bytes that follow, if known.

    Raises:
        WireError: the count is negative, or more than fits into the bytes that follow.
    """
    if count < 0:
        raise length_error(count, offset)
    if left is not None and count * size > left:
        raise truncated(offset, f"{count} elements do not fit into the remaining {left} bytes")


def check_type(ttype: int, offset: int) -> int:
    """Return the fewest bytes that a value of this type takes.

    Raises:
        WireError: the type is unknown.
    """
    size = SMALLEST.get(ttype)
    if size is None:
        raise WireError(f"Unrecognized type {ttype}", offset)
    return size


def check_depth(depth: int, offset: int) -> None:
    if depth <= 0:
        raise too_deep(offset)


class Walk:
    """A walk over bytes in memory that finds the ends of values.

    It is also the protocol and the transport that the C decoder needs.
    """

    __slots__ = ("cstringio_buf", "length", "raw")
    string_length_limit = container_length_limit = None

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.length = len(raw)
        self.cstringio_buf = BytesIO(raw)

    @property
    def trans(self) -> "Walk":
        return self

    def cstringio_refill(self, partialread: bytes, reqlen: int) -> BytesIO:
        raise EOFError

    def readAll(self, length: int) -> bytes:  # noqa: N802
        piece = self.cstringio_buf.read(length)
        if len(piece) < length:
            raise EOFError
        return piece

    def field(self, at: int) -> tuple[int, int]:
        """Return type and id of the field that begins at this position; type STOP ends the struct."""
        if at + 3 <= self.length:
            ttype, number = FIELD.unpack_from(self.raw, at)
        elif at < self.length and self.raw[at] == TType.STOP:
            ttype, number = TType.STOP, 0
        else:
            raise truncated(at)
        return ttype, number

    def container(self, at: int) -> tuple[int, int]:
        """Return element type and count of the list or set that begins at this position."""
        if at + 5 > self.length:
            raise truncated(at)
        etype, count = CONTAINER.unpack_from(self.raw, at)
        check_count(count, check_type(etype, at) if count else 1, self.length - at - 5, at)
        return etype, count

    def map(self, at: int) -> tuple[int, int, int]:
        """Return key type, value type and count of the map that begins at this position."""
        if at + 6 > self.length:
            raise truncated(at)
        ktype, vtype, count = MAP.unpack_from(self.raw, at)
        size = check_type(ktype, at) + check_type(vtype, at) if count else 1
        check_count(count, size, self.length - at - 6, at)
        return ktype, vtype, count

    def end(self, at: int, ttype: int, depth: int = DEPTH) -> int:
        """Return the end of the value that begins at this position.

        Raises:
            WireError: the value is truncated, nested too deeply or malformed.
        """
        size = FIXED.get(ttype)
        if size is not None:
            stop = at + size
        elif ttype == TType.STRING:
            stop = self._string(at)
        elif ttype == TType.STRUCT:
            stop = self._struct(at)
        else:
            stop = self._elements(at, ttype, depth)
        if stop > self.length:
            raise truncated(at)
        return stop

    def _string(self, at: int) -> int:
        if at + 4 > self.length:
            raise truncated(at)
        length: int = I32.unpack_from(self.raw, at)[0]
        if length < 0:
            raise length_error(length, at)
        return at + 4 + length

    def _struct(self, at: int) -> int:
        buffer = self.cstringio_buf
        buffer.seek(at)
        try:
            decode(NOTHING, self, SKIP)
        except FAILURES as error:
            at = buffer.tell()
            raise failure(error, self.raw[max(0, at - 4) : at], at, self.length - at) from error
        return buffer.tell()

    def _elements(self, at: int, ttype: int, depth: int) -> int:
        check_depth(depth, at)
        check_type(ttype, at)
        if ttype == TType.MAP:
            ktype, vtype, count = self.map(at)
            at += 6
            for _ in range(count):
                at = self.end(self.end(at, ktype, depth - 1), vtype, depth - 1)
            return at
        etype, count = self.container(at)
        at += 5
        size = FIXED.get(etype)
        if size is not None:
            return at + count * size
        for _ in range(count):
            at = self.end(at, etype, depth - 1)
        return at
