"""Step-by-step reading of what is too large to be decoded at once, with the C decoder for the structs in it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from thrift.Thrift import TType

from aurora_admin.wire.decoder import FAILURES, decode, failure, length_error
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import DEPTH, Limits
from aurora_admin.wire.struct import NoFields, Struct
from aurora_admin.wire.walk import CONTAINER, FIXED, MAP, check_count, check_depth, check_type
from aurora_admin.wire.window import WINDOW, Window

S = TypeVar("S", bound=Struct)


@contextmanager
def without_collector() -> Iterator[None]:
    """Disable the cyclic garbage collector, which makes bulk decoding three times slower (docs/wire.md 6.3)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Reader:
    """A Thrift reader over a window.

    Malformed bytes raise a WireError with the offset; errors of the window's source pass through. A reader cannot be
    used after an error.

    >>> from aurora_admin.gen.slim.ttypes import JobKey
    >>> from aurora_admin.wire import codec, fields
    >>> jobs = [codec.encode(JobKey(role, b"prod", b"web")) for role in (b"www", b"ads")]
    >>> raw = fields.container(TType.STRUCT, jobs)
    >>> reader = Reader(Window.of_bytes(raw), Limits.of_length(len(raw)))
    >>> for start, job, end in reader.structs(JobKey, reader.struct_count()):
    ...     print(start, job.role, reader.slice(start, end) in jobs)
    5 b'www' True
    37 b'ads' True
    """

    # `trans` and the two limits are what the C decoder looks for in a protocol.
    __slots__ = ("container_length_limit", "string_length_limit", "trans", "window")

    def __init__(self, window: Window, limits: Limits) -> None:
        self.window = self.trans = window
        self.string_length_limit, self.container_length_limit = limits
        window.longest = limits.string

    @property
    def position(self) -> int:
        return self.window.position

    def mark(self) -> int:
        """Keep the bytes from here on for `slice`, until the next mark; return the position."""
        return self.window.mark()

    def slice(self, start: int, end: int) -> bytes:
        """Return bytes between the mark and the position."""
        return self.window.slice(start, end)

    def field(self) -> tuple[int, int]:
        """Read the header of a field: return type and id; type STOP ends the struct."""
        ttype = self.window.readAll(1)[0]
        if ttype == TType.STOP:
            return TType.STOP, 0
        check_type(ttype, self.position - 1)
        return ttype, int.from_bytes(self.window.readAll(2), "big", signed=True)

    def fields(self) -> Iterator[tuple[int, int]]:
        """Read a struct: yield type and id of each field. The caller reads or skips its value before the next one."""
        while (field := self.field())[0] != TType.STOP:
            yield field

    def container(self) -> tuple[int, int]:
        """Read the header of a list or set: return element type and count."""
        etype, count = CONTAINER.unpack(self.window.readAll(5))
        self._check_count(count, check_type(etype, self.position - 5) if count else 0)
        return etype, count

    def struct_count(self) -> int:
        """Read the header of a list or set of structs: return the count."""
        position = self.position
        etype, count = self.container()
        if count and etype != TType.STRUCT:
            raise WireError(f"elements of type {etype} where structs are expected", position)
        return count

    def value(self, ttype: int) -> bytes:
        """Read a value of any type: return its encoding."""
        start = self.mark()
        self.skip(ttype)
        return self.slice(start, self.position)

    def _check_count(self, count: int, size: int) -> None:
        check_count(count, size, self.window.left, self.position)
        if count > self.container_length_limit:
            raise length_error(count, self.position, self.window.left)

    def struct(self, cls: type[S]) -> S:
        """Read a struct; fields that `cls` does not declare are skipped."""
        item = cls()
        try:
            decode(item, self, [cls, cls.thrift_spec])
        except FAILURES as error:
            raise self._failure(error) from error
        return item

    def structs(self, cls: type[S], count: int) -> Iterator[tuple[int, S, int]]:
        """Read `count` structs: yield the position of each, the struct, and the position of its end.

        Each is marked: `slice(start, end)` returns its bytes until the next one is read.
        """
        window, decode_one, specification = self.window, decode, [cls, cls.thrift_spec]
        start = window.mark()
        try:
            for _ in range(count):
                item = cls()
                decode_one(item, self, specification)
                end = window.base + window.cstringio_buf.tell()
                yield start, item, end
                window.marked = start = end
        except FAILURES as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> Exception:
        window = self.window
        return window.failure or failure(error, window.last(4), window.position, window.left)

    def skip(self, ttype: int) -> None:
        """Skip a value: structs in C, long strings without holding them in memory, unless a mark keeps them."""
        self._skip(ttype, DEPTH)

    def _skip(self, ttype: int, depth: int) -> None:
        size = FIXED.get(ttype)
        if size is not None:
            self._pass(size)
        elif ttype == TType.STRING:
            self._pass(self._length())
        elif ttype == TType.STRUCT:
            self.struct(NoFields)
        else:
            check_type(ttype, self.position)
            check_depth(depth, self.position)
            self._skip_elements(ttype, depth - 1)

    def _skip_elements(self, ttype: int, depth: int) -> None:
        if ttype == TType.MAP:
            ktype, vtype, count = MAP.unpack(self.window.readAll(6))
            at = self.position - 6
            self._check_count(count, check_type(ktype, at) + check_type(vtype, at) if count else 0)
            for _ in range(count):
                self._skip(ktype, depth)
                self._skip(vtype, depth)
            return
        etype, count = self.container()
        for _ in range(count):
            self._skip(etype, depth)

    def _pass(self, length: int) -> None:
        while length > 0:
            piece = min(length, WINDOW)
            self.window.readAll(piece)
            length -= piece

    def _length(self) -> int:
        length = self.i32()
        if length < 0 or length > self.string_length_limit:
            raise length_error(length, self.position, self.window.left)
        return length

    def i32(self) -> int:
        return int.from_bytes(self.window.readAll(4), "big", signed=True)

    def i64(self) -> int:
        return int.from_bytes(self.window.readAll(8), "big", signed=True)

    def boolean(self) -> bool:
        return self.window.readAll(1) == b"\x01"

    def string(self) -> bytes:
        return self.window.readAll(self._length())
