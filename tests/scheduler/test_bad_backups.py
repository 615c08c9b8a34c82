"""Files that must not become the state: each is refused in one line that says what, where and what to do."""

import bz2
import gzip
import io
import lzma
import os
import random
import re
import tarfile

import pytest

from aurora_admin.gen.api.ttypes import HostAttributes, TaskQuery
from aurora_admin.wire import codec, fields
from tests.support.processes import UNPRIVILEGED, Scheduler
from tests.support.recovery import NAME, OK, sample, task_bytes
from tests.support.thrift_calls import call, said

DECODE = f"Failed to decode backup {NAME}: "
NO_LINK = "Put a copy of the backup there, no link to it."
COPY_ANEW = "copy it anew from where it was made, or stage another backup."


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    one = Scheduler(tmp_path_factory.mktemp("scheduler"), wrapper=UNPRIVILEGED).start()
    yield one
    one.kill()


def stage(running, raw: bytes) -> str:
    """Stage a file of these bytes; return the refusal, after which nothing is staged and the scheduler serves."""
    (running.backup_dir / NAME).write_bytes(raw)
    answer = said(call(running.url, "stageRecovery", backupId=NAME))
    assert answer[0] == "ERROR", answer
    assert "\n" not in answer[1]
    assert said(call(running.url, "queryRecovery", query=TaskQuery())) == ("ERROR", "No backup loaded.")
    return answer[1]


def tarred(raw: bytes) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(NAME)
        member.size = len(raw)
        tar.addfile(member, io.BytesIO(raw))
    return archive.getvalue()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "the file is empty; "),
        (bytes(100), "99 bytes follow the end of the snapshot at byte 1 of 100; "),
        (b"\x00", "it is no backup: a snapshot has a timestamp at byte 0 of 1; "),
        (b"\x00" + sample(), f"{len(sample())} bytes follow the end of the snapshot at byte 1 of "),
        (gzip.compress(sample()), "it is compressed with gzip; gunzip it first."),
        (bz2.compress(sample()), "it is compressed with bzip2; bunzip2 it first."),
        (lzma.compress(sample()), "it is compressed with xz; unxz it first."),
        (b"\x28\xb5\x2f\xfd" + bytes(50), "it is compressed with zstd; unzstd it first."),
        (tarred(sample()), "Unrecognized type 115 at byte 0 of "),
        (sample() + b"\x00", "1 bytes follow the end of the snapshot at byte "),
        (sample() + sample(), "bytes follow the end of the snapshot at byte "),
        (b"hello, world, this is text\n", "Unrecognized type 104 at byte 0 of 27; "),
    ],
    ids=[
        "empty",
        "zeros",
        "one-nul",
        "nul-first",
        "gzip",
        "bzip2",
        "xz",
        "zstd",
        "tar",
        "trailing-nul",
        "twice",
        "text",
    ],
)
def test_what_is_no_backup_is_refused(running, raw, text):
    refusal = stage(running, raw)
    assert refusal.startswith(DECODE)
    assert text in refusal


def test_a_truncated_backup_is_refused_at_every_length(running, sweep):
    raw = sample()
    for length in sweep(range(len(raw)), 60):
        refusal = stage(running, raw[:length])
        assert refusal.startswith(DECODE), (length, refusal)
        assert refusal.endswith(COPY_ANEW), (length, refusal)


def test_a_flipped_byte_never_kills_the_scheduler(running, sweep):
    """Without a digest not every flip can be told, but each is either refused in words or staged."""
    raw = sample()
    rng = random.Random(7)
    for position in sweep(range(len(raw)), 60):
        damaged = bytearray(raw)
        damaged[position] ^= rng.randrange(1, 256)
        (running.backup_dir / NAME).write_bytes(damaged)
        code, text = said(call(running.url, "stageRecovery", backupId=NAME))
        assert code == "OK" or text.startswith((DECODE, f"Backup {NAME} cannot be staged whole: ")), (position, text)
        assert said(call(running.url, "unloadRecovery")) == OK
    assert "Traceback" not in running.log


@pytest.mark.parametrize(
    "backup_id",
    ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\0b", "x" * 300, "a\nb", "a\x85b", "a\u2028b"],
)
def test_ids_that_are_no_plain_names_are_refused_before_a_file_is_opened(running, backup_id):
    code, text = said(call(running.url, "stageRecovery", backupId=backup_id))
    assert code == "ERROR"
    assert "is not the name of a backup" in text


def test_a_missing_backup_is_named(running):
    assert said(call(running.url, "stageRecovery", backupId="no-such")) == (
        "ERROR",
        "Backup no-such does not exist. scheduler_list_backups shows what there is.",
    )


def test_folders_pipes_and_links_are_refused_at_once(running):
    (running.backup_dir / "folder").mkdir()
    os.mkfifo(running.backup_dir / "pipe")
    (running.backup_dir / "link").symlink_to("/etc/passwd")
    for name in ("folder", "pipe", "link"):
        code, text = said(call(running.url, "stageRecovery", backupId=name))
        assert code == "ERROR"
        assert text == f"Failed to read backup {name}: it is not a regular file. {NO_LINK}"


def test_a_task_id_that_stands_twice_is_refused(running):
    raw = sample()
    task = next(iter(task_bytes(raw).values()))
    assert "two tasks have one id" in stage(
        running, fields.append(raw, [4], 14, fields.put(task, [3], 8, fields.i32(9)))
    )


def test_a_task_without_a_job_is_named(running):
    raw = sample()
    task_id, task = next(iter(task_bytes(raw).items()))
    changed = {**task_bytes(raw), task_id: fields.drop(task, [1, 4, 28])}
    refusal = stage(running, fields.put(raw, [4], 14, fields.container(12, list(changed.values()))))
    assert re.search(rf"task {task_id.decode()} lacks its id, its job or its status at byte \d+ of \d+", refusal)


def test_what_a_refusal_names_is_short_and_of_one_line(running):
    """A damaged length can make an id as long as the file, and anything may stand in it."""
    raw = sample()
    task_id, task = next(iter(task_bytes(raw).items()))
    odd = task_id + b"\n\x1b[31m" + b"x" * 100_000
    spoilt = fields.drop(fields.put(task, [1, 1], 11, fields.string(odd)), [1, 4, 28])
    changed = {**task_bytes(raw), task_id: spoilt}
    refusal = stage(running, fields.put(raw, [4], 14, fields.container(12, list(changed.values()))))
    assert task_id.decode() + r"\n\x1b[31mxxx" in refusal
    assert len(refusal) < 600
    host = codec.encode(HostAttributes(host="h\n" * 50_000, attributes=[]))
    assert len(stage(running, fields.append(fields.append(raw, [3], 14, host), [3], 14, host))) < 600
    (running.backup_dir / NAME).write_bytes(fields.put(raw, [6, 1], 11, fields.string(b"f\n" * 50_000)))
    told = len(running.log)
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == OK
    assert said(call(running.url, "unloadRecovery")) == OK
    assert len(running.log[told:]) < 3000


@pytest.mark.parametrize(("number", "ttype"), [(1, 8), (4, 15), (6, 11), (8, 15), (9, 15), (13, 15)])
def test_a_section_of_another_type_is_refused(running, number, ttype):
    """Taken for unknown it would be carried along, in the place of the section."""
    value = {8: fields.i32(1), 15: fields.container(12, []), 11: fields.string(b"text")}[ttype]
    kept = [field for field in fields.parse(sample()) if field.id != number]
    refusal = stage(running, fields.join([*kept, fields.Field(number, ttype, value)]))
    assert f"field {number} of the snapshot has type {ttype}, not " in refusal


def test_sections_that_are_only_sql_are_not_staged_as_empty(running):
    raw = fields.drop(fields.drop(sample(), [8]), [10])
    raw = fields.put(raw, [11], 15, fields.container(11, [fields.string(b"SET DB_CLOSE_DELAY -1;\n")]))
    refusal = stage(running, raw)
    assert "its dbScript lacks the table, the column or the row 'HOST_ATTRIBUTES'" in refusal
    assert "-allow_partial_backup" in refusal


def test_a_backup_that_may_not_be_read_is_refused(running):
    path = running.backup_dir / "closed"
    path.write_bytes(sample())
    path.chmod(0)
    answer = said(call(running.url, "stageRecovery", backupId="closed"))
    advice = f"Check the owner and permissions of {path}."
    assert answer == ("ERROR", f"Failed to read backup closed: Permission denied. {advice}")
