"""Log entries as records: deflated, split into frames, and joined again (docs/storage.md 2.8 and 2.9)."""

import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import IO, NamedTuple

from aurora_admin.backup.atomic_file import blocks
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.engine import LogError, LogFull
from aurora_admin.snapshot.log_entry import (
    CHECKSUM,
    CHUNK_COUNT,
    CHUNK_DATA,
    DEFLATED,
    FRAME,
    FRAME_CHUNK,
    FRAME_HEADER,
)
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.walk import LENGTH_BYTES

DEFLATE_LEVEL = 3
BLOCK_BYTES = 1 << 16
MAX_ENTRY_BYTES = 2**31 - 1


class Entry(NamedTuple):
    """A complete log entry: the position of its first record, and the bytes of its LogEntry."""

    position: int
    data: bytes


class Spool:
    """A log entry that is being written, in an unnamed temporary file; close() deletes it."""

    def __init__(self, folder: str, statistics: Statistics | None = None) -> None:
        self._statistics = Statistics() if statistics is None else statistics
        self.file: IO[bytes] = tempfile.TemporaryFile(dir=folder)

    def deflate(self, pieces: Iterable[bytes]) -> None:
        """Write a LogEntry, given in pieces, as the field `deflatedEntry` of another one.

        Raises:
            LogFull: it is too large for one log entry.
        """
        compressor = zlib.compressobj(DEFLATE_LEVEL)
        write = self.file.write
        start = write(DEFLATED.header) + LENGTH_BYTES
        write(bytes(LENGTH_BYTES))  # overwritten below, when the length is known
        for block in blocks(pieces, BLOCK_BYTES):
            write(compressor.compress(block))
        write(compressor.flush())
        length = self.file.tell() - start
        write(fields.STOP)
        if length > MAX_ENTRY_BYTES:
            raise LogFull(
                f"The snapshot takes {length} bytes deflated and a log entry can hold {MAX_ENTRY_BYTES}: nothing "
                "was written. Delete tasks that are no longer needed first."
            )
        self.file.seek(start - LENGTH_BYTES)
        write(fields.i32(length))

    @property
    def size(self) -> int:
        return self.file.seek(0, 2)

    def records(self, max_entry_size: int) -> Iterator[bytes]:
        """Yield the records of the entry: the entry itself, or a frame header and chunks if it is larger."""
        size = self.size
        if size <= max_entry_size:
            yield from self._pieces(size)
            return
        yield frame_header(-(-size // max_entry_size), self._checksum())
        yield from map(frame_chunk, self._pieces(max_entry_size))

    def _checksum(self) -> bytes:
        checksum = hashlib.md5(usedforsecurity=False)
        with self._statistics.timed("log_entry_checksum"):
            for piece in self._pieces(BLOCK_BYTES):
                checksum.update(piece)
        return checksum.digest()

    def _pieces(self, size: int) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(size):
            yield piece

    def close(self) -> None:
        # Closing writes what is buffered. If that fails, it failed before and was reported; the file is deleted anyway.
        with suppress(OSError):
            self.file.close()


def frame_header(chunk_count: int, checksum: bytes) -> bytes:
    """Return the record that announces the chunks of an entry; `checksum` is the MD5 of them all."""
    return CHECKSUM.put(CHUNK_COUNT.put(fields.STOP, fields.i32(chunk_count)), fields.string(checksum))


def frame_chunk(data: bytes) -> bytes:
    """Return the record of one chunk of an entry."""
    return CHUNK_DATA.put(fields.STOP, fields.string(data))


def frame_kind(position: int, record: bytes) -> str:
    """Return what a record is: "header" or "chunk" of a frame, or "entry".

    Raises:
        LogError: it is a frame that cannot be decoded.
    """
    if not record.startswith(FRAME.header):
        return "entry"
    try:
        if FRAME_HEADER.get(record) is not None:
            return "header"
        if FRAME_CHUNK.get(record) is not None:
            return "chunk"
    except WireError as error:
        raise LogError(f"The frame at position {position} cannot be decoded ({error}); the log is damaged.") from error
    raise LogError(f"The frame at position {position} is neither a header nor a chunk; the log is damaged.")


def entries(records: Iterable[tuple[int, bytes]], on_skipped: Callable[[str], None]) -> Iterator[Entry]:
    """Join frames and yield the complete entries of the log.

    An entry whose frames are not all there was being written when its writer ended. It is skipped: it was never
    acknowledged. `on_skipped` is called with a text for each group of records that is skipped.

    Raises:
        LogError: a complete group fails its checksum or announces no chunks, or a frame cannot be decoded.
    """
    group: _Group | None = None
    for position, record in records:
        kind = frame_kind(position, record)
        if kind == "chunk":
            if group is None:
                on_skipped(f"Found a frame with no preceding header at position {position}, skipping.")
            elif (entry := group.add(record)) is not None:
                group = None  # frees the chunks: a large snapshot is not held twice
                yield entry
            continue
        if group is not None:
            on_skipped(group.incomplete())
        group = _Group(position, record) if kind == "header" else None
        if kind == "entry":
            yield Entry(position, record)
    if group is not None:
        on_skipped(group.incomplete())


class _Group:
    """A frame header and the chunks that followed it so far."""

    def __init__(self, position: int, header: bytes) -> None:
        self.position = position
        self.expected: int = CHUNK_COUNT.value(header) or 0
        self.checksum: bytes = CHECKSUM.value(header) or b""
        self.chunks: list[bytes] = []
        if self.expected <= 0:
            raise LogError(
                f"The frame header at position {position} announces {self.expected} chunks; the log is damaged."
            )

    def add(self, chunk: bytes) -> Entry | None:
        """Take the next chunk, and return the entry if it was the last one."""
        self.chunks.append(CHUNK_DATA.value(chunk) or b"")
        if len(self.chunks) < self.expected:
            return None
        data = b"".join(self.chunks)
        if hashlib.md5(data, usedforsecurity=False).digest() != self.checksum:
            raise LogError(f"The framed log entry at position {self.position} fails its checksum; the log is damaged.")
        return Entry(self.position, data)

    def incomplete(self) -> str:
        return (
            f"Found an aborted transaction at position {self.position}, "
            f"required {self.expected} frames and found {len(self.chunks)}"
        )
