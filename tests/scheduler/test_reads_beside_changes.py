"""Calls that read work on the state of one moment, although they let go of the storage before they are done."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from aurora_admin.gen.api.ReadOnlyScheduler import (
    getJobs_args,
    getJobSummary_args,
    getPendingReason_args,
    getQuota_args,
    getRoleSummary_args,
)
from aurora_admin.gen.api.ttypes import ScheduleStatus, TaskQuery
from aurora_admin.scheduler.api.handlers import HANDLERS
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot import task_table
from aurora_admin.wire.codec import encode
from tests.support.jobs import LONG_AGO, config, key, task

S = ScheduleStatus
TASKS = [
    *(task(config(key("web")), number, status) for number, status in enumerate((S.PENDING, S.RUNNING, S.FINISHED))),
    # The task with the latest event says what the config of the job is.
    *(task(config(key("api"), priority=n), n, S.RUNNING, LONG_AGO + 1000 * n) for n in range(4)),
    *(task(config(key("old")), number, S.FAILED) for number in range(3)),
    task(config(key("db", "db")), 0, S.PENDING),
]
CALLS = {
    "getJobSummary": getJobSummary_args(),
    "getJobs": getJobs_args(),
    "getRoleSummary": getRoleSummary_args(),
    "getQuota": getQuota_args("www"),
    "getPendingReason": getPendingReason_args(TaskQuery()),
}


class ChangedAtOnce:
    """A storage in which others change every task as soon as a reader lets go of it."""

    def __init__(self, stores, change):
        self.stores = stores
        self.change = change

    @contextmanager
    def read(self):
        yield self.stores
        self.change(self.stores.tasks)


def leave(tasks):
    """Change nothing."""


def end_all(tasks):
    tasks.save_all([encode(task(config(key("web"), priority=9), number, S.LOST)) for number in range(9)])
    tasks.remove(tasks.select(task_table.TaskFilter(role=b"db")))
    tasks.save_all([encode(task(config(key("api"), priority=8), number, S.LOST)) for number in range(4)])
    tasks.save_all([encode(task(config(key("new", "new")), number)) for number in range(20)])


def answer(method, folder, change):
    """Return what the reply to a call is made of, in any order."""
    stores = Stores(str(folder))
    stores.tasks.save_all(map(encode, TASKS))
    services = SimpleNamespace(storage=ChangedAtOnce(stores, change), clock_ms=lambda: LONG_AGO)
    outcome = HANDLERS[method](services, CALLS[method])
    head, *pieces = outcome.result[1]
    return head, sorted(pieces)


@pytest.mark.parametrize("method", CALLS)
def test_an_answer_is_of_one_moment(method, tmp_path, monkeypatch):
    monkeypatch.setattr(task_table, "FEW_ROWS", 0)
    assert answer(method, tmp_path, end_all) == answer(method, tmp_path, leave)
