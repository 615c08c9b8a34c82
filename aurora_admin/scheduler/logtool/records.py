"""Show the records of a log, and sum them up."""

import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aurora_admin.scheduler.logtool.contents import contents, describe, header
from aurora_admin.scheduler.logtool.output import show
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.frames import FrameGroup, frame_kind
from aurora_admin.scheduler.storage.log import utc
from aurora_admin.snapshot.log_entry import DEDUPLICATED, SNAPSHOT, TRANSACTION
from aurora_admin.wire.errors import WireError


class Record(NamedTuple):
    """A record of the log.

    Attributes:
        frame: what it is of a frame, as a text; empty for an entry.
        entry: the log entry that is complete with this record, if any.
    """

    position: int
    size: int
    frame: str
    entry: bytes | None


def show_records(records: Iterable[tuple[int, bytes]]) -> None:
    """Print position and size in bytes of each record, and what it holds."""
    for record in _with_entries(records):
        entry = "" if record.entry is None else describe(record.entry)
        text = "; with the chunks before it: ".join(part for part in (record.frame, entry) if part)
        show(f"{record.position} {record.size} {text}")


def summary(records: Iterable[tuple[int, bytes]]) -> dict[str, object]:
    """Return what `status` shows of the records, by name."""
    count = size = transactions = 0
    snapshot: tuple[int, bytes] | None = None
    for record in _with_entries(records):
        count, size = count + 1, size + record.size
        kind = None if record.entry is None else header(record.entry)
        if record.entry is not None and kind in (SNAPSHOT.header, DEDUPLICATED.header):
            snapshot, transactions = (record.position, record.entry), 0
        transactions += kind == TRANSACTION.header
    return {"records": count, "bytes": size, **_last_snapshot(snapshot), "transactions since": transactions}


def _last_snapshot(snapshot: tuple[int, bytes] | None) -> dict[str, object]:
    if snapshot is None:
        return {"last snapshot": "none"}
    position, data = snapshot
    try:
        found = contents(data)
    except (WireError, zlib.error) as error:
        return {"last snapshot": f"at position {position}; it cannot be read ({error})"}
    taken = utc(found.snapshot_ms or 0)
    return {"last snapshot": f"{taken}, at position {position}", "tasks in last snapshot": found.tasks}


def _with_entries(records: Iterable[tuple[int, bytes]]) -> Iterator[Record]:
    """Yield each record; an entry in frames is complete with its last chunk."""
    group: FrameGroup | None = None
    for position, record in records:
        entry, frame = None, ""
        try:
            kind = frame_kind(position, record)
            if kind == "entry":
                group, entry = None, record
            elif kind == "header":
                group = FrameGroup(position, record)
                frame = f"frame header of {group.expected} chunks"
            else:
                frame = "frame chunk"
                complete = group.add(record) if group else None
                group, entry = (None, complete.data) if complete else (group, None)
        except LogError as error:
            group, frame = None, f"damaged frame: {error}"
        yield Record(position, len(record), frame, entry)
