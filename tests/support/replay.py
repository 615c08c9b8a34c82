"""Logs that are replayed without a process."""

import struct
import zlib

from aurora_admin.gen.storage.ttypes import LogEntry, Op, Snapshot, Transaction
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot import writer
from aurora_admin.wire import codec
from aurora_admin.wire.path import path
from tests.support.expectations import read_fixture

DEFLATED = path(LogEntry, "deflatedEntry")


class MemoryLog:
    """A log engine that holds its records in memory."""

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
    """Return the stores after a replay of these records."""
    stores = Stores(str(folder), **settings)
    Log(MemoryLog(records), str(folder), 1 << 20).replay(stores)
    return stores


def replayed(tmp_path, *members, **settings):
    """Return the stores after one transaction for each op, given as members of the union by name."""
    transactions = [
        LogEntry(transaction=Transaction(ops=[Op(**{name: body})], schemaVersion=1))
        for member in members
        for name, body in member.items()
    ]
    return replay(map(codec.encode, transactions), tmp_path, **settings)


def backup_of(stores):
    """Return the bytes of a backup of these stores."""
    return b"".join(writer.snapshot(StateView(stores, stores.snapshot_ms or 0)))


def snapshot_of(stores):
    """Return a backup of these stores, decoded."""
    return codec.decode(Snapshot, backup_of(stores))


def records_of(raw):
    """Yield the records of a recorded log, each of which has its length before it."""
    at = 0
    while at < len(raw):
        (length,) = struct.unpack_from(">I", raw, at)
        yield raw[at + 4 : at + 4 + length]
        at += 4 + length


def log_with_unusable_script(name="era-018-trimmed-failover"):
    """Return the records of a log whose snapshot has an SQL script that counts one row more than it has."""
    (record,) = records_of(read_fixture("log", f"{name}.log-snapshot"))
    entry = zlib.decompress(DEFLATED.value(record))
    counted = b"-- 3 +/- SELECT COUNT(*) FROM PUBLIC.QUOTAS;"
    assert counted in entry
    return [entry.replace(counted, counted.replace(b"3", b"4"))]


def committed_backup(staged, folder):
    """Return the bytes of the backup of a scheduler that started from the log to which `staged` was committed."""
    engine = MemoryLog([])
    Log(engine, str(folder), 1 << 12).append_snapshot(staged)
    return backup_of(replay(engine.records, folder))
