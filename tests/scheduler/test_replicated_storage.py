"""The scheduler's storage on a log in ZooKeeper: snapshots among writers, and the last word of a restore."""

import os
import threading
from contextlib import closing

import pytest

from aurora_admin.gen.api.ttypes import ResourceAggregate
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import View
from aurora_admin.scheduler.storage.frames import Spool, entries
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.storage import NotReady, Storage
from aurora_admin.snapshot import writer
from aurora_admin.snapshot.sections import QUOTAS
from aurora_admin.wire import codec
from tests.scheduler.test_log import assert_fragments_are_told, fragments
from tests.support.waiting import wait_until
from tests.support.zookeeper_log import thread

QUOTA = codec.encode(ResourceAggregate(numCpus=1.0, ramMb=1, diskMb=1))


class Busy:
    """A storage on a log in ZooKeeper, and writers that set quotas until they are told to stop, or refused."""

    def __init__(self, logs, folder, most_bytes=None):
        engine = logs.open()
        self.failed, self.written = [], []
        self.log = Log(engine, str(folder), 1000)
        self.storage = Storage(self.log, str(folder), self.failed.append, most_bytes)
        self.storage.start()
        self.ended = threading.Event()

    def write(self, name):
        number = 0
        while not self.ended.is_set():
            role = b"%s-%d" % (name, number)
            try:
                with self.storage.transaction() as transaction:
                    transaction.ops.append(ops.save_quota(role, QUOTA))
            except NotReady:
                return
            self.written.append(role)
            number += 1


def roles_of_the_next_leader(logs, folder):
    """The state that another host finds: the roles that have a quota."""
    log = Log(logs.open("h2"), str(folder), 1000)
    log.take_over()
    stores = Stores(str(folder))
    log.replay(stores)
    return roles(stores)


def roles(stores):
    return {key[0] if isinstance(key, tuple) else key for key in stores.sections[QUOTAS]}


@pytest.mark.parametrize("written", [0, 1, 2, 3, 4, 5])
def test_3_a_snapshot_of_which_a_part_was_written_is_no_snapshot(logs, tmp_path, written):
    """A header and four chunks; nothing is forgotten before the last of them is durable."""
    busy = Busy(logs, tmp_path)
    with busy.storage.transaction() as transaction:
        transaction.ops.append(ops.save_quota(b"before", QUOTA))
    other = Stores(str(tmp_path))
    for _ in range(100):
        other.apply(ops.save_quota(os.urandom(8).hex().encode(), QUOTA))
    with closing(Spool(str(tmp_path))) as spool:
        spool.deflate(writer.deduplicated_entry(View(other, 0)))
        records = list(spool.records(-(-spool.size // 4)))
    assert len(records) == 5
    busy.log.engine.append(records[:written])
    busy.log.engine.close()
    expected = roles(other) if written == 5 else {b"before"}
    assert roles_of_the_next_leader(logs, tmp_path) == expected
    assert logs.stored()[0][0] == 0


def test_15_snapshots_among_heavy_writes_lose_nothing_and_are_counted(logs, tmp_path):
    busy = Busy(logs, tmp_path)
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
    assert roles_of_the_next_leader(logs, tmp_path) == set(busy.written)


def test_15_a_log_that_grows_beyond_its_share_is_told_and_snapshotted_while_others_write(logs, tmp_path):
    busy = Busy(logs, tmp_path, most_bytes=8000)

    def snapshot():
        while not busy.ended.is_set():
            if busy.storage.outgrown.wait(0.1):
                busy.storage.snapshot()

    with thread(busy.write, b"a"), thread(snapshot):
        wait_until(lambda: busy.log.statistics["scheduler_log_snapshots"] >= 3, "snapshots by size")
        busy.ended.set()
    assert not busy.failed
    assert roles_of_the_next_leader(logs, tmp_path) == set(busy.written)


def test_21_a_restored_state_is_the_last_entry_and_later_writes_are_refused(logs, tmp_path):
    busy = Busy(logs, tmp_path)
    with thread(busy.write, b"a"), thread(busy.write, b"b"):
        wait_until(lambda: len(busy.written) > 20, "writers at work")
        with busy.storage.transaction() as transaction:
            transaction.ops.append(ops.save_quota(b"restored", QUOTA))
        view = busy.storage.view()
        seen = len(busy.written)
        wait_until(lambda: len(busy.written) > seen + 20, "writes after the view")
        busy.storage.replace_by(view)
    with pytest.raises(NotReady), busy.storage.transaction():
        pass
    busy.log.engine.close()
    with closing(logs.open("h2")) as engine:
        engine.fence()
        (entry,) = entries(engine.read_all(), pytest.fail)
    assert entry.position
    roles = roles_of_the_next_leader(logs, tmp_path)
    assert b"restored" in roles
    assert len(roles) < len(busy.written)


def test_13_fragments_in_zookeeper_are_left_out_and_told(logs, tmp_path):
    with closing(Spool(str(tmp_path))) as spool:
        series, whole = fragments(spool)
    logs.lead().append(series)
    assert_fragments_are_told(logs.lead("h2").read_all(), whole)
