"""The write path without a process around it: order, and what happens when the log fails."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aurora_admin.scheduler.storage.engine import LogBroken, LogError, LogFull
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.storage import NotReady, Storage
from tests.support.storage import QUOTA
from tests.support.waiting import DEADLINE_SECONDS


def test_nothing_is_written_behind_a_committed_recovery(made):
    """A transaction there would be replayed onto the restored state (docs/storage.md 5.1)."""
    made.write()
    made.storage.replace_by(made.storage.view())
    before = made.entries
    for attempt in (made.write, made.storage.snapshot, made.storage.view, lambda: made.quotas):
        with pytest.raises(NotReady):
            attempt()
    assert made.entries == before
    assert len(before) == 1


def test_a_transaction_without_ops_writes_nothing(made):
    before = made.entries
    with made.storage.transaction():
        pass
    assert made.entries == before


def test_a_handler_that_fails_writes_nothing(made):
    def handler():
        with made.storage.transaction() as transaction:
            transaction.ops.append(QUOTA)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        handler()
    assert made.quotas == 0
    assert len(made.entries) == 1


def test_a_full_log_is_told_and_the_storage_goes_on(made, monkeypatch):
    def full(records):
        raise LogFull("no room")

    with monkeypatch.context() as patch:
        patch.setattr(made.engine, "append", full)
        with pytest.raises(LogFull):
            made.write()
    assert made.quotas == 0
    made.write()
    assert made.quotas == 1
    assert made.told == []


def test_a_snapshot_counts_also_where_no_room_is_left_to_truncate(made, monkeypatch):
    """To call a durable snapshot a failure would let transactions on the old state be written behind it."""

    def full(position):
        raise LogFull("no room")

    made.write()
    with monkeypatch.context() as patch:
        patch.setattr(made.engine, "truncate_before", full)
        made.storage.replace_by(made.storage.view())
    with pytest.raises(NotReady):
        made.write()
    made.reopen()
    assert made.quotas == 1
    assert len(made.entries) == 4
    made.storage.snapshot()
    assert len(made.entries) == 1


def test_truncation_waits_for_the_snapshot(made, monkeypatch):
    done: list[str] = []
    append, truncate = made.engine.append, made.engine.truncate_before
    monkeypatch.setattr(made.engine, "append", lambda records: (append(records), done.append("append"))[0])
    monkeypatch.setattr(made.engine, "truncate_before", lambda at: (done.append("truncate"), truncate(at))[1])
    made.storage.snapshot()
    assert done == ["append", "truncate"]


def test_the_log_outgrows_its_snapshot(made):
    made.storage._most_bytes = 100
    assert not made.storage.outgrown.is_set()
    for _ in range(10):
        made.write()
    assert made.storage.outgrown.is_set()
    made.reopen(most_bytes=100)
    assert made.storage.outgrown.is_set()
    made.storage.snapshot()
    assert not made.storage.outgrown.is_set()


def test_a_broken_log_ends_the_process_and_closes_the_storage(made, monkeypatch):
    def broken(records):
        raise LogBroken("unknown outcome")

    monkeypatch.setattr(made.engine, "append", broken)
    with pytest.raises(LogError):
        made.write()
    assert len(made.told) == 1
    assert made.told[0].startswith("unknown outcome")
    with pytest.raises(NotReady):
        made.write()


def test_a_snapshot_holds_all_and_nothing_stands_before_it(made):
    for _ in range(3):
        made.write()
    made.storage.snapshot()
    assert len(made.entries) == 1
    made.write()
    assert len(made.entries) == 2


def test_nobody_waits_for_a_replay(made, monkeypatch):
    """An elected scheduler may take a minute for it, and says meanwhile that it is not ready."""
    made.write()
    replaying, may_go_on = threading.Event(), threading.Event()
    read_all = made.engine.read_all

    def slow():
        replaying.set()
        may_go_on.wait()
        return read_all()

    monkeypatch.setattr(made.engine, "read_all", slow)
    again = Storage(Log(made.engine, str(made.folder), 512 * 1024), str(made.folder), made.told.append)
    starting = threading.Thread(target=again.start)
    starting.start()
    replaying.wait()
    with ThreadPoolExecutor() as pool:
        uses = [pool.submit(use) for use in (again.view, again.snapshot, lambda: again.replace_by(None))]
        try:
            assert [type(use.exception(DEADLINE_SECONDS)) for use in uses] == [NotReady] * 3
        finally:
            may_go_on.set()
    starting.join()
    assert len(again.view().sections[8]) == 1
