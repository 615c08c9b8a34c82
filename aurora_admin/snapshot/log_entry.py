"""The fields of a LogEntry, the union that every entry of the log is (docs/storage.md 2.1)."""

from aurora_admin.gen.storage.ttypes import LogEntry
from aurora_admin.wire import fields
from aurora_admin.wire.path import path

SNAPSHOT = path(LogEntry, "snapshot")
TRANSACTION = path(LogEntry, "transaction")
NOOP = path(LogEntry, "noop")
FRAME = path(LogEntry, "frame")
FRAME_HEADER = path(LogEntry, "frame.header")
CHUNK_COUNT = path(LogEntry, "frame.header.chunkCount")
CHECKSUM = path(LogEntry, "frame.header.checksum")
FRAME_CHUNK = path(LogEntry, "frame.chunk")
CHUNK_DATA = path(LogEntry, "frame.chunk.data")
DEFLATED = path(LogEntry, "deflatedEntry")
DEDUPLICATED = path(LogEntry, "deduplicatedSnapshot")

NOOP_ENTRY = NOOP.put(fields.STOP, fields.boolean(True))
