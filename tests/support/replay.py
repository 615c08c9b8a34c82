"""Replay of log records, without a process."""

import struct
import zlib

from aurora_admin.gen.storage.ttypes import LogEntry, Snapshot
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import View
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot import writer
from aurora_admin.wire import codec
from aurora_admin.wire.path import path
from tests.support.expectations import read

DEFLATED = path(LogEntry, "deflatedEntry")


class Records:
    """A log engine with these records, in memory."""

    comfortable_bytes = None

    def __init__(self, records):
        self.records = list(records)

    def read_all(self):
        yield from enumerate(self.records)

    def append(self, records):
        position = len(self.records)
        self.records.extend(records)
        return position

    def truncate_before(self, position):
        del self.records[:position]

    def check_room(self, size):
        pass


def replay(records, folder, **settings):
    """The stores after these records."""
    stores = Stores(str(folder), **settings)
    Log(Records(records), str(folder), 1 << 20).replay(stores)
    return stores


def snapshot_bytes(stores):
    """The bytes of a backup of these stores."""
    return b"".join(writer.snapshot(View(stores, stores.snapshot_ms or 0)))


def decoded(stores):
    return codec.decode(Snapshot, snapshot_bytes(stores))


def committed_backup(staged, folder):
    """The bytes of the backup of a scheduler that started from the log to which `staged` was committed."""
    engine = Records([])
    Log(engine, str(folder), 1 << 12).append_snapshot(staged)
    return snapshot_bytes(replay(engine.records, folder))


def recorded(raw):
    """The records of a recorded log: each has its length before it."""
    at = 0
    while at < len(raw):
        (length,) = struct.unpack_from(">I", raw, at)
        yield raw[at + 4 : at + 4 + length]
        at += 4 + length


def log_with_malformed_script(name="era-018-trimmed-failover"):
    """The entries of a recorded log whose snapshot has a script with one row less than it counts."""
    (record,) = recorded(read("log", f"{name}.log-snapshot"))
    entry = zlib.decompress(DEFLATED.value(record))
    counted = b"-- 3 +/- SELECT COUNT(*) FROM PUBLIC.QUOTAS;"
    assert counted in entry
    return [entry.replace(counted, counted.replace(b"3", b"4"))]
