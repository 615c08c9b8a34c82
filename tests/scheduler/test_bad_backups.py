"""Unusable files: each is refused in one line that says what is wrong, where, and what to do."""

import bz2
import gzip
import io
import lzma
import os
import random
import re
import tarfile
from collections import Counter

import pytest
from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import HostAttributes, ScheduledTask, TaskQuery
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire import codec, fields
from aurora_admin.wire.path import path
from tests.support.processes import UNPRIVILEGED, Scheduler
from tests.support.recovery import NAME, OK, TASK_ID, TASKS, sample, task_bytes
from tests.support.thrift_calls import call, said

DECODE = f"Failed to decode backup {NAME}: "
NO_LINK = "Put a copy of the backup there, not a link."
COPY_AGAIN = "copy it again from where it was made, or use another backup."
JOB, FAILURES = path(ScheduledTask, "assignedTask.task.job"), path(ScheduledTask, "failureCount")
FRAMEWORK_ID = path(Snapshot, "schedulerMetadata.frameworkId")
HOSTS, QUOTAS, UPDATES, SCRIPT = (
    path(Snapshot, name) for name in ("hostAttributes", "quotaConfigurations", "jobUpdateDetails", "dbScript")
)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    one = Scheduler(tmp_path_factory.mktemp("scheduler"), wrapper=UNPRIVILEGED).start()
    yield one
    one.kill()


def stage(running, raw: bytes) -> str:
    """Stage a file with these bytes; return the error, and check that nothing is staged and the scheduler serves."""
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
        (b"\x00", "it is not a backup: the snapshot has no timestamp at byte 0 of 1; "),
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
def test_other_data_than_a_backup_is_refused(running, raw, text):
    refusal = stage(running, raw)
    assert refusal.startswith(DECODE)
    assert text in refusal


def test_a_truncated_backup_is_refused_at_every_length(running, sweep):
    raw = sample()
    for length in sweep(range(len(raw)), 60):
        refusal = stage(running, raw[:length])
        assert refusal.startswith(DECODE), (length, refusal)
        assert refusal.endswith(COPY_AGAIN), (length, refusal)


def test_a_flipped_byte_never_kills_the_scheduler(running, sweep):
    """Without a manifest not every flip is detected, but each backup is either refused with a reason or staged."""
    raw = sample()
    rng = random.Random(7)
    codes = Counter()
    for position in sweep(range(len(raw)), 60):
        damaged = bytearray(raw)
        damaged[position] ^= rng.randrange(1, 256)
        (running.backup_dir / NAME).write_bytes(damaged)
        code, text = said(call(running.url, "stageRecovery", backupId=NAME))
        codes[code] += 1
        assert code == "OK" or text.startswith((DECODE, f"Backup {NAME} is incomplete: ")), (position, text)
        assert said(call(running.url, "unloadRecovery")) == OK
    assert "Traceback" not in running.log
    assert codes["ERROR"] > 0
    assert codes["OK"] > 0


@pytest.mark.parametrize(
    "backup_id",
    ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\0b", "x" * 300, "a\nb", "a\x85b", "a\u2028b"],
)
def test_an_id_that_is_not_a_plain_name_is_refused(running, backup_id):
    code, text = said(call(running.url, "stageRecovery", backupId=backup_id))
    assert code == "ERROR"
    assert "is not the name of a backup" in text


def test_a_missing_backup_is_named(running):
    assert said(call(running.url, "stageRecovery", backupId="no-such")) == (
        "ERROR",
        "Backup no-such does not exist. Choose one from the list of backups.",
    )


def test_folders_pipes_and_links_are_refused_at_once(running):
    (running.backup_dir / "folder").mkdir()
    os.mkfifo(running.backup_dir / "pipe")
    (running.backup_dir / "link").symlink_to("/etc/passwd")
    for name in ("folder", "pipe", "link"):
        code, text = said(call(running.url, "stageRecovery", backupId=name))
        assert code == "ERROR"
        assert text == f"Failed to read backup {name}: it is not a regular file. {NO_LINK}"


def test_two_tasks_with_one_id_are_refused(running):
    raw = sample()
    task = next(iter(task_bytes(raw).values()))
    assert "two tasks have one id" in stage(running, TASKS.append(raw, FAILURES.put(task, fields.i32(9))))


def test_a_task_without_a_job_is_named(running):
    raw = sample()
    task_id, task = next(iter(task_bytes(raw).items()))
    changed = {**task_bytes(raw), task_id: JOB.drop(task)}
    refusal = stage(running, TASKS.put_elements(raw, list(changed.values())))
    assert re.search(rf"task {task_id.decode()} lacks its id, its job or its status at byte \d+ of \d+", refusal)


def test_names_in_an_error_are_shortened_to_one_line(running):
    """A damaged length can make an id as long as the file, with any bytes in it."""
    raw = sample()
    task_id, task = next(iter(task_bytes(raw).items()))
    long_id = task_id + b"\n\x1b[31m" + b"x" * 100_000
    changed = {**task_bytes(raw), task_id: JOB.drop(TASK_ID.put(task, fields.string(long_id)))}
    refusal = stage(running, TASKS.put_elements(raw, list(changed.values())))
    assert task_id.decode() + r"\n\x1b[31mxxx" in refusal
    assert len(refusal) < 600
    host = codec.encode(HostAttributes(host="h\n" * 50_000, attributes=[]))
    assert len(stage(running, HOSTS.append(HOSTS.append(raw, host), host))) < 600
    (running.backup_dir / NAME).write_bytes(FRAMEWORK_ID.put(raw, fields.string(b"f\n" * 50_000)))
    before = len(running.log)
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == OK
    assert said(call(running.url, "unloadRecovery")) == OK
    assert len(running.log[before:]) < 3000


@pytest.mark.parametrize(
    ("name", "ttype", "value"),
    [
        ("timestamp", TType.I32, fields.i32(1)),
        ("tasks", TType.LIST, fields.container(TType.STRUCT, [])),
        ("schedulerMetadata", TType.STRING, fields.string(b"text")),
        ("quotaConfigurations", TType.LIST, fields.container(TType.STRUCT, [])),
        ("locks", TType.LIST, fields.container(TType.STRUCT, [])),
        ("dbScript", TType.STRING, fields.string(b"text")),
        ("hostMaintenanceRequests", TType.LIST, fields.container(TType.STRUCT, [])),
    ],
)
def test_a_section_of_another_type_is_refused(running, name, ttype, value):
    """As an unknown field it would be kept, and the section would be missing."""
    section = path(Snapshot, name)
    refusal = stage(running, fields.put(section.drop(sample()), section.ids, ttype, value))
    assert f"field {section.id} of the snapshot has type {ttype}, not " in refusal


def test_sections_of_an_unusable_script_are_not_staged_as_empty(running):
    raw = SCRIPT.append(UPDATES.drop(QUOTAS.drop(sample())), fields.string(b"SET DB_CLOSE_DELAY -1;\n"))
    refusal = stage(running, raw)
    assert "its dbScript lacks the table, the column or the row 'HOST_ATTRIBUTES'" in refusal
    assert "-allow_partial_backup" in refusal


def test_a_backup_without_read_permission_is_refused(running):
    file = running.backup_dir / "closed"
    file.write_bytes(sample())
    file.chmod(0)
    answer = said(call(running.url, "stageRecovery", backupId="closed"))
    advice = f"Check the owner and permissions of {file}."
    assert answer == ("ERROR", f"Failed to read backup closed: Permission denied. {advice}")
