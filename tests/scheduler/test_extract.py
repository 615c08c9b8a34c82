"""A replica of a Mesos log is extracted as a backup (docs/replicated-log.md 2.6)."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.logtool.leveldb import copy_replica
from aurora_admin.scheduler.logtool.mesos_replica import Replica
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.frames import frame_header
from aurora_admin.wire import codec
from tests.support.expectations import era_facts, read_fixture, recorded_facts
from tests.support.mesos_replica import (
    LEVELDB,
    PROMISE,
    RECOVERING,
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
from tests.support.readers import on_read_only_mount, without_permission
from tests.support.recovery import NAME, OK, commit, new_backup
from tests.support.replay import records_of
from tests.support.thrift_calls import call, code_and_text

TOOL = PROGRAMS / "aurora-reference-log"


def listing(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in folder.iterdir()
    }


def test_an_initialised_log_without_entries_is_empty(tmp_path):
    found = open_copy(replica(tmp_path / "log"), tmp_path)
    assert (found.status, found.begin, found.end, list(found.appended())) == ("VOTING", 0, -1, [])


def test_appends_are_read_in_order(tmp_path):
    records = [nop(0), *(append(at, b"entry %d" % at) for at in range(1, 300))]
    found = open_copy(replica(tmp_path / "log", *records), tmp_path)
    assert list(found.appended()) == [(at, b"entry %d" % at) for at in range(1, 300)]
    assert (found.holes, found.pending, found.left_out) == ([], [], [])


@pytest.mark.parametrize("snappy", [None, "snappy"])
def test_compressed_tables_are_read(tmp_path, snappy):
    """Distributions build LevelDB with Snappy. A small buffer makes it write tables, not only its journal."""
    records = [nop(0), *(append(at, b"x" * 1000) for at in range(1, 300))]
    folder = replica(tmp_path / "log", *records, compression=snappy, write_buffer_size=65536)
    assert list(folder.glob("*.ldb"))
    assert len(list(open_copy(folder, tmp_path).appended())) == 299


def test_truncated_positions_are_not_extracted(extract, tmp_path):
    folder = replica(
        tmp_path / "log", (1, append(1, quota("gone"))), (5, append(5, quota("kept"))), (6, truncate(6, 5))
    )
    done = extract(folder)
    assert (done.code, done.err) == (0, "")
    assert "positions 5 to 6" in done.out
    assert extracted_roles(tmp_path) == ["kept"]


def test_a_tombstone_counts_as_a_truncation(tmp_path):
    folder = replica(tmp_path / "log", append(0, b"a"), nop(1, tombstone=True), append(2, b"b"))
    found = open_copy(folder, tmp_path)
    assert (found.begin, list(found.appended())) == (2, [(2, b"b")])


def test_pending_positions_are_reported_and_left_out(extract, tmp_path):
    folder = replica(
        tmp_path / "log",
        append(0, quota("a")),
        record(1),
        append(2, quota("b")),
        append(3, quota("undecided"), learned=False),
        record(4),
    )
    done = extract(folder)
    assert done.code == 0
    assert "Positions are undecided and were left out: 1, 3 to 4." in done.err
    assert extracted_roles(tmp_path) == ["a", "b"]


def test_missing_positions_are_reported(extract, tmp_path):
    folder = replica(tmp_path / "log", append(0, quota("a")), (4, append(4, quota("b"))), (6, append(6, quota("c"))))
    done = extract(folder)
    assert done.code == 0
    assert "Positions are missing: 1 to 3, 5." in done.err
    assert extracted_roles(tmp_path) == ["a", "b", "c"]


def test_large_positions_have_another_form_of_key(tmp_path):
    big = 9_999_999_998
    folder = replica(
        tmp_path / "log",
        *((at, append(at, b"%d" % at)) for at in (big, big + 1, big + 2)),
        (big + 3, truncate(big + 3, big)),
    )
    assert key(big + 1).startswith(b"A")
    found = open_copy(folder, tmp_path)
    assert list(found.appended()) == [(at, b"%d" % at) for at in (big, big + 1, big + 2)]
    assert found.holes == []


def test_a_very_large_gap_between_positions_is_reported(extract, tmp_path):
    """The gap is computed, not walked through one by one: this one would take a year."""
    far = 10**15
    many = [(at, append(at, quota("b"))) for at in range(2, 62, 2)]
    done = extract(replica(tmp_path / "log", append(0, quota("a")), *many, (far, append(far, quota("c")))))
    assert done.code == 0
    assert f"Positions are missing: {', '.join(map(str, range(1, 41, 2)))} and 11 more ranges." in done.err
    assert extracted_roles(tmp_path) == ["a", "b", "c"]


@pytest.mark.parametrize("invalid", [b"-2147483648", b"-000000001", b"17", b"00000000011", b"A1", b"\xff"])
def test_invalid_keys_are_reported(extract, tmp_path, invalid):
    folder = replica(tmp_path / "log", append(0, quota("a")), others={invalid: append(1, quota("invalid"))})
    done = extract(folder)
    assert done.code == 0
    assert "Left out a record under the key" in done.err
    assert extracted_roles(tmp_path) == ["a"]


def test_an_unreadable_record_is_reported_and_its_position_is_missing(extract, tmp_path):
    valid = append(1, quota("b"))
    for number, damaged in enumerate((valid[:-1], b"", b"\xff" * 30, valid[:1], append(7, b"of another position"))):
        folder = replica(tmp_path / f"log{number}", append(0, quota("a")), damaged, append(2, quota("c")))
        target = tmp_path / "out" / f"state{number}"
        done = extract(folder, target)
        assert (done.code, "Left out an unreadable record of position 1." in done.err) == (0, True), done
        assert "Positions are missing: 1." in done.err


@pytest.mark.parametrize(("metadata", "status"), [(RECOVERING, "RECOVERING"), (None, "EMPTY"), (b"\xff", "damaged")])
def test_a_replica_that_does_not_vote_is_reported(extract, tmp_path, metadata, status):
    done = extract(replica(tmp_path / "log", append(0, quota("a")), metadata=metadata))
    assert done.code == 0
    assert f"The replica is {status}, not VOTING" in done.err


def test_a_legacy_promise_counts_as_voting(extract, tmp_path):
    done = extract(replica(tmp_path / "log", append(0, quota("a")), metadata=PROMISE))
    assert (done.code, done.err) == (0, "")


def test_an_invalid_entry_is_refused_with_its_position(extract, tmp_path):
    done = extract(replica(tmp_path / "log", nop(0), append(1, b"no log entry")))
    assert done.code == 1
    assert "The log entry at position 1 cannot be read" in done.err
    assert os.listdir(tmp_path / "out") == []


def test_a_damaged_frame_is_refused_with_advice_for_a_replica(extract, tmp_path):
    done = extract(replica(tmp_path / "log", append(0, frame_header(-1, bytes(16)))))
    assert done.code == 1
    assert (
        "The frame header at position 0 announces -1 chunks; the log is damaged. Use the replica of another" in done.err
    )
    assert "initialize" not in done.err


def test_a_replica_that_mesos_wrote_is_extracted_completely(extract, tmp_path, scheduler, fixtures):
    """It holds the transactions of an 0.16 scheduler and the snapshot that committing its backup appended."""
    folder = fixtures / "mesos-replica"
    before = listing(folder)
    done = extract(folder)
    assert done.code == 0
    assert "Wrote the state of positions 0 to 2 " in done.out
    assert listing(folder) == before
    written = tmp_path / "out" / "state"
    assert era_facts(codec.decode(Snapshot, written.read_bytes())) == recorded_facts("backups", "era-016-dbscript")
    one = scheduler()
    shutil.copy(written, one.backup_dir / NAME)
    assert code_and_text(call(one.url, "stageRecovery", backupId=NAME)) == OK
    commit(one)
    one.start()
    assert era_facts(codec.decode(Snapshot, new_backup(one))) == recorded_facts("backups", "era-016-dbscript")


@pytest.mark.parametrize("last", ["transactions", "snapshot"])
def test_either_of_its_entries_has_all_tasks(extract, tmp_path, fixtures, last):
    """The transactions alone and the snapshot alone give the same tasks."""
    records = [nop(0)]
    if last == "transactions":
        records += [append(1, raw) for raw in records_of(read_fixture("log", "era-016-dbscript.log-transactions"))]
    else:
        records += [(1, append(1, raw)) for raw in records_of(read_fixture("log", "era-016-dbscript.log-snapshot"))]
        records += [(2, truncate(2, 1))]
    done = extract(replica(tmp_path / "log", *records))
    assert done.code == 0
    held = era_facts(codec.decode(Snapshot, (tmp_path / "out" / "state").read_bytes()))
    assert held["tasks"] == recorded_facts("backups", "era-016-dbscript")["tasks"]


def test_the_replica_is_not_changed(extract, tmp_path):
    folder = replica(tmp_path / "log", append(0, quota("a")))
    before = listing(folder)
    folder.chmod(0o500)
    assert extract(folder).code == 0
    assert listing(folder) == before
    folder.chmod(0o700)


@pytest.mark.parametrize("read_only", [without_permission, on_read_only_mount])
def test_a_replica_that_cannot_be_written_is_extracted(tmp_path, read_only):
    folder = replica(tmp_path / "log", append(0, quota("a")))
    (tmp_path / "out").mkdir()
    before = listing(folder)
    command = [TOOL, "extract", f"--mesos-replica={folder}", f"--to={tmp_path / 'out' / 'state'}"]
    with read_only(folder) as wrapper:
        done = run([*wrapper, *command], environment(tmp_path))
    assert (done.code, done.err) == (0, "")
    assert extracted_roles(tmp_path) == ["a"]
    assert listing(folder) == before


def test_a_replica_in_use_is_extracted(extract, tmp_path):
    folder = replica(tmp_path / "log", append(0, quota("a")))
    with (folder / "LOCK").open("r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        done = extract(folder)
    warning = f"The replica {folder} is in use: what its scheduler writes from now on is not in the backup."
    assert (done.code, done.err) == (0, f"aurora-reference-log: {warning}\n")
    assert extracted_roles(tmp_path) == ["a"]


# Writes position after position into small tables, so that LevelDB replaces its files.
WRITER = """
import itertools, sys, time
from tests.support.mesos_replica import LEVELDB, append, key, quota
database = LEVELDB.DB(sys.argv[1], write_buffer_size=1 << 16, max_file_size=1 << 16)
for at in itertools.count(1):
    database.put(key(at), append(at, quota(f"r{at:06}") + bytes(1000)))
    print(at, flush=True)
    time.sleep(0.01)
"""


@pytest.fixture
def written_replica(tmp_path):
    """A replica, and a process that writes it and prints each position."""
    folder = replica(tmp_path / "log", append(0, quota("a")))
    with subprocess.Popen([sys.executable, "-c", WRITER, folder], stdout=subprocess.PIPE, text=True) as writer:
        yield folder, writer
        writer.kill()


def test_a_copy_of_a_replica_that_is_written_has_all_positions_up_to_a_moment(written_replica, tmp_path):
    folder, writer = written_replica
    warnings: list[str] = []
    for attempt in range(20):
        written = int(writer.stdout.readline())
        copy = tmp_path / f"copy{attempt}"
        copy.mkdir()
        copy_replica(str(folder), str(copy), warnings.append)
        with closing(Replica(str(copy))) as opened:
            assert (opened.holes, opened.left_out) == ([], [])
            assert opened.end >= written
    assert len(warnings) == 20


def test_a_copy_during_which_files_came_or_went_is_made_again(written_replica, tmp_path, monkeypatch):
    folder, writer = written_replica
    assert writer.stdout.readline()
    copied, copy_file = [], shutil.copyfile

    def copy_and_replace(source, target):
        """Add a file to the replica during the first copy, as LevelDB does."""
        if not copied:
            (folder / "999999.ldb").touch()
        copied.append(Path(source).name)
        copy_file(source, target)

    writer.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(shutil, "copyfile", copy_and_replace)
    (tmp_path / "copy").mkdir()
    copy_replica(str(folder), str(tmp_path / "copy"), lambda text: None)
    assert copied.count("CURRENT") == 2
    assert copied.count("999999.ldb") == 1


def test_a_folder_that_is_not_a_replica_is_refused(extract, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "missing"):
        done = extract(folder)
        assert (done.code, "is not a replica of a Mesos log" in done.err) == (1, True)
    folder = replica(tmp_path / "log", append(0, quota("a")))
    (folder / "CURRENT").write_text("MANIFEST-999999\n")
    done = extract(folder)
    assert done.code == 1
    assert "The replica cannot be read" in done.err
    assert "Traceback" not in done.err


def test_a_damaged_byte_never_changes_an_entry(tmp_path, sweep):
    """LevelDB has checksums: every entry that is read is one that was written."""
    folder = replica(tmp_path / "log", *(append(at, b"entry %d" % at * 50) for at in range(20)))
    (journal,) = folder.glob("*.log")
    raw = journal.read_bytes()
    wanted = [(at, b"entry %d" % at * 50) for at in range(20)]
    refused = 0
    for number, position in enumerate(sweep(range(len(raw)), 40)):
        damaged = bytearray(raw)
        damaged[position] ^= 0x55
        journal.write_bytes(damaged)
        (tmp_path / f"{number}").mkdir()
        try:
            found = open_copy(folder, tmp_path / f"{number}")
            entries = list(found.appended())
        except LogError:
            refused += 1
            continue
        assert set(entries) <= set(wanted)
        assert entries == wanted or found.holes or found.left_out or found.torn, position
    assert refused


def test_a_damaged_byte_in_a_table_is_an_error(tmp_path, sweep):
    """The data blocks of a table are uncompressed here, so only their checksums detect the damage."""
    wanted = [(at, b"%04d" % at * 250) for at in range(200)]
    folder = replica(tmp_path / "log", *(append(at, data) for at, data in wanted))
    database = LEVELDB.DB(str(folder), compression=None)
    database.compact_range()
    database.close()
    (table,) = folder.glob("*.ldb")
    raw = table.read_bytes()
    for number, position in enumerate(sweep(range(0, len(raw) // 2, 997), 10)):
        table.write_bytes(raw[:position] + bytes([raw[position] ^ 0x01]) + raw[position + 1 :])
        (tmp_path / f"{number}").mkdir()
        with pytest.raises(LogError, match="The replica cannot be read"):
            list(open_copy(folder, tmp_path / f"{number}").appended())


def test_an_existing_file_is_never_overwritten(extract, tmp_path):
    folder = replica(tmp_path / "log", append(0, quota("a")))
    assert extract(folder).code == 0
    before = (tmp_path / "out" / "state").read_bytes()
    done = extract(folder)
    assert (done.code, "exists already; nothing was written" in done.err) == (1, True)
    assert (tmp_path / "out" / "state").read_bytes() == before
    assert sorted(os.listdir(tmp_path / "out")) == ["manifest_state.json", "state"]


def test_an_extracted_backup_can_be_staged(extract, tmp_path):
    extract(replica(tmp_path / "log", append(0, quota("a"))))
    backup = read_backup(str(tmp_path / "out" / "state"))
    assert backup.counts["quotas"] == 1
    assert abs(backup.timestamp_ms / 1000 - (tmp_path / "log" / "CURRENT").stat().st_mtime) < 3600


def test_without_the_library_the_error_names_it(tmp_path):
    hidden = "import sys; sys.modules['plyvel'] = sys.modules['plyvel_next'] = None"
    imports = f"{hidden}; from aurora_admin.scheduler.logtool.main import main"
    folder = replica(tmp_path / "log", append(0, quota("a")))
    options = ["extract", f"--mesos-replica={folder}", f"--to={tmp_path / 'state'}"]
    command = [sys.executable, "-c", f"{imports}; exit(main())", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "pip install 'aurora_admin[mesos]'" in done.stderr) == (1, True)
