"""The scheduler's storage on a log in ZooKeeper, with several writers (docs/replicated-log.md 2.6)."""

import os
import threading
from contextlib import closing

import pytest

from aurora_admin.gen.api.ttypes import ResourceAggregate
from aurora_admin.scheduler.state import ops, replay
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.frames import Spool, entries
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.storage import Storage, StorageNotReady
from aurora_admin.snapshot import writer
from aurora_admin.snapshot.sections import QUOTAS
from aurora_admin.wire import codec
from tests.support.frames import assert_incomplete_groups_are_skipped, incomplete_groups
from tests.support.waiting import wait_until
from tests.support.zookeeper_log import thread

QUOTA = codec.encode(ResourceAggregate(numCpus=1.0, ramMb=1, diskMb=1))


class WrittenStorage:
    """A storage on a log in ZooKeeper; write() sets quotas until `ended` is set or the storage is stopped."""

    def __init__(self, shared_log, folder, snapshot_bytes=None):
        engine = shared_log.open()
        self.failed, self.written = [], []
        self.log = Log(engine, str(folder), 1000)
        self.storage = Storage(self.log, str(folder), self.failed.append, snapshot_bytes)
        self.storage.start()
        self.ended = threading.Event()

    def write(self, name):
        number = 0
        while not self.ended.is_set():
            role = b"%s-%d" % (name, number)
            try:
                with self.storage.transaction() as transaction:
                    transaction.ops.append(ops.save_quota(role, QUOTA))
            except StorageNotReady:
                return
            self.written.append(role)
            number += 1


def roles_of_the_next_leader(shared_log, folder):
    """Return the roles with a quota that another host recovers."""
    log = Log(shared_log.open("h2"), str(folder), 1000)
    log.take_over()
    stores = Stores(str(folder))
    log.replay(stores)
    return roles(stores)


def roles(stores):
    return {key[0] if isinstance(key, tuple) else key for key in stores.sections[QUOTAS]}


@pytest.mark.parametrize("written", [0, 1, 2, 3, 4, 5])
def test_an_incomplete_snapshot_is_ignored(shared_log, tmp_path, written):
    """A snapshot of a header and four chunks replaces the state only when the last chunk is written."""
    busy = WrittenStorage(shared_log, tmp_path)
    with busy.storage.transaction() as transaction:
        transaction.ops.append(ops.save_quota(b"before", QUOTA))
    other = Stores(str(tmp_path))
    for _ in range(100):
        replay.apply(other, ops.save_quota(os.urandom(8).hex().encode(), QUOTA))
    with closing(Spool(str(tmp_path))) as spool:
        spool.deflate(writer.deduplicated_entry(StateView(other, 0)))
        records = list(spool.records(-(-spool.size // 4)))
    assert len(records) == 5
    busy.log.engine.append(records[:written])
    busy.log.engine.close()
    expected = roles(other) if written == 5 else {b"before"}
    assert roles_of_the_next_leader(shared_log, tmp_path) == expected
    assert shared_log.stored()[0][0] == 0


def test_snapshots_during_writes_lose_nothing_and_are_counted(shared_log, tmp_path):
    busy = WrittenStorage(shared_log, tmp_path)
    with thread(busy.write, b"a"), thread(busy.write, b"b"):
        wait_until(lambda: len(busy.written) > 50, "writers at work")
        with thread(busy.storage.snapshot), thread(busy.storage.snapshot):
            pass
        seen = len(busy.written)
        wait_until(lambda: len(busy.written) > seen + 20, "writes after the snapshots")
        busy.ended.set()
    assert busy.log.statistics["scheduler_log_snapshots"] == 2
    assert busy.log.statistics["scheduler_log_un_snapshotted_transactions"] <= len(busy.written) - 50
    assert not busy.failed
    assert roles_of_the_next_leader(shared_log, tmp_path) == set(busy.written)


def test_snapshots_by_size_during_writes_lose_nothing(shared_log, tmp_path):
    busy = WrittenStorage(shared_log, tmp_path, snapshot_bytes=8000)

    def snapshot():
        while not busy.ended.is_set():
            if busy.storage.snapshot_due.wait(0.1):
                busy.storage.snapshot()

    with thread(busy.write, b"a"), thread(snapshot):
        wait_until(lambda: busy.log.statistics["scheduler_log_snapshots"] >= 3, "snapshots by size")
        busy.ended.set()
    assert not busy.failed
    assert roles_of_the_next_leader(shared_log, tmp_path) == set(busy.written)


def test_a_restored_state_is_the_last_entry_and_later_writes_are_refused(shared_log, tmp_path):
    busy = WrittenStorage(shared_log, tmp_path)
    with thread(busy.write, b"a"), thread(busy.write, b"b"):
        wait_until(lambda: len(busy.written) > 20, "writers at work")
        with busy.storage.transaction() as transaction:
            transaction.ops.append(ops.save_quota(b"restored", QUOTA))
        view = busy.storage.view()
        seen = len(busy.written)
        wait_until(lambda: len(busy.written) > seen + 20, "writes after the view")
        busy.storage.replace_with(view)
    with pytest.raises(StorageNotReady), busy.storage.transaction():
        pass
    busy.log.engine.close()
    with closing(shared_log.open("h2")) as engine:
        engine.fence()
        (entry,) = entries(engine.read_all(), pytest.fail)
    assert entry.position
    roles = roles_of_the_next_leader(shared_log, tmp_path)
    assert b"restored" in roles
    assert len(roles) < len(busy.written)


def test_incomplete_groups_are_skipped_and_reported(shared_log, tmp_path):
    with closing(Spool(str(tmp_path))) as spool:
        records, complete = incomplete_groups(spool)
    shared_log.lead().append(records)
    assert_incomplete_groups_are_skipped(shared_log.lead("h2").read_all(), complete)
