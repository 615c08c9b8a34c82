"""The storage without a process around it: the order of writes, and what happens when the log fails."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from aurora_admin.scheduler.storage.engine import FatalLogError, LogError, LogFull
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.storage import Storage, StorageNotReady
from aurora_admin.snapshot.sections import QUOTAS
from tests.support.storage import SAVE_QUOTA
from tests.support.waiting import DEADLINE_SECONDS


def test_nothing_is_written_after_a_committed_recovery(on_disk):
    """A transaction there would be replayed onto the restored state (docs/storage.md 5.1)."""
    on_disk.write()
    on_disk.storage.replace_with(on_disk.storage.view())
    before = on_disk.entries
    for attempt in (on_disk.write, on_disk.storage.snapshot, on_disk.storage.view, lambda: on_disk.quotas):
        with pytest.raises(StorageNotReady):
            attempt()
    assert on_disk.entries == before
    assert len(before) == 1


def test_a_transaction_without_ops_writes_nothing(on_disk):
    before = on_disk.entries
    with on_disk.storage.transaction():
        pass
    assert on_disk.entries == before


def test_a_handler_that_fails_writes_nothing(on_disk):
    def handler():
        with on_disk.storage.transaction() as transaction:
            transaction.ops.append(SAVE_QUOTA)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        handler()
    assert on_disk.quotas == 0
    assert len(on_disk.entries) == 1


def test_after_a_full_log_the_storage_continues(on_disk, monkeypatch):
    def full(records):
        raise LogFull("no space")

    with monkeypatch.context() as patch:
        patch.setattr(on_disk.engine, "append", full)
        with pytest.raises(LogFull):
            on_disk.write()
    assert on_disk.quotas == 0
    on_disk.write()
    assert on_disk.quotas == 1
    assert on_disk.failures == []


def test_a_snapshot_is_valid_even_if_truncation_fails(on_disk, monkeypatch):
    """If it were reported as failed, transactions on the old state would be written after it."""

    def full(position):
        raise LogFull("no space")

    on_disk.write()
    with monkeypatch.context() as patch:
        patch.setattr(on_disk.engine, "truncate_before", full)
        on_disk.storage.replace_with(on_disk.storage.view())
    with pytest.raises(StorageNotReady):
        on_disk.write()
    on_disk.reopen()
    assert on_disk.quotas == 1
    assert len(on_disk.entries) == 4
    on_disk.storage.snapshot()
    assert len(on_disk.entries) == 1


def test_the_snapshot_is_durable_before_the_log_is_truncated(on_disk, monkeypatch):
    done: list[str] = []
    append, truncate = on_disk.engine.append, on_disk.engine.truncate_before
    monkeypatch.setattr(on_disk.engine, "append", lambda records: (append(records), done.append("append"))[0])
    monkeypatch.setattr(on_disk.engine, "truncate_before", lambda at: (done.append("truncate"), truncate(at))[1])
    on_disk.storage.snapshot()
    assert done == ["append", "truncate"]


def test_a_snapshot_is_due_when_the_log_has_grown(on_disk):
    on_disk.storage._snapshot_bytes = 100
    assert not on_disk.storage.snapshot_due.is_set()
    for _ in range(10):
        on_disk.write()
    assert on_disk.storage.snapshot_due.is_set()
    on_disk.reopen(snapshot_bytes=100)
    assert on_disk.storage.snapshot_due.is_set()
    on_disk.storage.snapshot()
    assert not on_disk.storage.snapshot_due.is_set()


def test_a_fatal_error_of_the_log_stops_the_storage_and_is_reported_once(on_disk, monkeypatch):
    def fail(records):
        raise FatalLogError("unknown outcome")

    monkeypatch.setattr(on_disk.engine, "append", fail)
    with pytest.raises(LogError):
        on_disk.write()
    assert len(on_disk.failures) == 1
    assert on_disk.failures[0].startswith("unknown outcome")
    with pytest.raises(StorageNotReady):
        on_disk.write()


def test_a_snapshot_replaces_all_entries_before_it(on_disk):
    for _ in range(3):
        on_disk.write()
    on_disk.storage.snapshot()
    assert len(on_disk.entries) == 1
    on_disk.write()
    assert len(on_disk.entries) == 2


def test_calls_during_the_replay_fail_at_once(on_disk, monkeypatch):
    """A replay may take a minute; until then clients get the error that the storage is not ready."""
    on_disk.write()
    replaying, may_go_on = threading.Event(), threading.Event()
    read_all = on_disk.engine.read_all

    def slow():
        replaying.set()
        may_go_on.wait()
        return read_all()

    monkeypatch.setattr(on_disk.engine, "read_all", slow)
    starting_storage = Storage(
        Log(on_disk.engine, str(on_disk.folder), 512 * 1024), str(on_disk.folder), on_disk.failures.append
    )
    starting = threading.Thread(target=starting_storage.start)
    starting.start()
    replaying.wait()
    replace = partial(starting_storage.replace_with, None)
    with ThreadPoolExecutor() as pool:
        uses = [pool.submit(use) for use in (starting_storage.view, starting_storage.snapshot, replace)]
        try:
            assert [type(use.exception(DEADLINE_SECONDS)) for use in uses] == [StorageNotReady] * 3
        finally:
            may_go_on.set()
    starting.join()
    assert len(starting_storage.view().sections[QUOTAS]) == 1
