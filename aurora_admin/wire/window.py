"""A window of bytes that moves forward over a file, a connection or a string, for the C decoder and for us.

The decoder reads a BytesIO directly, moves its position, and asks for another one where it ends. It takes the one it
is given *at its position*: so that one may begin earlier, with all that somebody still wants to slice.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

from thrift.transport.TTransport import CReadableTransport, TTransportBase

from aurora_admin.wire.decoder import length_error
from aurora_admin.wire.errors import ended
from aurora_admin.wire.limits import UNKNOWN_LENGTH

WINDOW = 1 << 20


class Window(TTransportBase, CReadableTransport):  # type: ignore[misc]
    """What Thrift reads from. Positions are absolute: `base` is that of the first byte.

    `read(n)` returns at most n bytes, fewer if it likes, and none at the end; it is asked only when bytes are needed.
    `end` is the position of the end, where it is known.

    Attributes:
        marked: from where on bytes are kept; None where nothing but what was not read yet is.
        longest: the longest run of bytes that a value may ask for.
        failure: what ended reading: the end of the input, a value too long, or whatever `read` raised.
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
        """How many bytes follow, or None where the end is not known."""
        return None if self.end is None else self.end - self.position

    def mark(self) -> int:
        """Keep the bytes from here on for `slice`, until the next mark; return the position.

        What is kept stays in memory: mark again as soon as earlier bytes are no longer wanted.
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
        """Give all bytes from the position on to `copy` too, in order, up to some place beyond the last one read."""
        copy(self.cstringio_buf.getvalue()[self.cstringio_buf.tell() :])
        self._copy = copy
        try:
            yield
        finally:
            self._copy = _ignore

    def last(self, count: int) -> bytes:
        """Return the bytes before the position, as far as the window still has them."""
        at = self.cstringio_buf.tell()
        return self.cstringio_buf.getvalue()[max(0, at - count) : at]

    def readAll(self, length: int) -> bytes:  # noqa: N802
        """Return so many bytes.

        Raises:
            WireError: the input ends before, or this is more than a value may have.
        """
        piece = self.cstringio_buf.read(length)
        if len(piece) < length:
            piece = self.cstringio_refill(piece, length).read(length)
        return piece

    def at_end(self) -> bool:
        """Tell whether nothing follows; this may wait for bytes."""
        if self.position < self._stop:
            return False
        piece = self._read(self._size)
        self._copy(piece)
        position = self._stop
        self._renew(position if self.marked is None else self.marked, [piece])
        self.cstringio_buf.seek(position - self.base)
        return not piece

    def cstringio_refill(self, partialread: bytes, reqlen: int) -> BytesIO:
        """Return a buffer that stands at `partialread`, which ended the old one, with the whole of what is needed."""
        wanted = self._stop - len(partialread)
        try:
            self._refill(wanted, reqlen)
        except Exception as error:
            # The C decoder can put an error of its own in this one's place (where a map's header is cut short).
            self.failure = error
            raise
        self.cstringio_buf.seek(wanted - self.base)
        return self.cstringio_buf

    def _refill(self, wanted: int, length: int) -> None:
        if self.end is not None and wanted + length > self.end:
            self.cstringio_buf.seek(wanted - self.base)
            raise ended(wanted)
        if length > self.longest:
            raise length_error(length, wanted)
        missing = wanted + length - self._stop
        kept = self._stop - (wanted if self.marked is None else self.marked)
        pieces: list[bytes] = []
        gathered = 0
        while gathered < missing:
            # No more at once than has come before: a claim of 2 GiB costs nothing until the bytes are there. And no
            # less than is kept, or keeping would cost the square of its length.
            piece = self._read(max(self._size, kept, min(gathered, missing - gathered)))
            pieces.append(piece)
            self._copy(piece)
            gathered += len(piece)
            if not piece:
                break
        self._renew(self._stop - kept, pieces)
        if gathered < missing:
            raise ended(self._stop)

    def _renew(self, keep: int, pieces: list[bytes]) -> None:
        """Put the kept bytes and the new ones into a new buffer that stands at its end."""
        pieces.insert(0, self.cstringio_buf.getvalue()[keep - self.base :])
        whole = b"".join(pieces)
        self.cstringio_buf = BytesIO(whole)
        self.cstringio_buf.seek(len(whole))
        self.base, self._stop = keep, keep + len(whole)


def _nothing(length: int) -> bytes:
    return b""


def _ignore(piece: bytes) -> None:
    pass
