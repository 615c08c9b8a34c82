"""Replicas of Mesos logs that are cut short, were never closed, or have snapshots; and invalid arguments."""

import os
import shutil
from pathlib import Path

import pytest

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.logtool.mesos_replica import Replica
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot.log_entry import NOOP_ENTRY
from aurora_admin.wire import codec
from tests.support import jobs
from tests.support.mesos_replica import (
    VOTING,
    append,
    extracted_roles,
    key,
    nop,
    open_copy,
    quota,
    record,
    replica,
    truncate,
)
from tests.support.processes import PROGRAMS, environment, run
from tests.support.replay import MemoryLog, log_with_unusable_script, replay

TOOL = PROGRAMS / "aurora-reference-log"
plyvel = pytest.importorskip("plyvel", reason="plyvel, which reads LevelDB, is not installed")


def snapshot_frames(folder: Path, *roles: str) -> list[bytes]:
    """Return the frame header and the chunks of a snapshot with quotas of these roles."""
    engine = MemoryLog([])
    saved = [ops.save_quota(role.encode(), codec.encode(jobs.quota(role).quota)) for role in roles]
    view = StateView(replay([ops.transaction(saved)], folder), 1)
    Log(engine, str(folder), 64).append_snapshot(view)
    assert len(engine.records) > 3
    return engine.records


def test_the_state_is_the_last_snapshot_and_what_follows_it(extract, tmp_path):
    """Takeovers may write no-ops between the frames of a snapshot."""
    first, second = snapshot_frames(tmp_path, "a", "b"), snapshot_frames(tmp_path, "b", "c")
    entries = [append(0, quota("gone"))]
    for data in (*first, quota("x"), ops.transaction([ops.Op(ops.REMOVE_QUOTA, b"\x0b\x00\x01\0\0\0\1b\0")]), *second):
        entries += [append(len(entries), data), nop(len(entries) + 1)]
    entries.append(append(len(entries), quota("last")))
    done = extract(replica(tmp_path / "log", *entries))
    assert (done.code, done.err) == (0, "")
    assert extracted_roles(tmp_path) == ["b", "c", "last"]


def test_entries_before_a_truncation_are_ignored(extract, tmp_path):
    frames = snapshot_frames(tmp_path, "a", "b")
    placed = [(7 + at, append(7 + at, data)) for at, data in enumerate(frames)]
    end = 7 + len(frames)
    left_over = [(3, append(3, quota("truncated"))), (5, append(5, b"no entry at all"))]
    done = extract(replica(tmp_path / "log", *left_over, *placed, (end, truncate(end, 7))))
    assert (done.code, done.err) == (0, "")
    assert extracted_roles(tmp_path) == ["a", "b"]


def test_a_snapshot_with_a_missing_frame_is_left_out_and_reported(extract, tmp_path):
    """The position of the frame is missing, or was only promised."""
    frames = snapshot_frames(tmp_path, "a", "b")
    placed = [(1 + at, append(1 + at, data)) for at, data in enumerate(frames)]
    for number, second in enumerate(([], [(2, record(2))])):
        target = tmp_path / "out" / f"state{number}"
        done = extract(
            replica(tmp_path / f"log{number}", append(0, quota("before")), placed[0], *second, *placed[2:]), target
        )
        assert done.code == 0
        assert ("Positions are missing: 2." if not second else "undecided and were left out: 2.") in done.err
        assert f"required {len(frames) - 1} frames and found {len(frames) - 2}" in done.err
        held = codec.decode(Snapshot, target.read_bytes())
        assert [one.role for one in held.quotaConfigurations] == ["before"]


@pytest.mark.parametrize("records", [[], [nop(0), append(1, NOOP_ENTRY)]], ids=["nothing", "fresh"])
def test_a_replica_without_a_state_is_refused(extract, tmp_path, records):
    """An empty backup would delete every job if it were committed."""
    done = extract(replica(tmp_path / "log", *records), tmp_path / "state")
    assert done.code == 1
    assert "holds no snapshot and no transaction: nothing was written." in done.err
    assert not (tmp_path / "state").exists()


def test_an_event_of_a_missing_update_can_be_left_out(extract, tmp_path):
    event = storage.SaveJobUpdateEvent(
        event=api.JobUpdateEvent(status=0, timestampMs=1),
        key=api.JobUpdateKey(job=api.JobKey("www", "prod", "web"), id="u1"),
    )
    lost = codec.encode(
        storage.LogEntry(transaction=storage.Transaction(ops=[storage.Op(saveJobUpdateEvent=event)], schemaVersion=1))
    )
    source = replica(tmp_path / "log", append(0, quota("kept")), (2, append(2, lost)))
    refused = extract(source, tmp_path / "state")
    assert refused.code == 1
    assert "Update not found: www/prod/web/u1. Use the replica of another scheduler, or" in refused.err
    done = extract(source, tmp_path / "state", "--allow-partial")
    assert done.code == 0
    assert "Dropping an event of job update www/prod/web/u1, which is missing" in done.err
    held = codec.decode(Snapshot, (tmp_path / "state").read_bytes())
    assert [one.role for one in held.quotaConfigurations] == ["kept"]


def test_a_journal_that_is_cut_short_is_detected(tmp_path, sweep):
    """LevelDB ignores an incomplete write at the end; also one in several records and blocks."""
    folder, database = tmp_path / "log", plyvel.DB(str(tmp_path / "log"), create_if_missing=True)
    database.put(b"0000000000", VOTING, sync=True)
    (journal,) = folder.glob("*.log")
    complete = [0, journal.stat().st_size]
    for at, size in enumerate((10, 100, 40_000, 10, 70_000, 32_000, 5)):
        database.put(key(at), append(at, b"x" * size), sync=True)
        complete.append(journal.stat().st_size)
    database.close()
    blocks = range(0, complete[-1], 1 << 15)
    near = {length + more for length in (*complete, *blocks) for more in range(-9, 10)} & set(range(complete[-1] + 1))
    for length in {*near, *sweep(range(0, complete[-1] + 1, 97), 30)}:
        damaged = shutil.copytree(folder, tmp_path / f"{length}")
        os.truncate(damaged / journal.name, length)
        try:
            found = Replica(str(damaged))
        except LogError:
            assert length not in complete
            continue
        kept = sum(length >= end for end in complete) - 2
        assert [at for at, _ in found.appended()] == list(range(kept))
        assert (found.torn == []) == (length in complete), length
        found.close()
        shutil.rmtree(damaged)


def test_the_program_warns_of_a_journal_that_is_cut_short(extract, tmp_path):
    folder = replica(tmp_path / "log", append(0, quota("a")), append(1, quota("b")))
    (journal,) = folder.glob("*.log")
    os.truncate(journal, journal.stat().st_size - 1)
    done = extract(folder)
    assert (done.code, f"The last write to {journal.name} is incomplete" in done.err) == (0, True)
    assert extracted_roles(tmp_path) == ["a"]


@pytest.mark.parametrize("buffer", [1 << 22, 1 << 16])
def test_a_replica_that_was_never_closed_is_read(tmp_path, buffer):
    """After a kill everything is in the journal, or a part of it is in tables already."""
    database = plyvel.DB(str(tmp_path / "log"), create_if_missing=True, write_buffer_size=buffer)
    database.put(b"0000000000", VOTING)
    for at in range(300):
        database.put(key(at), append(at, b"%d" % at * 100), sync=True)
    left = shutil.copytree(tmp_path / "log", tmp_path / "left")
    database.close()
    found = open_copy(left, tmp_path)
    assert list(found.appended()) == [(at, b"%d" % at * 100) for at in range(300)]
    assert (found.holes, found.torn) == ([], [])


def test_tables_with_the_legacy_suffix_are_read(tmp_path):
    folder = replica(tmp_path / "log", *(append(at, b"x" * 1000) for at in range(300)), write_buffer_size=65536)
    for table in folder.glob("*.ldb"):
        table.rename(table.with_suffix(".sst"))
    assert list(folder.glob("*.sst"))
    assert len(list(open_copy(folder, tmp_path).appended())) == 300


def test_a_damaged_dbscript_is_left_out_only_with_an_option(tmp_path, fixtures):
    folder = replica(tmp_path / "log", append(0, log_with_unusable_script()[0]))
    command = [TOOL, "extract", f"--mesos-replica={folder}", f"--to={tmp_path / 'state'}"]
    done = run(command, environment(tmp_path))
    assert (done.code, "counts 4 rows of table QUOTAS and has 3" in done.err) == (1, True)
    assert not (tmp_path / "state").exists()
    done = run([*command, "--allow-partial"], environment(tmp_path))
    assert (done.code, "19 tasks, 0 hosts" in done.out) == (0, True)
    assert "these sections are missing: hosts, quotas, locks, job updates" in done.err


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("", "'' is not the name of a file"),
        ("sub/", "sub/' is not the name of a file"),
        ("no/such", "There is no folder "),
        ("out", "exists already; nothing was written"),
        ("other", "manifest_other.json exists already; nothing was written"),
        ("/proc/state", "Failed to create a folder in /proc"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_target_that_cannot_be_written_is_reported(tmp_path, target, text, monkeypatch):
    folder = replica(tmp_path / "log", append(0, quota("a")))
    (tmp_path / "out").mkdir()
    (tmp_path / "manifest_other.json").touch()
    before = sorted(os.listdir(tmp_path))
    monkeypatch.chdir(tmp_path)
    done = run([TOOL, "extract", f"--mesos-replica={folder}", f"--to={target}"], environment(tmp_path))
    assert (done.code, done.out, "Traceback" in done.err) == (1, "", False)
    assert text in done.err
    assert sorted(os.listdir(tmp_path)) == before
