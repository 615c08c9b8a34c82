"""Show the records of a log."""

import sys
from collections.abc import Iterable

from aurora_admin.scheduler.storage.frames import frame_kind
from aurora_admin.snapshot.log_entry import DEDUPLICATED, DEFLATED, NOOP, SNAPSHOT, TRANSACTION
from aurora_admin.wire.walk import FIELD_HEADER_BYTES

KINDS = {
    SNAPSHOT.header: "snapshot",
    TRANSACTION.header: "transaction",
    NOOP.header: "no-op",
    DEFLATED.header: "deflated entry",
    DEDUPLICATED.header: "deduplicated snapshot",
}


def show_records(records: Iterable[tuple[int, bytes]]) -> None:
    """Print position, size in bytes and kind of each record."""
    for position, record in records:
        sys.stdout.write(f"{position} {len(record)} {_kind(position, record)}\n")


def _kind(position: int, record: bytes) -> str:
    frame = frame_kind(position, record)
    return KINDS.get(record[:FIELD_HEADER_BYTES], "unknown") if frame == "entry" else f"frame {frame}"
