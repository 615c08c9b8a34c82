"""The drill with backups of all kinds: real, compressed, damaged, with a manifest, and with unknown fields."""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
from contextlib import closing

import pytest
from thrift.Thrift import TType

from aurora_admin.backup import manifest
from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api.ttypes import ScheduledTask
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire import fields
from aurora_admin.wire.path import path
from tests.support.drill import assert_passed
from tests.support.places import FIXTURES
from tests.support.recovery import SAMPLE

REAL = sorted(path.name for path in FIXTURES.glob("backups/*") if ".expect.json" not in path.name)

TIMESTAMP, TASKS = path(Snapshot, "timestamp"), path(Snapshot, "tasks")

ASSIGNED_TASK, TASK_CONFIG, CONTAINER, EXECUTOR_DATA = (
    path(ScheduledTask, name)
    for name in (
        "assignedTask",
        "assignedTask.task",
        "assignedTask.task.container",
        "assignedTask.task.executorConfig.data",
    )
)


def test_a_compressed_backup_under_any_name_passes(drill, tmp_path):
    file = tmp_path / "from the old cluster, final (2).gz"
    file.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    result = drill("--backup", file)
    assert_passed(result)
    assert "scheduler-backup-2026-11-22-10-00" in result.out


@pytest.mark.parametrize("name", REAL)
def test_a_backup_of_a_real_scheduler_passes(drill, fixtures, name):
    assert_passed(drill("--backup", fixtures / "backups" / name))


def test_unknown_fields_are_preserved(drill, tmp_path):
    """Unknown fields, an unknown member of a union, and bytes that are not UTF-8, in a task and in its config."""
    raw = SAMPLE.read_bytes()
    unknown = fields.string(b"\xff\xfe later")
    first, *others = TASKS.elements(raw)
    for known in ((), ASSIGNED_TASK.ids, TASK_CONFIG.ids, CONTAINER.ids):
        first = fields.put(first, [*known, 99], TType.STRING, unknown)
    changed = TASKS.put_elements(raw, [EXECUTOR_DATA.put(first, unknown), *others])
    (tmp_path / "later").write_bytes(fields.put(changed, [99], TType.STRING, unknown))
    assert_passed(drill("--backup", tmp_path / "later"))


@pytest.fixture
def backup_with_manifest(tmp_path):
    """A backup that has a manifest beside it, as the reference scheduler writes it."""
    file = tmp_path / "scheduler-backup-2026-11-22-10-00"
    raw = SAMPLE.read_bytes()
    with closing(read_backup(str(SAMPLE))) as backup:
        facts = {
            manifest.SIZE: len(raw),
            manifest.DIGEST: hashlib.sha256(raw).hexdigest(),
            manifest.TIMESTAMP: backup.timestamp_ms,
            manifest.FRAMEWORK_ID: backup.framework_id,
            manifest.COUNTS: backup.counts,
        }
    (tmp_path / manifest.manifest_name(file.name)).write_bytes(manifest.encode("west", facts))
    shutil.copy(SAMPLE, file)
    return file


@pytest.mark.parametrize("compressed", [False, True])
def test_a_backup_that_matches_its_manifest_passes(drill, backup_with_manifest, compressed):
    if compressed:
        subprocess.check_call(["gzip", backup_with_manifest])
        backup_with_manifest = backup_with_manifest.with_name(backup_with_manifest.name + ".gz")
    assert_passed(drill("--backup", backup_with_manifest))


@pytest.mark.parametrize("by_link", [False, True])
def test_a_backup_that_differs_from_its_manifest_is_refused(drill, left, backup_with_manifest, tmp_path, by_link):
    raw = backup_with_manifest.read_bytes()
    role = raw.index(b"payments")
    backup_with_manifest.write_bytes(raw[:role] + b"PAYMENT" + raw[role + 7 :])
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "latest"
    link.symlink_to(backup_with_manifest)
    result = drill("--backup", link if by_link else backup_with_manifest)
    assert (result.code, result.out) == (1, "")
    assert "differs from its manifest" in result.err
    assert "sha256 is" in result.err
    assert left() == []


COMPRESSED = gzip.compress(SAMPLE.read_bytes())

DAMAGED_GZIP = r"is damaged: .+\. Check it with gunzip -t, and copy it again from where it was made"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "cannot be rehearsed: Failed to decode backup one: the file is empty; .+"),
        (b"\0", "cannot be rehearsed: Failed to decode backup one: it is not a backup: .+"),
        (SAMPLE.read_bytes()[:-1], "cannot be rehearsed: .+ copy it again from where it was made.+"),
        (SAMPLE.read_bytes() + b"x", "cannot be rehearsed: Failed to decode backup one: 1 bytes follow .+"),
        (COMPRESSED[:-9], DAMAGED_GZIP),
        (COMPRESSED[:-8] + bytes(8), DAMAGED_GZIP),
        (COMPRESSED[:1000] + bytes(100) + COMPRESSED[1100:], DAMAGED_GZIP),
        (COMPRESSED[:2] + b"\7" + COMPRESSED[3:], DAMAGED_GZIP),
    ],
    ids=["empty", "nul", "cut", "longer", "gzip-cut", "gzip-checksum", "gzip-data", "gzip-method"],
)
def test_a_damaged_backup_is_one_line_and_leaves_nothing(drill, left, tmp_path, content, text):
    file = tmp_path / "one"
    file.write_bytes(content)
    result = drill("--backup", file)
    assert (result.code, result.out) == (1, "")
    assert re.fullmatch(rf"FATAL\] {re.escape(str(file))} {text}\n", result.err), result.err
    assert left() == []


@pytest.mark.parametrize("taken", [2**62, -(2**62), 253_402_300_800_000, -50_000_000_000_000, 2**63 - 1])
def test_a_backup_from_beyond_the_calendar_passes(drill, tmp_path, taken):
    (tmp_path / "odd").write_bytes(TIMESTAMP.put(SAMPLE.read_bytes(), fields.i64(taken)))
    result = drill("--backup", tmp_path / "odd")
    assert_passed(result)
    assert re.search(r"^list backups +scheduler-backup-\d{4}-\d\d-\d\d-\d\d-\d\d ", result.out, re.MULTILINE)


def test_a_pipe_is_refused_at_once(drill, left, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    result = drill("--backup", tmp_path / "pipe")
    assert (result.code, result.err) == (
        1,
        f"FATAL] {tmp_path}/pipe is not a regular file. Name the file of a backup\n",
    )
    assert left() == []


def test_files_in_the_working_folder_are_not_taken_for_modules(drill, tmp_path, monkeypatch):
    for name in ("http.py", "json.py", "runpy.py", "struct.py"):
        (tmp_path / name).write_text("raise SystemExit('a file of the working folder was run')")
    monkeypatch.chdir(tmp_path)
    assert_passed(drill("--tasks=10"))
