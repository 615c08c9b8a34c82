"""Read a log entry as a stream, inflated if it is deflated (docs/storage.md 2.8)."""

import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from aurora_admin.snapshot.log_entry import DEFLATED
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.walk import LENGTH_BYTES
from aurora_admin.wire.window import Window

# zlib copies the input that it does not use. This much mostly inflates to less than one piece, so little is copied.
INPUT_BYTES = 1 << 18
PIECE_BYTES = 1 << 22
# An inflated snapshot can be a thousand times as large as its entry, so its limits are those of the address space.
LIMITS = Limits(string=2**31 - 1, container=2**31 - 1)


def is_deflated(data: bytes) -> bool:
    """Return whether a log entry holds another one, deflated."""
    return data.startswith(DEFLATED.header)


@contextmanager
def entry_reader(data: bytes, on_piece: Callable[[], None]) -> Iterator[Reader]:
    """Provide a reader of a LogEntry, or of the one that is deflated in it; the block must read it to its end.

    `on_piece` is called before each inflated piece is read; what it raises ends the reading.

    Raises:
        WireError: the entry is malformed.
        zlib.error: the data are damaged.
    """
    if not is_deflated(data):
        yield Reader(Window.of_bytes(data), Limits.of_length(len(data)))
        return
    begin = len(DEFLATED.header) + LENGTH_BYTES
    length = int.from_bytes(data[begin - LENGTH_BYTES : begin], "big")
    if begin + length + 1 != len(data) or data[-1:] != fields.STOP:
        raise WireError("the deflated entry is cut short, or followed by more data", begin)
    # A view and not a copy: the deflated snapshot of a million tasks is 90 MB.
    with inflating_reader(memoryview(data)[begin:-1], on_piece) as reader:
        yield reader


@contextmanager
def inflating_reader(deflated: memoryview, on_piece: Callable[[], None]) -> Iterator[Reader]:
    """Provide a reader of the inflated bytes; the block must read them to their end.

    `on_piece` is called before each piece is read; what it raises ends the reading.

    Raises:
        WireError: the data are cut short, or are followed by more.
        zlib.error: the data are damaged.
    """
    stream = _InflatedStream(deflated)
    # zlib releases the interpreter's lock: the next piece is inflated while the caller decodes this one.
    with ThreadPoolExecutor(1, "inflate") as executor:
        next_piece = _read_ahead(stream.read, executor)

        def read(size: int) -> bytes:
            on_piece()
            return next_piece(size)

        yield Reader(Window(read), LIMITS)
    if not stream.is_complete:
        raise WireError("the deflated entry is cut short, or followed by more data", 0)


def _read_ahead(read: Callable[[int], bytes], executor: Executor) -> Callable[[int], bytes]:
    """Return a `read` that starts reading the next PIECE_BYTES whenever it returns the ones before."""
    pieces = deque([executor.submit(read, PIECE_BYTES)])

    def next_piece(_: int) -> bytes:
        pieces.append(executor.submit(read, PIECE_BYTES))
        return pieces.popleft().result()

    return next_piece


class _InflatedStream:
    """A zlib stream that is inflated piece by piece. zlib verifies its checksum at the end."""

    def __init__(self, deflated: memoryview) -> None:
        self._source = deflated
        self._decompressor = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        while not self._decompressor.eof:
            data_in = self._decompressor.unconsumed_tail
            if not data_in:
                data_in, self._source = bytes(self._source[:INPUT_BYTES]), self._source[INPUT_BYTES:]
            data = self._decompressor.decompress(data_in, size)
            if data or not data_in:
                return data
        return b""

    @property
    def is_complete(self) -> bool:
        return self._decompressor.eof and not self._decompressor.unused_data and not self._source
