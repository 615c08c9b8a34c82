"""Log entries as records: deflated, split into frames, and put together again (docs/storage.md 2.8 and 2.9)."""

import hashlib
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import IO, NamedTuple

from aurora_admin.backup.atomic_file import blocks
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.engine import LogError, LogFull
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError

DEFLATE_LEVEL = 3
PIECE = 1 << 16
# Field headers and stop bytes around the data, as thrift writes the unions (docs/storage.md 2.1).
DEFLATED_HEAD = b"\x0b\x00\x05"
STOP = b"\x00"
FRAME_HEADER = b"\x0c\x00\x04\x0c\x00\x01\x08\x00\x01%s\x0b\x00\x02\x00\x00\x00\x10%s\x00\x00\x00"
FRAME_CHUNK = b"\x0c\x00\x04\x0c\x00\x02\x0b\x00\x02%s%s\x00\x00\x00"
LONGEST_ENTRY = 2**31 - 1


class Entry(NamedTuple):
    """A log entry put together again: where it stands and the bytes of its LogEntry."""

    position: int
    data: bytes


class Spool:
    """An entry in the making, in a file that has no name and is gone with its last user."""

    def __init__(self, folder: str, statistics: Statistics | None = None) -> None:
        self._statistics = Statistics() if statistics is None else statistics
        self.file: IO[bytes] = tempfile.TemporaryFile(dir=folder)

    def deflate(self, pieces: Iterable[bytes]) -> None:
        """Take in a LogEntry piece by piece, as one `deflatedEntry`."""
        packer = zlib.compressobj(DEFLATE_LEVEL)
        write = self.file.write
        write(DEFLATED_HEAD + bytes(4))
        for block in blocks(pieces, PIECE):
            write(packer.compress(block))
        write(packer.flush())
        length = self.file.tell() - len(DEFLATED_HEAD) - 4
        write(STOP)
        if length > LONGEST_ENTRY:
            raise LogFull(
                f"The snapshot takes {length} bytes deflated and a log entry holds at most {LONGEST_ENTRY}: nothing "
                "was written. Delete tasks that are no longer wanted first."
            )
        self.file.seek(len(DEFLATED_HEAD))
        write(struct.pack("!i", length))

    @property
    def size(self) -> int:
        return self.file.seek(0, 2)

    def records(self, max_entry_size: int) -> Iterator[bytes]:
        """Yield the records that carry the entry: itself, or a frame header and chunks."""
        size = self.size
        if size <= max_entry_size:
            yield from self._pieces(size)
            return
        count = -(-size // max_entry_size)
        yield FRAME_HEADER % (struct.pack("!i", count), self._checksum())
        for piece in self._pieces(max_entry_size):
            yield FRAME_CHUNK % (struct.pack("!i", len(piece)), piece)

    def _checksum(self) -> bytes:
        checksum = hashlib.md5(usedforsecurity=False)
        with self._statistics.timed("log_entry_checksum"):
            for piece in self._pieces(PIECE):
                checksum.update(piece)
        return checksum.digest()

    def _pieces(self, size: int) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(size):
            yield piece

    def close(self) -> None:
        # What could not be written any more is not wanted any more.
        with suppress(OSError):
            self.file.close()


def entries(records: Iterable[tuple[int, bytes]], warn: Callable[[str], None]) -> Iterator[Entry]:
    """Yield the log's entries, frames put together, what was cut short left out.

    `warn` is told of every record that is left out.

    Raises:
        LogError: a whole group fails its checksum or claims no chunks, or a record is no LogEntry.
    """
    group: _Group | None = None
    for position, record in records:
        kind, value = _frame(position, record)
        if kind == "chunk":
            if group is None:
                warn(f"Found a frame with no preceding header at position {position}, skipping.")
            elif (whole := group.add(value)) is not None:
                group = None  # and with it the chunks: a snapshot is kept once, not twice
                yield whole
            continue
        if group is not None:
            warn(group.aborted())
        group = _Group(position, value) if kind == "header" else None
        if kind == "entry":
            yield Entry(position, record)
    if group is not None:
        warn(group.aborted())


class _Group:
    """A frame header and the chunks seen since."""

    def __init__(self, position: int, header: bytes) -> None:
        self.position = position
        count, checksum = fields.get(header, 1), fields.get(header, 2)
        self.expected = struct.unpack("!i", count or bytes(4))[0]
        self.checksum = (checksum or bytes(4))[4:]
        self.chunks: list[bytes] = []
        if self.expected <= 0:
            raise LogError(
                f"The frame header at position {position} announces {self.expected} chunks; the log is damaged."
            )

    def add(self, chunk: bytes) -> Entry | None:
        self.chunks.append((fields.get(chunk, 2) or bytes(4))[4:])
        if len(self.chunks) < self.expected:
            return None
        data = b"".join(self.chunks)
        if hashlib.md5(data, usedforsecurity=False).digest() != self.checksum:
            raise LogError(f"Read back a framed log entry at position {self.position} that failed its checksum.")
        return Entry(self.position, data)

    def aborted(self) -> str:
        return (
            f"Found an aborted transaction at position {self.position}, "
            f"required {self.expected} frames and found {len(self.chunks)}"
        )


def frame_kind(record: bytes) -> str:
    """Tell a frame's header and chunk from any other record: header, chunk or entry."""
    return _frame(0, record)[0]


def _frame(position: int, record: bytes) -> tuple[str, bytes]:
    """Tell a frame header or chunk (with its struct) from any other record."""
    if not record.startswith(FRAME_HEADER[:3]):
        return "entry", record
    try:
        frame = fields.get(record, 4) or STOP
        for number, kind in ((1, "header"), (2, "chunk")):
            value = fields.get(frame, number)
            if value is not None:
                return kind, value
    except WireError as error:
        raise LogError(f"The frame at position {position} cannot be decoded ({error}); the log is damaged.") from error
    raise LogError(f"The frame at position {position} is neither a header nor a chunk; the log is damaged.")
