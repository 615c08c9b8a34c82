"""The SQLite log: an entry is there completely or not at all, and a real scheduler's entries can be read.

The cases are those of docs/replicated-log.md 2.6.
"""

import contextlib
import gzip
import hashlib
import itertools
import json
import os
import zlib

import pytest

from aurora_admin.gen.api.ttypes import TaskQuery
from aurora_admin.gen.storage.ttypes import LogEntry
from aurora_admin.samples import backup as samples
from aurora_admin.scheduler.storage.engine import FatalLogError, LogError, LogFull
from aurora_admin.scheduler.storage.frames import Spool, entries, frame_header
from aurora_admin.scheduler.storage.sqlite.admin import initialize
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.wire import codec
from tests.support.frames import assert_incomplete_groups_are_skipped, chunk_data, incomplete_groups
from tests.support.recovery import NAME, OK, commit, fill_disk, put_backup, sample, task_bytes
from tests.support.replay import records_of
from tests.support.thrift_calls import call, said, tasks


@pytest.fixture
def log(tmp_path):
    initialize(str(tmp_path / "log"))
    log = SqliteLog(str(tmp_path / "log"))
    log.fence()
    yield log
    log.close()


@pytest.fixture
def spool(tmp_path):
    with contextlib.closing(Spool(str(tmp_path))) as spool:
        yield spool


def test_positions_ascend_without_gaps(log):
    assert log.append([b"a", b"b"]) == 0
    assert log.append([b"c"]) == 2
    log.truncate_before(2)
    assert list(log.read_all()) == [(2, b"c")]
    assert log.append([b"d"]) == 3


def test_positions_continue_after_all_records_were_truncated(log):
    log.append([b"a", b"b"])
    log.truncate_before(2)
    assert log.append([b"c"]) == 2


def test_an_append_that_fails_writes_none_of_its_records(log):
    log.append([b"a"])

    def records():
        yield b"b"
        raise RuntimeError("cut")

    with pytest.raises(RuntimeError):
        log.append(records())
    assert list(log.read_all()) == [(0, b"a")]


def test_a_deposed_writer_can_never_append_again(log):
    log._connection.execute("UPDATE meta SET epoch = epoch + 1")
    with pytest.raises(FatalLogError, match="Another scheduler has taken over the log"):
        log.append([b"late"])
    assert list(log.read_all()) == []


def test_a_missing_position_is_an_error_that_names_it(log):
    log.append([b"a", b"b", b"c"])
    log._connection.execute("DELETE FROM entry WHERE pos = 1")
    with pytest.raises(LogError, match="Position 1 is missing from the log"):
        list(log.read_all())


def test_a_record_that_is_not_bytes_is_an_error_that_names_its_position(log):
    log.append([b"a", b"b"])
    log._connection.execute("UPDATE entry SET data = 'text' WHERE pos = 1")
    with pytest.raises(LogError, match=r"The record at position 1 in .* is damaged"):
        list(log.read_all())


def test_an_entry_without_space_for_it_is_refused_before_it_is_written(log):
    with pytest.raises(LogFull, match=r"has space for \d+ bytes of log and 1152921504606846976 are needed"):
        log.check_space(1 << 60)


def test_after_a_full_disk_the_log_is_unchanged_and_usable(small_disk):
    initialize(str(small_disk / "log"))
    log = SqliteLog(str(small_disk / "log"))
    log.fence()
    log.append([b"kept"])
    ballast = fill_disk(small_disk, 1 << 20)
    with pytest.raises(LogFull, match="nothing was written"):
        log.append(itertools.repeat(os.urandom(1 << 16), 64))
    assert list(log.read_all()) == [(0, b"kept")]
    ballast.unlink()
    assert log.append([b"next"]) == 1
    log.close()


def test_a_full_disk_refuses_a_commit_and_loses_nothing(scheduler, small_disk):
    one = scheduler(started=False)
    one.log_dir = small_disk / "log"
    one.start()
    samples.write_sample(str(one.backup_dir / NAME), 20_000)
    assert said(call(one.url, "stageRecovery", backupId=NAME)) == OK
    for leave in (0, 1 << 16, 1 << 20):
        ballast = fill_disk(small_disk, leave)
        code, text = said(call(one.url, "commitRecovery"))
        assert code == "ERROR"
        assert "nothing was written" in text
        assert "Free some space" in text
        ballast.unlink()
    assert tasks(one.url) == {}
    staged = call(one.url, "queryRecovery", query=TaskQuery(instanceIds={0}))
    assert staged.result.queryRecoveryResult.tasks
    commit(one)
    one.start()
    assert len(tasks(one.url)) == 20_000


@pytest.mark.parametrize("limit", [39, 64, 1000, 65536])
@pytest.mark.parametrize("size", [0, 1, 64, 65, 128, 1000, 200_000])
def test_entries_are_read_back_from_frames_of_any_size(spool, limit, size):
    data = os.urandom(size)
    spool.deflate([data])
    records = list(spool.records(limit))
    raw = b"".join(map(chunk_data, records)) if len(records) > 1 else records[0]
    deflated = codec.decode(LogEntry, raw).deflatedEntry
    assert zlib.decompress(deflated) == data
    assert deflated[:2] == b"\x78\x5e"
    (entry,) = entries(enumerate(records), pytest.fail)
    assert zlib.decompress(codec.decode(LogEntry, entry.data).deflatedEntry) == data
    if len(records) > 1:
        header = codec.decode(LogEntry, records[0]).frame.header
        assert header.chunkCount == len(records) - 1
        assert header.checksum == hashlib.md5(entry.data).digest()
        assert all(len(record) <= limit + 16 for record in records[1:])


def test_incomplete_groups_are_skipped_and_reported(spool):
    records, complete = incomplete_groups(spool)
    assert_incomplete_groups_are_skipped(enumerate(records), complete)


@pytest.mark.parametrize("count", [0, -1, -(2**31)])
def test_a_frame_header_without_chunks_is_an_error(count):
    header = frame_header(count, hashlib.md5(b"").digest())
    with pytest.raises(LogError, match=f"at position 5 announces {count} chunks; the log is damaged"):
        list(entries(enumerate([header], 5), pytest.fail))


def test_a_framed_entry_with_a_wrong_checksum_is_an_error(spool):
    spool.deflate([os.urandom(300)])
    header, *chunks = spool.records(100)
    chunks[1] = chunks[1][:20] + bytes([chunks[1][20] ^ 1]) + chunks[1][21:]
    with pytest.raises(LogError, match="at position 5 fails its checksum"):
        list(entries(enumerate([header, *chunks], 5), pytest.fail))


@pytest.mark.parametrize("size", ["1KB", "64KB", "512KB"])
def test_a_committed_state_is_read_back_from_frames(scheduler, size):
    one = scheduler(f"-dlog_max_entry_size={size}")
    put_backup(one)
    call(one.url, "stageRecovery", backupId=NAME)
    commit(one)
    one.start()
    assert len(tasks(one.url)) == len(task_bytes(sample()))


def test_a_snapshot_of_a_real_scheduler_is_replayed(scheduler, fixtures):
    """What committing jobs-10k-022 appended to a real log, in twelve chunks of 64 KB."""
    records = records_of((fixtures / "log" / "jobs-10k-022.log-snapshot").read_bytes())
    one = scheduler(started=False)
    initialize(str(one.log_dir))
    log = SqliteLog(str(one.log_dir))
    log.fence()
    log.append(records)
    log.close()
    one.start()
    expected = json.loads(gzip.decompress((fixtures / "backups" / "jobs-10k-022.expect.json.gz").read_bytes()))
    assert set(tasks(one.url)) == {task[0] for task in expected["tasks"]}


def test_a_kill_after_the_reply_loses_nothing(scheduler):
    one = scheduler()
    put_backup(one)
    call(one.url, "stageRecovery", backupId=NAME)
    commit(one)
    one.kill()
    one.start()
    one.kill()
    one.start()
    assert len(tasks(one.url)) == len(task_bytes(sample()))
