"""Frames of log entries, complete and incomplete."""

import os

from aurora_admin.gen.storage.ttypes import LogEntry
from aurora_admin.scheduler.storage.frames import entries
from aurora_admin.snapshot.log_entry import NOOP_ENTRY
from aurora_admin.wire import codec

SKIPPED = [
    "Found a frame with no preceding header",
    "Found an aborted transaction",
    "Found a frame with no preceding header",
    "Found an aborted transaction",
    "Found an aborted transaction",
]


def chunk_data(record: bytes) -> bytes:
    """Return the data of a chunk; nothing for a header."""
    chunk = codec.decode(LogEntry, record).frame.chunk
    return chunk.data if chunk else b""


def incomplete_groups(spool):
    """Return records with every kind of incomplete group (docs/storage.md 2.9), and the entries that are complete."""
    spool.deflate([os.urandom(300)])
    header, *chunks = spool.records(100)
    records = [chunks[0], header, header, *chunks, chunks[0], header, NOOP_ENTRY, header, chunks[0]]
    return records, [b"".join(map(chunk_data, chunks)), NOOP_ENTRY]


def assert_incomplete_groups_are_skipped(records, complete):
    """Check which entries are read, and that each group that is skipped is reported."""
    skipped: list[str] = []
    assert [entry.data for entry in entries(records, skipped.append)] == complete
    assert [text.split(" at position ")[0] for text in skipped] == SKIPPED
