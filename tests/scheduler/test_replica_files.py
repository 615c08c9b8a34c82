"""Replicas as they are found: cut short, never closed, full of snapshots; and arguments that are wrong."""

import os
import shutil
from pathlib import Path

import pytest

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.logtool.mesos_replica import Replica
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.view import View
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.log_entry import NOOP_ENTRY
from aurora_admin.wire import codec
from tests.scheduler.test_extract import extract, opened, quota, roles  # noqa: F401  (a fixture)
from tests.scheduler.test_replay import misunderstood
from tests.support import jobs
from tests.support.mesos_replica import VOTING, append, key, nop, record, replica, truncate
from tests.support.processes import PROGRAMS, environment, run
from tests.support.replay import Records, replay

TOOL = PROGRAMS / "aurora-reference-log"
plyvel = pytest.importorskip("plyvel", reason="plyvel, which reads LevelDB, is not installed")


def snapshot(folder: Path, *names: str) -> list[bytes]:
    """A snapshot of quotas of these roles, as a frame header and chunks."""
    engine = Records([])
    saved = [ops.save_quota(name.encode(), codec.encode(jobs.quota(name).quota)) for name in names]
    view = View(replay([ops.transaction(saved)], folder), 1)
    Log(engine, str(folder), 64).append_snapshot(view)
    assert len(engine.records) > 3
    return engine.records


def test_several_snapshots_in_frames_and_what_came_between(extract, tmp_path):  # noqa: F811
    """The last one counts, and what follows it; no-ops of takeovers may stand between its frames."""
    first, second = snapshot(tmp_path, "a", "b"), snapshot(tmp_path, "b", "c")
    entries = [append(0, quota("gone"))]
    for data in (*first, quota("x"), ops.transaction([ops.Op(ops.REMOVE_QUOTA, b"\x0b\x00\x01\0\0\0\1b\0")]), *second):
        entries += [append(len(entries), data), nop(len(entries) + 1)]
    entries.append(append(len(entries), quota("last")))
    done = extract(replica(tmp_path / "log", *entries))
    assert (done.code, done.err) == (0, "")
    assert roles(tmp_path) == ["b", "c", "last"]


def test_a_snapshot_that_was_truncated_to_begins_the_state(extract, tmp_path):  # noqa: F811
    frames = snapshot(tmp_path, "a", "b")
    placed = [(7 + at, append(7 + at, data)) for at, data in enumerate(frames)]
    end = 7 + len(frames)
    left_over = [(3, append(3, quota("of old"))), (5, append(5, b"no entry at all"))]
    done = extract(replica(tmp_path / "log", *left_over, *placed, (end, truncate(end, 7))))
    assert (done.code, done.err) == (0, "")
    assert roles(tmp_path) == ["a", "b"]


def test_a_frame_that_is_missing_leaves_the_snapshot_out_and_is_told(extract, tmp_path):  # noqa: F811
    """Whether it is a hole, or was only promised."""
    frames = snapshot(tmp_path, "a", "b")
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
def test_a_replica_without_any_state_makes_no_backup(extract, tmp_path, records):  # noqa: F811
    """Committed it would be the end of the cluster."""
    done = extract(replica(tmp_path / "log", *records), tmp_path / "state")
    assert done.code == 1
    assert "holds no snapshot and no transaction: nothing was written." in done.err
    assert not (tmp_path / "state").exists()


def test_an_event_whose_update_was_lost_in_a_hole_does_not_cost_the_rest(extract, tmp_path):  # noqa: F811
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


def copied(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    return target


def test_a_journal_that_is_cut_short_is_told(tmp_path, sweep):
    """LevelDB takes it for the end; also where a write is in several parts, and these in several blocks."""
    folder, database = tmp_path / "log", plyvel.DB(str(tmp_path / "log"), create_if_missing=True)
    database.put(b"0000000000", VOTING, sync=True)
    (journal,) = folder.glob("*.log")
    whole = [0, journal.stat().st_size]
    for at, size in enumerate((10, 100, 40_000, 10, 70_000, 32_000, 5)):
        database.put(key(at), append(at, b"x" * size), sync=True)
        whole.append(journal.stat().st_size)
    database.close()
    blocks = range(0, whole[-1], 1 << 15)
    near = {length + more for length in (*whole, *blocks) for more in range(-9, 10)} & set(range(whole[-1] + 1))
    for length in {*near, *sweep(range(0, whole[-1] + 1, 97), 30)}:
        spoilt = copied(folder, tmp_path / f"{length}")
        os.truncate(spoilt / journal.name, length)
        try:
            found = Replica(str(spoilt))
        except LogError:
            assert length not in whole
            continue
        kept = sum(length >= end for end in whole) - 2
        assert [at for at, _ in found.appended()] == list(range(kept))
        assert (found.torn == []) == (length in whole), length
        found.close()
        shutil.rmtree(spoilt)


def test_what_is_cut_short_is_told_by_the_program(extract, tmp_path):  # noqa: F811
    folder = replica(tmp_path / "log", append(0, quota("a")), append(1, quota("b")))
    (journal,) = folder.glob("*.log")
    os.truncate(journal, journal.stat().st_size - 1)
    done = extract(folder)
    assert (done.code, f"The last write to {journal.name} is incomplete" in done.err) == (0, True)
    assert roles(tmp_path) == ["a"]


@pytest.mark.parametrize("buffer", [1 << 22, 1 << 16])
def test_a_replica_that_was_never_closed_is_read(tmp_path, buffer):
    """What a kill leaves: everything in the journal, or half of it in tables already."""
    database = plyvel.DB(str(tmp_path / "log"), create_if_missing=True, write_buffer_size=buffer)
    database.put(b"0000000000", VOTING)
    for at in range(300):
        database.put(key(at), append(at, b"%d" % at * 100), sync=True)
    left = copied(tmp_path / "log", tmp_path / "left")
    database.close()
    found = opened(left, tmp_path)
    assert list(found.appended()) == [(at, b"%d" % at * 100) for at in range(300)]
    assert (found.holes, found.torn) == ([], [])


def test_tables_may_have_the_name_of_old(tmp_path):
    folder = replica(tmp_path / "log", *(append(at, b"x" * 1000) for at in range(300)), write_buffer_size=65536)
    for table in folder.glob("*.ldb"):
        table.rename(table.with_suffix(".sst"))
    assert list(folder.glob("*.sst"))
    assert len(list(opened(folder, tmp_path).appended())) == 300


def test_a_script_that_is_not_understood_is_done_without_only_when_asked_to(tmp_path, fixtures):
    folder = replica(tmp_path / "log", append(0, misunderstood()[0]))
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
def test_where_nothing_can_be_written_is_said(tmp_path, target, text, monkeypatch):
    folder = replica(tmp_path / "log", append(0, quota("a")))
    (tmp_path / "out").mkdir()
    (tmp_path / "manifest_other.json").touch()
    before = sorted(os.listdir(tmp_path))
    monkeypatch.chdir(tmp_path)
    done = run([TOOL, "extract", f"--mesos-replica={folder}", f"--to={target}"], environment(tmp_path))
    assert (done.code, done.out, "Traceback" in done.err) == (1, "", False)
    assert text in done.err
    assert sorted(os.listdir(tmp_path)) == before
