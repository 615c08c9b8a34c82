"""Backup files: complete or not at all, named, listed and pruned (docs/storage.md 4)."""

import os
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from aurora_admin.backup.writer import BackupFailed
from aurora_admin.gen.api.ttypes import Resource, ResourceAggregate
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.backup_folder import BackupFolder
from aurora_admin.wire import codec
from tests.support.jobs import job
from tests.support.recovery import NAME, OK, backup_names, fill_disk, put_backup, sample
from tests.support.statistics import variables
from tests.support.thrift_calls import call, code_and_text, get
from tests.support.waiting import wait_until

GIVEN_NAME = r"scheduler-backup-\d{4}-\d\d-\d\d-\d\d-\d\d(-\d\d)?"
QUOTA = ResourceAggregate(resources={Resource(numCpus=1.0), Resource(ramMb=2), Resource(diskMb=3)})


def test_backups_of_one_minute_do_not_replace_each_other(scheduler):
    one = scheduler()
    for _ in range(3):
        assert code_and_text(call(one.url, "performBackup")) == OK
    assert len(backup_names(one)) == 3
    assert all(re.fullmatch(GIVEN_NAME, name) for name in backup_names(one))
    assert all(codec.decode(Snapshot, (one.backup_dir / name).read_bytes()).timestamp for name in backup_names(one))


def test_only_backups_are_listed(scheduler):
    one = scheduler()
    put_backup(one)
    for name in ("temp_scheduler-backup-1", "manifest_x.json", "notes.txt"):
        (one.backup_dir / name).write_text("not a backup")
    (one.backup_dir / "scheduler-backup-folder").mkdir()
    (one.backup_dir / "scheduler-backup-link").symlink_to(one.backup_dir / NAME)
    assert call(one.url, "listBackups").result.listBackupsResult.backups == {NAME}


def test_only_the_oldest_backups_of_the_scheduler_are_pruned(scheduler):
    one = scheduler("-max_saved_backups=2")
    for name in (NAME, "scheduler-backup-2020-01-01-00-00", "scheduler-backup-0.keep"):
        put_backup(one, name=name)
    call(one.url, "performBackup")
    (fresh,) = set(backup_names(one)) - {NAME, "scheduler-backup-2020-01-01-00-00", "scheduler-backup-0.keep"}
    assert backup_names(one) == ["scheduler-backup-0.keep", NAME, fresh]


def test_the_newest_backup_is_kept_even_if_the_clock_went_back(scheduler):
    one = scheduler("-max_saved_backups=1")
    put_backup(one, name="scheduler-backup-2099-01-01-00-00")
    put_backup(one, name="scheduler-backup-2099-01-02-00-00")
    call(one.url, "performBackup")
    (left,) = backup_names(one)
    assert "2099" not in left


def test_a_staged_backup_is_not_pruned(scheduler):
    """An operator may be about to commit it."""
    one = scheduler("-max_saved_backups=1")
    put_backup(one)
    assert code_and_text(call(one.url, "stageRecovery", backupId=NAME)) == OK
    for _ in range(2):
        assert code_and_text(call(one.url, "performBackup")) == OK
        assert len(backup_names(one)) == 2
        assert NAME in backup_names(one)
    call(one.url, "unloadRecovery")
    assert code_and_text(call(one.url, "performBackup")) == OK
    assert NAME not in backup_names(one)
    assert len(backup_names(one)) == 1


def test_a_backup_that_cannot_be_written_is_an_error_and_leaves_nothing(scheduler, small_disk):
    one = scheduler(started=False)
    one.backup_dir = small_disk / "backups"
    one.backup_dir.mkdir()
    one.start()
    call(one.url, "setQuota", ownerRole="r", quota=QUOTA)
    fill_disk(small_disk, 0)
    answer = code_and_text(call(one.url, "performBackup"))
    assert answer[0] == "ERROR"
    text = f"Failed to write a backup into {one.backup_dir}: No space left on device. Free some space on the disk of "
    assert answer[1].startswith(text)
    assert os.listdir(one.backup_dir) == []
    assert "scheduler_backup_failed 1" in get(one.url, "/vars")[1].splitlines()


def test_a_backup_folder_that_became_read_only_is_named(scheduler, small_disk):
    one = scheduler(started=False)
    one.backup_dir = small_disk / "backups"
    one.backup_dir.mkdir()
    one.start()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code, text = code_and_text(call(one.url, "performBackup"))
    assert code == "ERROR"
    assert f"Read-only file system. {one.backup_dir} is on a file system that is mounted read-only" in text
    assert "space" not in text


def test_nothing_is_pruned_when_a_backup_could_not_be_written(scheduler, small_disk):
    """Neither before nor after the failure: no further backup may succeed."""
    one = scheduler("-max_saved_backups=1", started=False)
    one.backup_dir = small_disk / "backups"
    one.backup_dir.mkdir()
    kept = {NAME, "scheduler-backup-2020-01-01-00-00"}
    for name in kept:
        put_backup(one, name=name)
    one.start()
    ballast = fill_disk(small_disk, 0)
    assert code_and_text(call(one.url, "performBackup"))[0] == "ERROR"
    assert set(backup_names(one)) == kept
    ballast.unlink()
    assert code_and_text(call(one.url, "performBackup")) == OK
    assert len(backup_names(one)) == 1


def test_a_write_to_a_full_disk_changes_nothing(scheduler, small_disk):
    """A change that is not durable in the log is not visible."""
    one = scheduler(started=False)
    one.log_dir = small_disk / "log"
    one.start()
    assert code_and_text(call(one.url, "setQuota", ownerRole="before", quota=QUOTA)) == OK
    ballast = fill_disk(small_disk, 0)
    written = 0
    while code_and_text(call(one.url, "setQuota", ownerRole=f"role-{written}", quota=QUOTA)) == OK:
        written += 1
        assert written < 10_000
    code, text = code_and_text(call(one.url, "setQuota", ownerRole="late", quota=QUOTA))
    assert (code, "nothing was written" in text) == ("ERROR", True)
    assert cpus(one, "late") == 0
    ballast.unlink()
    assert code_and_text(call(one.url, "setQuota", ownerRole="after", quota=QUOTA)) == OK
    one.kill()
    one.start()
    assert [cpus(one, role) for role in ("before", "late", "after", f"role-{written}")] == [1, 0, 1, 0]


def cpus(one, role: str) -> float:
    quota = call(one.url, "getQuota", ownerRole=role).result.getQuotaResult.quota
    return next(resource.numCpus for resource in quota.resources if resource.numCpus is not None)


def test_backups_and_snapshots_are_made_at_intervals(scheduler):
    one = scheduler("-backup_interval=1secs", "-dlog_snapshot_interval=1secs")
    wait_until(lambda: len(backup_names(one)) >= 2, "two backups")
    wait_until(lambda: variables(one)["scheduler_log_snapshots"] >= 2, "two snapshots")


def test_a_log_that_has_grown_gets_a_snapshot_before_the_interval_ends(scheduler):
    one = scheduler("-log_snapshot_bytes=1KB")

    def a_snapshot_after_a_write() -> bool:
        assert code_and_text(call(one.url, "setQuota", ownerRole="role", quota=QUOTA)) == OK
        return variables(one)["scheduler_log_snapshots"] != 0

    wait_until(a_snapshot_after_a_write, "a snapshot long before the interval is over")
    one.kill()
    one.start()
    assert cpus(one, "role") == 1


def test_the_interval_counts_from_the_newest_backup_on_disk(scheduler):
    one = scheduler("-backup_interval=1hrs", started=False)
    put_backup(one)
    os.utime(one.backup_dir / NAME, (0, 0))
    one.start()
    wait_until(lambda: len(backup_names(one)) == 2, "the overdue backup")


def test_the_newest_backup_is_the_one_that_was_finished_last(tmp_path):
    """The time zone of names may differ. A time in the future would delay the next backup for ever."""
    backups = BackupFolder(str(tmp_path), 48, "west", clock=lambda: 1000.0)
    assert backups.newest_time() is None
    finished_at = {
        NAME: 900,
        "scheduler-backup-2099-01-01-00-00": 500,
        f"{NAME}-01": 1001,
        "notes": 999,
        f"{NAME}.keep": 998,
    }
    for name, finished in finished_at.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (finished, finished))
    assert backups.newest_time() == 900


def test_a_truncated_backup_does_not_count_towards_the_limit(scheduler):
    one = scheduler("-max_saved_backups=2", "-backup_interval=1000days")
    cut = {
        "scheduler-backup-2020-01-01-00-00": sample()[:20_000].rstrip(b"\0"),
        "scheduler-backup-2099-01-01-00-00": b"",
    }
    for name, raw in cut.items():
        put_backup(one, raw, name)
    for _ in range(3):
        assert code_and_text(call(one.url, "performBackup")) == OK
    made = sorted(set(backup_names(one)) - cut.keys())
    assert len(made) == 2
    assert set(backup_names(one)) == {*made, *cut}
    (one.backup_dir / made[0]).write_bytes(b"shorter\0")
    assert code_and_text(call(one.url, "performBackup")) == OK
    assert len(backup_names(one)) == 5
    assert one.log.count("is incomplete, or differs from its manifest") >= 3


def test_backups_go_on_after_an_unexpected_failure(scheduler):
    """The spill file is truncated, as if the disk had lost it."""
    one = scheduler("-backup_interval=1secs", "-max_saved_backups=1000")
    assert code_and_text(call(one.url, "createJob", description=job())) == OK

    def is_spill(path: Path) -> bool:
        with suppress(FileNotFoundError):  # it has been closed since the folder was listed
            name = os.readlink(path)
            return "(deleted)" in name and str(one.log_dir) in name and path.stat().st_size > 0
        return False

    (spill,) = filter(is_spill, Path(f"/proc/{one.process.pid}/fd").iterdir())
    os.truncate(spill, 0)
    wait_until(lambda: variables(one)["scheduler_backup_failed"] != 0, "the failure counted")
    assert "Traceback" not in one.log


@pytest.fixture
def view(tmp_path):
    """An empty state."""
    return StateView(Stores(str(tmp_path)), 1)


def test_names_have_the_time_in_utc(tmp_path, view, monkeypatch):
    backups = BackupFolder(str(tmp_path / "backups"), 48, "west", clock=lambda: 1_500_000_000)
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert backups.save(view) == "scheduler-backup-2017-07-14-02-40"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_minute_has_a_hundred_names(tmp_path, view):
    counted = Statistics()
    backups = BackupFolder(str(tmp_path), 1000, "west", clock=lambda: 1_500_000_000, statistics=counted)
    (tmp_path / "scheduler-backup-2017-07-14-02-40-98").touch()
    assert backups.save(view) == "scheduler-backup-2017-07-14-02-40-99"
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(BackupFailed, match=f"Every name for a new backup in {tmp_path} is taken; try again in a min"):
        backups.save(view)
    assert sorted(os.listdir(tmp_path)) == before
    assert (counted["scheduler_backup_success"], counted["scheduler_backup_failed"]) == (1, 1)


def test_a_backup_leaves_the_log_as_it_is(scheduler):
    one = scheduler()
    before = variables(one)["scheduler_log_entries_written"]
    assert code_and_text(call(one.url, "performBackup")) == OK
    assert variables(one)["scheduler_log_entries_written"] == before
    assert variables(one)["scheduler_backup_success"] == 1


def test_a_missing_backup_folder_is_named(scheduler):
    one = scheduler()
    subprocess.run(["rm", "-r", str(one.backup_dir)], check=True)
    advice = f"{one.backup_dir} is missing: check the path, and that its disk is mounted."
    missing = f"No such file or directory. {advice}"
    code, text = code_and_text(call(one.url, "listBackups"))
    assert (code, text) == ("ERROR", f"Failed to list backup dir {one.backup_dir}: {missing}")
    code, text = code_and_text(call(one.url, "performBackup"))
    assert (code, text) == ("ERROR", f"Failed to write a backup into {one.backup_dir}: {missing}")


def test_a_backup_of_the_scheduler_can_be_staged(scheduler):
    one = scheduler()
    put_backup(one)
    call(one.url, "stageRecovery", backupId=NAME)
    call(one.url, "commitRecovery")
    assert one.wait_exit() == 0
    one.start()
    call(one.url, "performBackup")
    (fresh,) = set(backup_names(one)) - {NAME}
    assert code_and_text(call(one.url, "stageRecovery", backupId=fresh)) == OK
    assert len(codec.decode(Snapshot, (one.backup_dir / fresh).read_bytes()).tasks) == len(
        codec.decode(Snapshot, sample()).tasks
    )


def test_a_file_whose_name_is_not_utf_8_is_an_other_file(scheduler):
    one = scheduler()
    put_backup(one)
    (one.backup_dir / os.fsdecode(b"scheduler-backup-2026-11-23-\xff")).write_bytes(b"")
    reply = call(one.url, "listBackups")
    assert reply.result.listBackupsResult.backups == {NAME}
    [detail] = reply.details
    assert detail.message == (
        f"1 other file in {one.backup_dir}: only regular files whose names begin with scheduler-backup-, in UTF-8, "
        "are listed"
    )
    assert code_and_text(call(one.url, "performBackup")) == OK
