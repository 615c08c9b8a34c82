"""aurora-reference-log status and read: they only read, and show who holds the log and what is in it."""

import hashlib
import os
import re
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.logtool.restore import restore_into
from aurora_admin.scheduler.recovery import StagedBackup
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.storage.folder import lock_folder
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.sqlite.admin import initialize
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.snapshot.log_entry import NOOP_ENTRY
from aurora_admin.wire import codec
from tests.support.jobs import config, key, quota, task
from tests.support.processes import PROGRAMS, UNPRIVILEGED, environment, run
from tests.support.readers import on_read_only_mount, without_permission
from tests.support.recovery import OK, SAMPLE
from tests.support.thrift_calls import call, code_and_text

TOOL = str(PROGRAMS / "aurora-reference-log")
MAX_ENTRY = 512 * 1024


def listing(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in folder.iterdir()
    }


def saved(count: int) -> ops.Op:
    return ops.save_tasks([codec.encode(task(config(key("web")), instance)) for instance in range(count)])


def quotas(*roles: str) -> list[ops.Op]:
    return [ops.save_quota(role.encode(), codec.encode(quota(role).quota)) for role in roles]


def restored_log(folder: Path, max_entry_size: int = MAX_ENTRY) -> SqliteLog:
    """Return an open log that has a snapshot of the sample and a transaction."""
    initialize(str(folder))
    engine = SqliteLog(str(folder))
    restore_into(engine, StagedBackup(read_backup(os.fspath(SAMPLE))), str(folder), max_entry_size)
    Log(engine, str(folder), MAX_ENTRY).append_transaction([saved(3), *quotas("www")])
    return engine


def status(folder: Path, *wrapper: str) -> dict[str, str]:
    done = run([*wrapper, TOOL, "status", f"--path={folder}"], environment(folder.parent))
    assert done.code == 0, done.err
    return dict(line.split(": ", 1) for line in done.out.splitlines())


def records(folder: Path, *wrapper: str) -> list[str]:
    done = run([*wrapper, TOOL, "read", f"--path={folder}"], environment(folder.parent))
    assert done.code == 0, done.err
    return done.out.splitlines()


def test_status_shows_who_holds_the_log_and_its_last_snapshot(tmp_path):
    with closing(restored_log(tmp_path / "log")):
        facts = status(tmp_path / "log")
    pattern = (
        rf"process {os.getpid()} on {re.escape(socket.gethostname())} since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    )
    assert re.fullmatch(pattern, facts["held by"])
    backup = read_backup(os.fspath(SAMPLE))
    assert facts["tasks in last snapshot"] == str(backup.counts["tasks"])
    assert re.match(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, at position 0$", facts["last snapshot"])
    assert facts["transactions since"] == "1"
    assert facts["records"] == "2"
    assert status(tmp_path / "log")["held by"] == "no process"


def test_a_log_without_a_snapshot_has_none(tmp_path):
    initialize(str(tmp_path / "log"))
    facts = status(tmp_path / "log")
    assert (facts["held by"], facts["last snapshot"]) == ("no process", "none")
    assert "tasks in last snapshot" not in facts


def test_a_refusal_names_who_holds_the_log(tmp_path):
    with closing(restored_log(tmp_path / "log")):
        done = run([TOOL, "wipe", "--yes", f"--path={tmp_path / 'log'}"], environment(tmp_path))
    assert done.code == 1
    assert "is in use by another process; stop that scheduler first" in done.err
    assert f"process {os.getpid()} on {socket.gethostname()} since " in done.err


def test_a_full_disk_does_not_prevent_the_lock(small_disk):
    """Only the name of the holder is missing then. Without the lock the log could be neither opened nor wiped."""
    initialize(str(small_disk / "log"))
    with suppress(OSError):
        (small_disk / "ballast").write_bytes(bytes(64 << 20))
    os.close(lock_folder(str(small_disk / "log")))


@pytest.mark.parametrize("limit", [MAX_ENTRY, 1024])
def test_read_names_what_an_entry_holds(tmp_path, limit):
    with closing(restored_log(tmp_path / "log", limit)) as engine:
        log = Log(engine, str(tmp_path), MAX_ENTRY)
        log.append_transaction([ops.remove_tasks([b"a", b"b"])])
        log.append_transaction([saved(200)])  # so large that it is deflated
        engine.append([ops.transaction([]), codec.encode(storage.LogEntry(deflatedEntry=b"not deflated")), NOOP_ENTRY])
        shown = records(tmp_path / "log")
    tasks = read_backup(os.fspath(SAMPLE)).counts["tasks"]
    snapshot = next(line for line in shown if "snapshot" in line)
    assert re.search(rf"deduplicated snapshot of 20\d\d-.* UTC, {tasks} tasks$", snapshot)
    kinds = [line.split(" ", 2)[2] for line in shown[-6:]]
    assert kinds[:4] == [
        "transaction: saveTasks 3, saveQuota 1",
        "transaction: removeTasks 2",
        "deflated transaction: saveTasks 200",
        "transaction",
    ]
    assert kinds[4].startswith("deflated entry that cannot be read (")
    assert kinds[5] == "no-op"
    if limit == 1024:
        assert re.fullmatch(r"0 39 frame header of \d+ chunks", shown[0])
        assert " frame chunk; with the chunks before it: deflated deduplicated snapshot of " in snapshot
        assert shown[1].endswith(" frame chunk")


def test_read_and_status_change_nothing(tmp_path):
    log = tmp_path / "log"
    with closing(restored_log(log)):
        for path in (log, log / "log.sqlite-wal"):
            assert path.exists()
        before = listing(log)
        assert len(records(log)) == 2
        assert status(log)["records"] == "2"
        assert listing(log) == before
        killed = shutil.copytree(log, tmp_path / "killed")
    for folder in (log, killed):
        before = listing(folder)
        assert len(records(folder)) == 2
        assert listing(folder) == before


@pytest.mark.parametrize("left", ["nothing", "journal", "journal and index"])
@pytest.mark.parametrize("read_only", [without_permission, on_read_only_mount])
def test_what_cannot_be_written_can_be_read(tmp_path, left, read_only):
    """The journal of a scheduler that was killed holds entries that the file of the database does not have yet."""
    with closing(restored_log(tmp_path / "live")):
        if left != "nothing":
            shutil.copytree(tmp_path / "live", tmp_path / "log")
    if left == "nothing":
        shutil.copytree(tmp_path / "live", tmp_path / "log")
    if left == "journal":
        (tmp_path / "log" / "log.sqlite-shm").unlink()
    folder = tmp_path / "log"
    before = listing(folder)
    with read_only(folder) as wrapper:
        assert status(folder, *wrapper)["records"] == "2"
        assert [line.split()[2] for line in records(folder, *wrapper)] == ["deflated", "transaction:"]
    assert listing(folder) == before


@pytest.mark.parametrize("read_only", [without_permission, on_read_only_mount])
def test_a_log_is_read_while_a_scheduler_runs(scheduler, read_only):
    one = scheduler()
    with read_only(one.log_dir) as wrapper:
        facts = status(one.log_dir, *wrapper)
        assert facts["records"] == "1"
        assert facts["held by"].startswith(f"process {one.process.pid} on {socket.gethostname()} since ")
        assert records(one.log_dir, *wrapper)[0].split()[2] == "no-op"
    assert code_and_text(call(one.url, "setQuota", ownerRole="www", quota=quota("www").quota)) == OK
    assert status(one.log_dir)["transactions since"] == "1"


def test_a_scheduler_can_start_while_the_log_is_read(tmp_path):
    """A reader holds no lock while it reads: here it waits, because nobody takes what it prints."""
    initialize(str(tmp_path / "log"))
    with closing(SqliteLog(str(tmp_path / "log"))) as engine:
        engine.fence()
        engine.append([NOOP_ENTRY] * 100_000)
    command = [TOOL, "read", f"--path={tmp_path / 'log'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stdout.readline().startswith("0 ")
        with closing(SqliteLog(str(tmp_path / "log"))) as engine:
            engine.fence()
            engine.append([NOOP_ENTRY])
            _, err = reader.communicate()
    assert reader.returncode == 1
    assert "A scheduler was started on the log" in err
    assert "run the command again" in err


def test_a_folder_without_access_is_reported(tmp_path):
    if os.getuid() == 0 and not UNPRIVILEGED:
        pytest.skip("root may enter every folder")
    initialize(str(tmp_path / "log"))
    (tmp_path / "log").chmod(0)
    done = run([*UNPRIVILEGED, TOOL, "status", f"--path={tmp_path / 'log'}"], environment(tmp_path))
    (tmp_path / "log").chmod(0o700)
    assert (done.code, done.out) == (1, "")
    assert "Permission denied" in done.err


@pytest.mark.parametrize("name", ["a b", "100%", "a?mode=rw", "a#b", "ü"])
def test_a_folder_of_any_name_is_read(tmp_path, name):
    with closing(restored_log(tmp_path / name)):
        assert len(records(tmp_path / name)) == 2
    assert len(records(tmp_path / name)) == 2


def test_a_damaged_log_is_reported(tmp_path):
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as database:
        database.execute("CREATE TABLE other (id)")
    for command in ("status", "read"):
        done = run([TOOL, command, f"--path={tmp_path}"], environment(tmp_path))
        assert (done.code, done.out) == (1, "")
        assert "no such table: meta" in done.err
