"""Sessions of the original client with a scheduler, whose state lasts from one command line to the next."""

import threading
from contextlib import contextmanager, nullcontext

import pytest

from aurora_admin.gen.api.ttypes import ScheduleStatus, TaskQuery
from aurora_admin.registry import Registry
from tests.support.hosts import force
from tests.support.jobs import BACKUP
from tests.support.recorded_cli import NOWHERE, comparable, expected, recorded, run_row
from tests.support.recorded_sessions import parts
from tests.support.thrift_calls import OK, call, code_and_text

OURS = {command.name for command in Registry().commands()}
REFERENCE = recorded("reference-scheduler-*.jsonl")
PARTS = parts(recorded("real-scheduler-*.jsonl"))
# The reference scheduler of the recording did not have these calls.
NEW_SINCE = "is not available in this reference scheduler."


def restored(running, raw):
    """Restore a snapshot, and return the URL."""
    (running.backup_dir / BACKUP).write_bytes(raw)
    assert code_and_text(call(running.url, "stageRecovery", backupId=BACKUP)) == OK
    assert code_and_text(call(running.url, "commitRecovery")) == OK
    assert running.wait_exit() == 0, running.log
    return running.start().url


def differing(rows, folder, url, *, is_real_time=False):
    """Run the rows of commands that are here, in order; return what differs, by place and part."""
    found = {}
    for row in rows:
        if row.needs() <= OURS:
            place = folder / str(row.number)
            place.mkdir()
            done, wanted = comparable(row, run_row(row, place, url, is_real_time=is_real_time)), expected(row)
            for part in wanted:
                if done[part] != wanted[part]:
                    found[f"{row.place} {row.line}: {part}"] = (done[part], wanted[part])
    return found


@contextmanager
def agents(running):
    """End the tasks that are being drained, as agents do."""
    has_ended = threading.Event()

    def work():
        query = TaskQuery(statuses={ScheduleStatus.DRAINING})
        while not has_ended.wait(0.2):
            found = call(running.url, "getTasksStatus", query=query).result.scheduleStatusResult.tasks
            force(running, [one.assignedTask.taskId for one in found])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_session_with_a_real_scheduler(part, scheduler, tmp_path):
    running = scheduler(started=part.name != "without a scheduler")
    url = restored(running, part.snapshot) if running.url else NOWHERE
    with agents(running) if part.has_agents else nullcontext():
        assert differing(part.rows, tmp_path, url, is_real_time=part.has_agents) == {}


def test_a_session_with_the_reference_scheduler(scheduler, fixtures, tmp_path):
    url = restored(scheduler(), (fixtures / "backups" / "small-022").read_bytes())
    assert differing([row for row in REFERENCE if NEW_SINCE not in row.stderr], tmp_path, url) == {}
