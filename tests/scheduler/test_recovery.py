"""A recovery on a running scheduler: stage, look, delete, commit, restart; and what must survive it."""

import gzip
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from thrift.Thrift import TType

from aurora_admin.backup.file import BackupError
from aurora_admin.gen.api.ttypes import JobKey, ResponseCode, ScheduleStatus, TaskQuery
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.recovery import Recovery
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from tests.conftest import CHECKOUT
from tests.support.thrift_calls import call, get, said, tasks
from tests.support.waiting import DEADLINE_SECONDS

SAMPLE = CHECKOUT / "tests" / "data" / "sample-backup"
NAME = "scheduler-backup-2026-11-22-10-00"
OK = ("OK", "")
SNAPSHOT_TASKS = 4


def sample() -> bytes:
    return SAMPLE.read_bytes()


def place(scheduler, raw: bytes | None = None, name: str = NAME) -> str:
    (scheduler.backup_dir / name).write_bytes(sample() if raw is None else raw)
    return name


def task_bytes(raw: bytes) -> dict[bytes, bytes]:
    """The tasks of a backup by their ids, as they stand in it."""
    items = fields.elements(fields.get(raw, SNAPSHOT_TASKS))[1]
    return {fields.get(item, 1, 1)[4:]: item for item in items}


def records(raw: bytes, section: int) -> list[bytes]:
    """The records of a section, sorted; blockIfNoPulsesAfterMs 0 means that no pulses are wanted, and is left out."""
    found = fields.elements(fields.get(raw, section))[1]
    pulses = (1, 1, 2, 3, 9)
    return sorted(fields.drop(one, pulses) if fields.get(one, *pulses) == bytes(4) else one for one in found)


def commit(scheduler) -> None:
    assert said(call(scheduler.url, "commitRecovery")) == OK
    assert scheduler.wait_exit() == 0, scheduler.log


def new_backup(scheduler) -> bytes:
    before = backups(scheduler)
    assert said(call(scheduler.url, "performBackup")) == OK
    (path,) = backups(scheduler) - before
    return path.read_bytes()


def backups(scheduler) -> set[Path]:
    return set(scheduler.backup_dir.glob("scheduler-backup-*"))


@pytest.fixture
def running(scheduler):
    return scheduler()


def test_committed_state_is_there_after_the_restart(running):
    place(running)
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == OK
    commit(running)
    running.start()
    expected = codec.decode(Snapshot, sample())
    found = tasks(running.url)
    assert {task.assignedTask.taskId for task in expected.tasks} == set(found)
    assert all(same(task, found[task.assignedTask.taskId]) for task in expected.tasks)


def test_deleted_tasks_do_not_come_back(running):
    place(running)
    call(running.url, "stageRecovery", backupId=NAME)
    ids = sorted(task_id.decode() for task_id in task_bytes(sample()))
    assert said(call(running.url, "deleteRecoveryTasks", query=TaskQuery(taskIds=set(ids[:3])))) == OK
    commit(running)
    running.start()
    assert sorted(tasks(running.url)) == ids[3:]


def test_staging_changes_nothing_that_runs(running):
    place(running)
    call(running.url, "stageRecovery", backupId=NAME)
    assert tasks(running.url) == {}
    running.kill()
    running.start()
    assert tasks(running.url) == {}
    assert said(call(running.url, "commitRecovery")) == ("ERROR", "No backup loaded.")


def test_what_is_not_known_survives_commit_restart_and_the_next_backup(running):
    """Unknown fields, unknown union members and bytes that are not UTF-8 (docs/architecture.md 4.2)."""
    raw = sample()
    known = task_bytes(raw)
    task_id, task = next(iter(known.items()))
    odd = fields.put(task, [77], 11, fields.string(b"\xff\xfe not utf-8"))
    odd = fields.put(odd, [1, 4, 99], 12, fields.join([fields.Field(5, 10, fields.i64(-1))]))
    # A resource of a kind that no release has, next to the known ones.
    odd = fields.append(odd, [1, 4, 32], 14, fields.join([fields.Field(9, 10, fields.i64(7))]))
    odd = fields.put(odd, [1, 3], 11, fields.string(b"host-\xff"))
    changed = fields.container(12, [odd if item == task else item for item in known.values()])
    raw = fields.put(raw, [SNAPSHOT_TASKS], 14, changed)
    raw = fields.put(raw, [55], 11, fields.string(b"\x00section of the future\xff"))
    place(running, raw)
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == OK
    commit(running)
    running.start()
    saved = new_backup(running)
    assert task_bytes(saved) == {**known, task_id: odd}
    assert fields.get(saved, 55) == fields.get(raw, 55)
    call(running.url, "snapshot")
    running.restart()
    assert task_bytes(new_backup(running))[task_id] == odd


def test_the_next_backup_holds_every_section_as_it_was(running):
    place(running)
    call(running.url, "stageRecovery", backupId=NAME)
    commit(running)
    running.start()
    saved = new_backup(running)
    for section in (3, 5, 8, 10, 13):
        assert records(saved, section) == records(sample(), section), section
    assert fields.get(saved, 6, 1) == fields.get(sample(), 6, 1)


def test_staging_tells_counts_age_and_framework_ids(running):
    place(running)
    call(running.url, "stageRecovery", backupId=NAME)
    expected = codec.decode(Snapshot, sample())
    assert f"{len(expected.tasks)} tasks" in running.log
    assert f"{len(expected.quotaConfigurations)} quotas" in running.log
    assert "was taken" in running.log
    assert f"Framework id of the backup: {expected.schedulerMetadata.frameworkId}; of the running state:" in running.log


def test_a_backup_of_today_is_not_called_old_and_one_from_the_future_is_told(scheduler):
    one = scheduler()
    later = fields.put(sample(), [1], TType.I64, fields.i64(int((time.time() + 3 * 86400 + 60) * 1000)))
    assert said(call(one.url, "stageRecovery", backupId=place(one, later))) == OK
    assert f"WARNING Staged backup {NAME} is of 3 days 00:0" in one.log
    assert "from now: a clock is wrong" in one.log
    assert "shape" not in one.log


def test_a_second_stage_is_refused_and_harms_nothing(running):
    place(running)
    call(running.url, "stageRecovery", backupId=NAME)
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == ("ERROR", "Another backup is already loaded.")
    assert said(call(running.url, "stageRecovery", backupId="no-such")) == (
        "ERROR",
        "Another backup is already loaded.",
    )
    assert said(call(running.url, "unloadRecovery")) == OK
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == OK


def test_a_second_stage_is_refused_while_the_first_goes_on(tmp_path, monkeypatch):
    reading, may_go_on = threading.Event(), threading.Event()

    def slow(*arguments):
        reading.set()
        may_go_on.wait()
        raise BackupError("never mind")

    monkeypatch.setattr("aurora_admin.scheduler.recovery.read_verified", slow)
    recovery = Recovery(str(tmp_path), None)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(recovery.stage, NAME)
        reading.wait()
        second = pool.submit(recovery.stage, NAME)
        try:
            assert str(second.exception(DEADLINE_SECONDS)) == "Another backup is already loaded."
        finally:
            may_go_on.set()
        assert str(first.exception(DEADLINE_SECONDS)) == "never mind"
    with pytest.raises(BackupError):
        recovery.stage(NAME)


@pytest.mark.parametrize("method", ["queryRecovery", "deleteRecoveryTasks"])
def test_nothing_staged_is_said(running, method):
    assert said(call(running.url, method, query=TaskQuery())) == ("ERROR", "No backup loaded.")


def test_an_overwritten_file_is_refused_at_query_and_commit(running):
    place(running)
    call(running.url, "stageRecovery", backupId=NAME)
    (running.backup_dir / NAME).write_bytes(sample()[::-1])
    for response in (call(running.url, "queryRecovery", query=TaskQuery()), call(running.url, "commitRecovery")):
        assert said(response)[0] == "ERROR"
        assert "has changed since it was staged" in said(response)[1]
    assert said(call(running.url, "unloadRecovery")) == OK


def test_a_deleted_file_is_refused_at_commit(running):
    place(running)
    call(running.url, "stageRecovery", backupId=NAME)
    (running.backup_dir / NAME).unlink()
    assert "has changed since it was staged" in said(call(running.url, "commitRecovery"))[1]


def test_writes_are_refused_once_a_recovery_is_committed(running):
    """A transaction behind the snapshot would be replayed onto the restored state (docs/storage.md 5.1)."""
    place(running)
    call(running.url, "stageRecovery", backupId=NAME)
    killed = JobKey(role="nobody", environment="prod", name="nothing")
    answers = []

    def write() -> None:
        with suppress(OSError):
            while not answers or answers[-1].responseCode == ResponseCode.OK:
                answers.append(call(running.url, "killTasks", job=killed))

    writer = threading.Thread(target=write)
    writer.start()
    commit(running)
    writer.join()
    assert all(
        said(answer) in (("OK", "No tasks to kill."), ("ERROR_TRANSIENT", "Storage is not READY")) for answer in answers
    )
    running.start()
    assert len(tasks(running.url)) == len(task_bytes(sample()))


def test_statuses_and_other_filters_select_in_the_staged_backup(running):
    place(running)
    call(running.url, "stageRecovery", backupId=NAME)
    everything = codec.decode(Snapshot, sample()).tasks
    for query, wanted in (
        (TaskQuery(statuses={ScheduleStatus.RUNNING}), lambda t: t.status == ScheduleStatus.RUNNING),
        (TaskQuery(role="www"), lambda t: t.assignedTask.task.job.role == "www"),
        (TaskQuery(instanceIds={0, 1}), lambda t: t.assignedTask.instanceId in (0, 1)),
        (TaskQuery(taskIds=set(), limit=1), lambda t: True),
    ):
        found = call(running.url, "queryRecovery", query=query).result.queryRecoveryResult.tasks
        expected = {t.assignedTask.taskId for t in everything if wanted(t)}
        assert {t.assignedTask.taskId for t in found} == expected


@pytest.mark.parametrize("timestamp", [0, -1, 2**63 - 1, -(2**63)])
def test_no_timestamp_keeps_a_committed_state_from_starting(running, timestamp):
    place(running, fields.put(sample(), [1], 10, fields.i64(timestamp)))
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == OK
    commit(running)
    running.start()
    assert len(tasks(running.url)) == len(task_bytes(sample()))
    assert fields.get(new_backup(running), 6, 1) == fields.get(sample(), 6, 1)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_with_status_0(running, signal_number):
    assert running.stop(signal_number) == 0
    assert "Stopped" in running.log


def test_leader_health_and_variables(running):
    assert get(running.url, "/health") == (200, "OK\n")
    status, text = get(running.url, "/leaderhealth")
    assert (status, text.splitlines()[0]) == (200, "Current status: This is the leading scheduler.")
    lines = get(running.url, "/vars")[1].splitlines()
    assert lines == sorted(lines)
    assert {"scheduler_lifecycle_ACTIVE 1", "scheduler_lifecycle_DEAD 0", "framework_registered 1"} <= set(lines)


@pytest.mark.parametrize("name", ["small-022", "jobs-10k-022.gz"])
def test_backups_of_a_real_scheduler_come_back_whole(scheduler, fixtures, name):
    raw = (fixtures / "backups" / name).read_bytes()
    raw = gzip.decompress(raw) if name.endswith(".gz") else raw
    running = scheduler()
    place(running, raw)
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == OK
    commit(running)
    running.start()
    saved = new_backup(running)
    assert task_bytes(saved) == task_bytes(raw)
    for section in (3, 5, 8, 10, 13):
        assert records(saved, section) == records(raw, section), section
