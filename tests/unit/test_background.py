"""When background work is run, repeated and ended."""

import threading

import pytest

from aurora_admin.backup.writer import BackupFailed
from aurora_admin.scheduler import background
from aurora_admin.scheduler.background import PeriodicTask
from aurora_admin.scheduler.storage.storage import StorageNotReady
from tests.support.waiting import DEADLINE_SECONDS, wait_until


def is_running(name: str) -> bool:
    return any(thread.name == name for thread in threading.enumerate())


@pytest.fixture
def task():
    """`task(seconds_until_due, run, ...)` starts one, which is stopped after the test."""
    started = []

    def start(*arguments, **options) -> PeriodicTask:
        one = PeriodicTask("background-test", *arguments, **options)
        started.append(one)
        one.start()
        return one

    yield start
    for one in started:
        one.stop()
    wait_until(lambda: not is_running("background-test"), "the end of the task")


def test_it_runs_whenever_it_is_due(task):
    runs = threading.Semaphore(0)
    task(lambda elapsed: 0.001 - elapsed, runs.release)
    for _ in range(3):
        assert runs.acquire(timeout=DEADLINE_SECONDS)


def test_the_time_to_the_next_run_counts_from_the_last_one(task):
    asked, ran = [], threading.Event()

    def seconds_until_due(elapsed):
        asked.append(elapsed)
        return 0 if len(asked) == 1 else 3600

    task(seconds_until_due, ran.set)
    assert ran.wait(DEADLINE_SECONDS)
    wait_until(lambda: len(asked) == 2, "the next wait")
    assert 0 <= asked[1] < DEADLINE_SECONDS


def test_a_task_that_is_not_due_is_looked_at_again(task, monkeypatch):
    """What makes a backup due may change during the wait: files may be deleted, and clocks be set."""
    monkeypatch.setattr(background, "RECHECK_SECONDS", 0.001)
    left, ran = iter([3600, 3600, 0, 3600]), threading.Event()
    task(lambda elapsed: next(left, 3600), ran.set)
    assert ran.wait(DEADLINE_SECONDS)


def test_an_event_makes_it_due_before_its_time(task):
    wake, ran = threading.Event(), threading.Event()

    def run():
        wake.clear()
        ran.set()

    task(lambda elapsed: 3600, run, wake=wake)
    wake.set()
    assert ran.wait(DEADLINE_SECONDS)


@pytest.mark.parametrize(
    ("failure", "logged"),
    [(BackupFailed("no room"), ("WARNING", False)), (ValueError("on purpose"), ("ERROR", True))],
    ids=repr,
)
def test_a_run_that_fails_is_logged_and_repeated(task, monkeypatch, caplog, failure, logged):
    monkeypatch.setattr(background, "RETRY_SECONDS", 0.0)
    runs, ran_again = [], threading.Event()

    def run():
        runs.append("run")
        if len(runs) == 1:
            raise failure
        ran_again.set()

    task(lambda elapsed: 0 if len(runs) < 2 else 3600, run)
    assert ran_again.wait(DEADLINE_SECONDS)
    (record,) = caplog.records
    assert record.message == f"background-test failed: {failure}"
    assert (record.levelname, bool(record.exc_info)) == logged


def test_a_task_that_fails_while_its_event_is_set_waits_before_it_is_repeated(task, caplog):
    """As a snapshot of a log that has outgrown its size, on a full disk: it must not fail a thousand times a second."""
    wake = threading.Event()
    wake.set()
    runs = []

    def run():
        runs.append("run")
        raise BackupFailed("no room")

    one = task(lambda elapsed: 3600, run, wake=wake)
    wait_until(lambda: caplog.records, "the failure in the log")
    one.stop()
    wait_until(lambda: not is_running("background-test"), "the end of the task")
    assert runs == ["run"]


def test_a_storage_that_is_closed_ends_it_silently(task, caplog):
    def run():
        raise StorageNotReady("Storage is not READY")

    task(lambda elapsed: 0, run)
    wait_until(lambda: not is_running("background-test"), "the end of the task")
    assert not caplog.records


def test_a_task_that_waits_is_stopped_at_once(task):
    one = task(lambda elapsed: 3600, lambda: None)
    assert is_running("background-test")
    one.stop()
    wait_until(lambda: not is_running("background-test"), "the end of the task")
