"""A window of bytes that moves forward over a file, a connection or a string. The C decoder reads from it directly.

The decoder reads from a BytesIO, moves its position, and calls `cstringio_refill` for another one at the end. It
continues at the *position* of the new one, which may therefore begin with earlier bytes: those that a mark keeps.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

from thrift.transport.TTransport import CReadableTransport, TTransportBase

from aurora_admin.wire.decoder import length_error
from aurora_admin.wire.errors import truncated
from aurora_admin.wire.limits import UNKNOWN_LENGTH

WINDOW = 1 << 20


class Window(TTransportBase, CReadableTransport):  # type: ignore[misc]
    """A transport for Thrift over a source of bytes.

    `read(n)` returns up to n bytes, and none at the end of the source; it is called only when bytes are needed.
    Positions are absolute: `base` is the position of the first byte, `end` that of the end, if known.

    >>> from io import BytesIO
    >>> window = Window(BytesIO(b"abcdefgh").read, size=2)
    >>> window.readAll(3)
    b'abc'
    >>> start = window.mark()
    >>> window.readAll(3)
    b'def'
    >>> window.slice(start, window.position)
    b'def'
    >>> window.readAll(2), window.at_end()
    (b'gh', True)

    Attributes:
        marked: the position from which bytes are kept for `slice`; None if only unread bytes are kept.
        longest: the most bytes that a value may have.
        failure: the exception that ended reading: the end of the input, a value too long, or an error of `read`.
    """

    __slots__ = ("_copy", "_read", "_size", "_stop", "base", "cstringio_buf", "end", "failure", "longest", "marked")

    def __init__(
        self, read: Callable[[int], bytes], *, base: int = 0, end: int | None = None, size: int = WINDOW
    ) -> None:
        self._read = read
        self._size = size
        self.base = self._stop = base
        self.end = end
        self.cstringio_buf = BytesIO()
        self.longest = UNKNOWN_LENGTH.string
        self.marked: int | None = None
        self.failure: Exception | None = None
        self._copy: Callable[[bytes], object] = _ignore

    @classmethod
    def of_bytes(cls, raw: bytes) -> "Window":
        window = cls(_nothing, end=len(raw))
        window.cstringio_buf = BytesIO(raw)
        window._stop = len(raw)
        return window

    @classmethod
    def of_file(cls, fd: int, start: int, end: int, *, size: int = WINDOW) -> "Window":
        """Return a window over a range of an open file; the file's own position stays as it is."""
        position = start

        def read(length: int) -> bytes:
            nonlocal position
            piece = os.pread(fd, min(length, end - position), position)
            position += len(piece)
            return piece

        return cls(read, base=start, end=end, size=size)

    @property
    def position(self) -> int:
        return self.base + self.cstringio_buf.tell()

    @property
    def left(self) -> int | None:
        """The number of bytes that follow, or None if the end is unknown."""
        return None if self.end is None else self.end - self.position

    def mark(self) -> int:
        """Keep the bytes from the position on for `slice`, until the next mark; return the position.

        Kept bytes stay in memory: mark again as soon as earlier bytes are not needed any more.
        """
        self.marked = position = self.position
        return position

    def slice(self, start: int, end: int) -> bytes:
        """Return bytes between the mark and the position."""
        if start < self.base or end > self._stop:
            raise ValueError(f"the window holds bytes {self.base} to {self._stop}, not {start} to {end}")
        return self.cstringio_buf.getvalue()[start - self.base : end - self.base]

    @contextmanager
    def copied_to(self, copy: Callable[[bytes], object]) -> Iterator[None]:
        """Pass all bytes from the position on to `copy` too, in order; some more than were read may be passed."""
        copy(self.cstringio_buf.getvalue()[self.cstringio_buf.tell() :])
        self._copy = copy
        try:
            yield
        finally:
            self._copy = _ignore

    def last(self, count: int) -> bytes:
        """Return up to `count` bytes before the position, as many as the window still has."""
        at = self.cstringio_buf.tell()
        return self.cstringio_buf.getvalue()[max(0, at - count) : at]

    def readAll(self, length: int) -> bytes:  # noqa: N802
        """Return the next `length` bytes.

        Raises:
            WireError: the input ends before, or they are more than a value may have.
        """
        piece = self.cstringio_buf.read(length)
        if len(piece) < length:
            piece = self.cstringio_refill(piece, length).read(length)
        return piece

    def at_end(self) -> bool:
        """Return whether the input ends at the position; this may wait for bytes."""
        if self.position < self._stop:
            return False
        piece = self._read(self._size)
        self._copy(piece)
        position = self._stop
        self._renew(position if self.marked is None else self.marked, [piece])
        self.cstringio_buf.seek(position - self.base)
        return not piece

    def cstringio_refill(self, partialread: bytes, reqlen: int) -> BytesIO:
        """Return a buffer with `reqlen` bytes after its position, the first of which are `partialread`."""
        wanted = self._stop - len(partialread)
        try:
            self._refill(wanted, reqlen)
        except Exception as error:
            # The C decoder may replace this error by one of its own (for a truncated header of a map).
            self.failure = error
            raise
        self.cstringio_buf.seek(wanted - self.base)
        return self.cstringio_buf

    def _refill(self, wanted: int, length: int) -> None:
        if self.end is not None and wanted + length > self.end:
            self.cstringio_buf.seek(wanted - self.base)
            raise truncated(wanted)
        if length > self.longest:
            raise length_error(length, wanted)
        missing = wanted + length - self._stop
        kept = self._stop - (wanted if self.marked is None else self.marked)
        pieces: list[bytes] = []
        gathered = 0
        while gathered < missing:
            # Read no more at once than has arrived so far: a false length of 2 GiB costs nothing then. Read no less
            # than is kept: copying the kept bytes would cost the square of their length.
            piece = self._read(max(self._size, kept, min(gathered, missing - gathered)))
            pieces.append(piece)
            self._copy(piece)
            gathered += len(piece)
            if not piece:
                break
        self._renew(self._stop - kept, pieces)
        if gathered < missing:
            raise truncated(self._stop)

    def _renew(self, keep: int, pieces: list[bytes]) -> None:
        """Put the kept bytes and the new ones into a new buffer, its position at the end."""
        pieces.insert(0, self.cstringio_buf.getvalue()[keep - self.base :])
        content = b"".join(pieces)
        self.cstringio_buf = BytesIO(content)
        self.cstringio_buf.seek(len(content))
        self.base, self._stop = keep, keep + len(content)


def _nothing(length: int) -> bytes:
    return b""


def _ignore(piece: bytes) -> None:
    pass
