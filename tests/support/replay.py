"""Log records in, state out, without a process."""

import struct
import zlib

from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import View
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.log_entry import DEFLATED
from aurora_admin.snapshot import writer
from aurora_admin.wire import codec
from tests.support.expectations import read


class Records:
    """A log engine that has these records."""

    warn_above_bytes = None

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

    def check_space(self, size):
        pass


def replay(records, folder, **settings):
    """The stores after these records."""
    stores = Stores(str(folder), **settings)
    Log(Records(records), str(folder), 1 << 20).replay(stores)
    return stores


def whole(stores):
    """The bytes of a backup of these stores."""
    return b"".join(writer.snapshot(View(stores, stores.snapshot_ms or 0)))


def decoded(stores):
    return codec.decode(Snapshot, whole(stores))


def recorded(raw):
    """The records of a recorded log: each has its length before it."""
    at = 0
    while at < len(raw):
        (length,) = struct.unpack_from(">I", raw, at)
        yield raw[at + 4 : at + 4 + length]
        at += 4 + length


def misunderstood(name="era-018-trimmed-failover"):
    """A log whose snapshot has a dbScript with one row less than it counts."""
    (record,) = recorded(read("log", f"{name}.log-snapshot"))
    entry = zlib.decompress(DEFLATED.value(record))
    counted = b"-- 3 +/- SELECT COUNT(*) FROM PUBLIC.QUOTAS;"
    assert counted in entry
    return [entry.replace(counted, counted.replace(b"3", b"4"))]
