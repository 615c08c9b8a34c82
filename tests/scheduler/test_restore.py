"""aurora-reference-log restore: a backup becomes the only entry of an empty log; and when that is refused."""

import os
import sqlite3

import pytest

from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.logtool.restore import restore_into
from aurora_admin.scheduler.recovery import StagedBackup
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.sqlite.admin import initialize
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.wire.path import path
from tests.support.processes import PROGRAMS, environment, run
from tests.support.recovery import NAME, OK, SAMPLE, new_backup, put_backup, sample, task_bytes
from tests.support.thrift_calls import call, code_and_text, tasks

QUOTAS = path(Snapshot, "quotaConfigurations")


@pytest.fixture
def tool(tmp_path):
    """`tool(scheduler)` restores the sample, or another backup, into the log of a scheduler that does not run."""

    def call_tool(one, backup=SAMPLE, *more: str):
        command = [PROGRAMS / "aurora-reference-log", "restore", f"--backup={backup}", f"--path={one.log_dir}", *more]
        return run(command, environment(tmp_path))

    return call_tool


def positions(one) -> list[int]:
    log = sqlite3.connect(one.log_dir / "log.sqlite")
    found = [position for (position,) in log.execute("SELECT pos FROM entry ORDER BY pos")]
    log.close()
    return found


def test_a_scheduler_starts_with_the_restored_state(scheduler, tool):
    one = scheduler(started=False)
    one.initialize()
    done = tool(one)
    assert done.code == 0
    assert f"Restored {SAMPLE} and compared what the log holds now: {len(task_bytes(sample()))} tasks, " in done.out
    assert len(positions(one)) == 1
    one.start()
    assert {task_id.encode() for task_id in tasks(one.url)} == set(task_bytes(sample()))
    assert task_bytes(new_backup(one)) == task_bytes(sample())


def test_restore_is_refused_while_a_scheduler_runs(scheduler, tool):
    one = scheduler()
    done = tool(one)
    assert (done.code, done.out) == (1, "")
    assert "is in use by another process; stop that scheduler first" in done.err
    assert tasks(one.url) == {}


def test_restore_into_a_log_with_entries_is_refused(scheduler, tool):
    one = scheduler()
    put_backup(one)
    call(one.url, "stageRecovery", backupId=NAME)
    assert code_and_text(call(one.url, "commitRecovery")) == OK
    one.wait_exit()
    before = positions(one)
    done = tool(one)
    assert (done.code, done.out) == (1, "")
    assert f"The log is not empty: there is an entry at position {before[0]}; nothing was added to it." in done.err
    assert positions(one) == before


def test_a_log_with_only_no_ops_counts_as_empty(scheduler, tool):
    one = scheduler()
    one.restart()
    assert one.stop() == 0
    assert len(positions(one)) == 2
    assert tool(one).code == 0
    assert len(positions(one)) == 1
    one.start()
    assert len(tasks(one.url)) == len(task_bytes(sample()))


def test_a_log_that_was_not_initialised_is_refused(scheduler, tool):
    one = scheduler(started=False)
    done = tool(one)
    assert (done.code, "run: aurora-reference-log initialize" in done.err) == (1, True)
    assert not one.log_dir.exists()


@pytest.mark.parametrize("fault", ["cut", "missing", "manifest"])
def test_an_unusable_backup_leaves_the_log_empty(scheduler, tool, fault):
    one = scheduler(started=False)
    one.initialize()
    backup = one.backup_dir / NAME
    if fault != "missing":
        backup.write_bytes(sample()[: -1 if fault == "cut" else None])
    if fault == "manifest":
        (one.backup_dir / f"manifest_{NAME}.json").write_text("{}")
    done = tool(one, backup)
    assert (done.code, done.out, NAME in done.err, "Traceback" in done.err) == (1, "", True, False)
    assert positions(one) == []
    assert tool(one).code == 0


def test_a_large_snapshot_is_written_in_frames(scheduler, tool):
    one = scheduler(started=False)
    one.initialize()
    assert tool(one, SAMPLE, "--max-entry-size=1KB").code == 0
    assert len(positions(one)) > 3
    assert tool(one, SAMPLE, "--max-entry-size=nonsense").code == 2
    one.start()
    assert len(tasks(one.url)) == len(task_bytes(sample()))


def test_a_backup_with_a_missing_section_needs_an_option(scheduler, tool):
    one = scheduler(started=False)
    one.initialize()
    backup = one.backup_dir / NAME
    backup.write_bytes(QUOTAS.drop(sample()))
    done = tool(one, backup)
    assert (done.code, "it has no quotas, a section that every release writes" in done.err, positions(one)) == (
        1,
        True,
        [],
    )
    done = tool(one, backup, "--allow-partial")
    assert (done.code, "it has no quotas, a section that every release writes" in done.err) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "the following arguments are required: --backup"),
        (("--backup=x",), "one of the arguments --path --zk is required"),
        (("--backup=x", "--path="), "--path is empty"),
        (("--backup=x", "--path=log", "--cluster=west"), "--cluster can only be used with --zk"),
        (("--backup=x", "--path=log", "--max-entry-size=0KB"), "'0KB' must be from 1BYTES to 1GB"),
        (("--backup=x", "--path=log", "--max-entry-size=12"), "'12' must be of the format"),
        (("--backup=x", "--zk=h:1", "--group=/x", "--max-entry-size=1MB"), "1048576 bytes with --zk: ZooKeeper takes"),
        (("--backup=x", "--path=log", "more"), "unrecognized arguments: more"),
    ],
)
def test_invalid_arguments_are_named(tmp_path, arguments, text):
    done = run([PROGRAMS / "aurora-reference-log", "restore", *arguments], environment(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert text in done.err


@pytest.mark.parametrize("backup", ["", "/", "/no/such", ".", "/dev/zero"])
def test_a_backup_that_is_no_file_is_named_as_given(scheduler, tool, backup):
    one = scheduler(started=False)
    one.initialize()
    done = tool(one, backup)
    assert (done.code, done.err) == (1, f"aurora-reference-log: There is no file {backup!r}; nothing was changed.\n")
    assert positions(one) == []


class AddingEngine(SqliteLog):
    """An engine that adds an entry to each append."""

    def append(self, records):
        first = super().append(records)
        super().append([ops.transaction([ops.save_quota(b"added", b"\x00")])])
        return first


def test_a_log_that_does_not_read_back_as_the_backup_is_reported(tmp_path):
    folder = str(tmp_path / "log")
    initialize(folder)
    log = AddingEngine(folder)
    with pytest.raises(LogError, match=r"does not read back as the backup sample-backup. Start no scheduler on it"):
        restore_into(log, StagedBackup(read_backup(os.fspath(SAMPLE))), folder, 512 * 1024)
    log.close()
