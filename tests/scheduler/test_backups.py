"""Backup files: whole or not at all, named, listed and pruned (docs/storage.md 4)."""

import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from aurora_admin.backup.writer import BackupFailed
from aurora_admin.gen.api.ttypes import Resource, ResourceAggregate
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler import lifecycle
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import View
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.backups import Backups
from aurora_admin.wire import codec
from tests.scheduler.test_log import fill
from tests.scheduler.test_recovery import NAME, OK, place, sample
from tests.support.jobs import job
from tests.support.statistics import variables
from tests.support.thrift_calls import call, get, said
from tests.support.waiting import DEADLINE_SECONDS, wait_until

GIVEN_NAME = r"scheduler-backup-\d{4}-\d\d-\d\d-\d\d-\d\d(-\d\d)?"
QUOTA = ResourceAggregate(resources={Resource(numCpus=1.0), Resource(ramMb=2), Resource(diskMb=3)})


def names(one) -> list[str]:
    """What is in the folder, but for manifests."""
    return sorted(name for name in os.listdir(one.backup_dir) if not name.startswith("manifest_"))


def test_backups_of_one_minute_do_not_replace_each_other(scheduler):
    one = scheduler()
    for _ in range(3):
        assert said(call(one.url, "performBackup")) == OK
    assert len(names(one)) == 3
    assert all(re.fullmatch(GIVEN_NAME, name) for name in names(one))
    assert all(codec.decode(Snapshot, (one.backup_dir / name).read_bytes()).timestamp for name in names(one))


def test_only_backups_are_listed(scheduler):
    one = scheduler()
    place(one)
    for name in ("temp_scheduler-backup-1", "manifest_x.json", "notes.txt"):
        (one.backup_dir / name).write_text("not a backup")
    (one.backup_dir / "scheduler-backup-folder").mkdir()
    (one.backup_dir / "scheduler-backup-link").symlink_to(one.backup_dir / NAME)
    assert call(one.url, "listBackups").result.listBackupsResult.backups == {NAME}


def test_the_oldest_of_ours_go_and_nobody_elses(scheduler):
    one = scheduler("-max_saved_backups=2")
    for name in (NAME, "scheduler-backup-2020-01-01-00-00", "scheduler-backup-0.keep"):
        place(one, name=name)
    call(one.url, "performBackup")
    (fresh,) = set(names(one)) - {NAME, "scheduler-backup-2020-01-01-00-00", "scheduler-backup-0.keep"}
    assert names(one) == ["scheduler-backup-0.keep", NAME, fresh]


def test_the_newest_stays_also_when_the_clock_went_back(scheduler):
    one = scheduler("-max_saved_backups=1")
    place(one, name="scheduler-backup-2099-01-01-00-00")
    place(one, name="scheduler-backup-2099-01-02-00-00")
    call(one.url, "performBackup")
    (left,) = names(one)
    assert "2099" not in left


def test_a_staged_backup_is_not_pruned(scheduler):
    """The oldest may be the one that an operator is about to commit."""
    one = scheduler("-max_saved_backups=1")
    place(one)
    assert said(call(one.url, "stageRecovery", backupId=NAME)) == OK
    for _ in range(2):
        assert said(call(one.url, "performBackup")) == OK
        assert len(names(one)) == 2
        assert NAME in names(one)
    call(one.url, "unloadRecovery")
    assert said(call(one.url, "performBackup")) == OK
    assert NAME not in names(one)
    assert len(names(one)) == 1


def test_a_backup_that_cannot_be_written_is_an_error_and_leaves_nothing(scheduler, small_disk):
    one = scheduler(started=False)
    one.backup_dir = small_disk / "backups"
    one.backup_dir.mkdir()
    one.start()
    call(one.url, "setQuota", ownerRole="r", quota=QUOTA)
    fill(small_disk, 0)
    answer = said(call(one.url, "performBackup"))
    assert answer == ("ERROR", f"Failed to write a backup into {one.backup_dir}: No space left on device.")
    assert os.listdir(one.backup_dir) == []
    assert "scheduler_backup_failed 1" in get(one.url, "/vars")[1].splitlines()


def test_nothing_is_pruned_when_a_backup_could_not_be_written(scheduler, small_disk):
    """Neither to make room nor afterwards: what is there may be all that there will ever be."""
    one = scheduler("-max_saved_backups=1", started=False)
    one.backup_dir = small_disk / "backups"
    one.backup_dir.mkdir()
    kept = {NAME, "scheduler-backup-2020-01-01-00-00"}
    for name in kept:
        place(one, name=name)
    one.start()
    ballast = fill(small_disk, 0)
    assert said(call(one.url, "performBackup"))[0] == "ERROR"
    assert set(names(one)) == kept
    ballast.unlink()
    assert said(call(one.url, "performBackup")) == OK
    assert len(names(one)) == 1


def test_a_write_that_finds_no_room_changes_nothing(scheduler, small_disk):
    """The log first: what could not be made durable is not to be seen either."""
    one = scheduler(started=False)
    one.log_dir = small_disk / "log"
    one.start()
    assert said(call(one.url, "setQuota", ownerRole="before", quota=QUOTA)) == OK
    ballast = fill(small_disk, 0)
    written = 0
    while said(call(one.url, "setQuota", ownerRole=f"role-{written}", quota=QUOTA)) == OK:
        written += 1
        assert written < 10_000
    code, text = said(call(one.url, "setQuota", ownerRole="late", quota=QUOTA))
    assert (code, "nothing was written" in text) == ("ERROR", True)
    assert cpus(one, "late") == 0
    ballast.unlink()
    assert said(call(one.url, "setQuota", ownerRole="after", quota=QUOTA)) == OK
    one.kill()
    one.start()
    assert [cpus(one, role) for role in ("before", "late", "after", f"role-{written}")] == [1, 0, 1, 0]


def cpus(one, role: str) -> float:
    quota = call(one.url, "getQuota", ownerRole=role).result.getQuotaResult.quota
    return next(resource.numCpus for resource in quota.resources if resource.numCpus is not None)


def test_backups_and_snapshots_are_made_by_the_clock(scheduler):
    one = scheduler("-backup_interval=1secs", "-dlog_snapshot_interval=1secs")
    wait_until(lambda: len(names(one)) >= 2, "two backups")
    wait_until(lambda: variables(one)["scheduler_log_snapshots"] >= 2, "two snapshots")


def test_a_log_that_has_grown_gets_a_snapshot_before_its_time(scheduler):
    one = scheduler("-log_snapshot_bytes=1KB")

    def a_snapshot_after_a_write() -> bool:
        assert said(call(one.url, "setQuota", ownerRole="role", quota=QUOTA)) == OK
        return variables(one)["scheduler_log_snapshots"] != 0

    wait_until(a_snapshot_after_a_write, "a snapshot long before the interval is over")
    one.kill()
    one.start()
    assert cpus(one, "role") == 1


def test_the_interval_counts_from_the_newest_backup_on_disk(scheduler):
    one = scheduler("-backup_interval=1hrs", started=False)
    place(one)
    os.utime(one.backup_dir / NAME, (0, 0))
    one.start()
    wait_until(lambda: len(names(one)) == 2, "the overdue backup")


def test_the_newest_backup_is_that_which_was_finished_last(tmp_path):
    """Whatever its name says, which may tell another time zone; and a time to come would put off the next for ever."""
    backups = Backups(str(tmp_path), 48, "west", clock=lambda: 1000.0)
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


def test_what_was_cut_short_pushes_no_whole_backup_out(scheduler):
    one = scheduler("-max_saved_backups=2", "-backup_interval=1000days")
    cut = {
        "scheduler-backup-2020-01-01-00-00": sample()[:20_000].rstrip(b"\0"),
        "scheduler-backup-2099-01-01-00-00": b"",
    }
    for name, raw in cut.items():
        place(one, raw, name)
    for _ in range(3):
        assert said(call(one.url, "performBackup")) == OK
    made = sorted(set(names(one)) - cut.keys())
    assert len(made) == 2
    assert set(names(one)) == {*made, *cut}
    (one.backup_dir / made[0]).write_bytes(b"shorter\0")
    assert said(call(one.url, "performBackup")) == OK
    assert len(names(one)) == 5
    assert one.log.count("is cut short, or not what its manifest says") >= 3


def test_a_backup_that_fails_in_an_unexpected_way_is_not_the_last(scheduler):
    """What was spilled is gone: as if the disk had lost it."""
    one = scheduler("-backup_interval=1secs", "-max_saved_backups=1000")
    assert said(call(one.url, "createJob", description=job())) == OK
    (spill,) = [
        path
        for path in Path(f"/proc/{one.process.pid}/fd").iterdir()
        if "(deleted)" in os.readlink(path) and str(one.log_dir) in os.readlink(path) and path.stat().st_size
    ]
    os.truncate(spill, 0)
    wait_until(lambda: variables(one)["scheduler_backup_failed"] != 0, "the failure counted")
    assert "Traceback" not in one.log


def test_what_fails_by_surprise_is_told_and_tried_again(monkeypatch, caplog):
    monkeypatch.setattr(lifecycle, "BACKUP_CHECK_SECONDS", 0.0)
    ended, tries = threading.Event(), []

    def act():
        tries.append("once more")
        if len(tries) == 1:
            raise ValueError("odd")
        ended.set()

    lifecycle._repeat(ended, lambda: 0.0, act)
    assert ended.wait(DEADLINE_SECONDS)
    assert ("ERROR", "odd") in [(record.levelname, record.message) for record in caplog.records]


@pytest.fixture
def view(tmp_path):
    """A state without anything."""
    return View(Stores(str(tmp_path)), 1)


def test_names_tell_utc_wherever_the_scheduler_runs(tmp_path, view, monkeypatch):
    backups = Backups(str(tmp_path / "backups"), 48, "west", clock=lambda: 1_500_000_000)
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert backups.save(view) == "scheduler-backup-2017-07-14-02-40"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_minute_has_a_hundred_names(tmp_path, view):
    counted = Statistics()
    backups = Backups(str(tmp_path), 1000, "west", clock=lambda: 1_500_000_000, statistics=counted)
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
    assert said(call(one.url, "performBackup")) == OK
    assert variables(one)["scheduler_log_entries_written"] == before
    assert variables(one)["scheduler_backup_success"] == 1


def test_a_backup_folder_that_goes_away_is_named(scheduler):
    one = scheduler()
    subprocess.run(["rm", "-r", str(one.backup_dir)], check=True)
    code, text = said(call(one.url, "listBackups"))
    assert (code, text) == ("ERROR", f"Failed to list backup dir {one.backup_dir}: No such file or directory.")
    code, text = said(call(one.url, "performBackup"))
    assert (code, text) == ("ERROR", f"Failed to write a backup into {one.backup_dir}: No such file or directory.")


def test_a_backup_made_here_can_be_staged_here(scheduler):
    one = scheduler()
    place(one)
    call(one.url, "stageRecovery", backupId=NAME)
    call(one.url, "commitRecovery")
    assert one.wait_exit() == 0
    one.start()
    call(one.url, "performBackup")
    (fresh,) = set(names(one)) - {NAME}
    assert said(call(one.url, "stageRecovery", backupId=fresh)) == OK
    assert len(codec.decode(Snapshot, (one.backup_dir / fresh).read_bytes()).tasks) == len(
        codec.decode(Snapshot, sample()).tasks
    )
