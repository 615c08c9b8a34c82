"""The manifest beside a backup: damage is detected, and files left by a crash are deleted."""

import fcntl
import hashlib
import json
import os
import random
import shutil

import pytest

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api.ttypes import ScheduledTask
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.recovery import StagedBackup
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.path import path
from tests.support.processes import Scheduler
from tests.support.recovery import NAME, OK, TASKS, backup_names, backups, commit, put_backup
from tests.support.replay import committed_backup
from tests.support.thrift_calls import call, code_and_text

ASSIGNED_TASK = path(ScheduledTask, "assignedTask")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A small backup that a scheduler wrote, with its manifest."""
    one = Scheduler(tmp_path_factory.mktemp("scheduler")).start()
    write_sample(str(one.backup_dir / NAME), 4)
    call(one.url, "stageRecovery", backupId=NAME)
    commit(one)
    one.start()
    before = backups(one)
    assert code_and_text(call(one.url, "performBackup")) == OK
    one.kill()
    return max(backups(one) - before)


@pytest.fixture
def copy(original, tmp_path):
    shutil.copy(original, tmp_path / NAME)
    shutil.copy(manifest_of(original), manifest_of(tmp_path / NAME))
    return tmp_path / NAME


def manifest_of(backup):
    return backup.with_name(f"manifest_{backup.name}.json")


def test_a_manifest_says_what_is_in_its_backup(original):
    raw, manifest = original.read_bytes(), json.loads(manifest_of(original).read_text())
    held = codec.decode(Snapshot, raw)
    assert manifest == {
        "format": 1,
        "cluster": "west",
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "timestamp_ms": held.timestamp,
        "framework_id": held.schedulerMetadata.frameworkId,
        "counts": {
            "tasks": len(held.tasks),
            "hosts": len(held.hostAttributes),
            "cron jobs": len(held.cronJobs),
            "quotas": len(held.quotaConfigurations),
            "locks": 0,
            "job updates": len(held.jobUpdateDetails),
            "maintenance requests": len(held.hostMaintenanceRequests),
        },
    }
    assert original.stat().st_mode & 0o777 == manifest_of(original).stat().st_mode & 0o777 == 0o600


def test_every_damaged_byte_is_detected(copy, sweep):
    raw = copy.read_bytes()
    rng = random.Random(3)
    for position in sweep(range(len(raw)), 200):
        damaged = bytearray(raw)
        damaged[position] ^= rng.randrange(1, 256)
        copy.write_bytes(damaged)
        with pytest.raises(BackupError, match=f"Backup {NAME} differs from its manifest manifest_{NAME}.json: "):
            read_backup(str(copy))
    copy.write_bytes(raw)
    assert len(read_backup(str(copy)).tasks) == len(codec.decode(Snapshot, raw).tasks)


def test_without_a_manifest_a_damaged_byte_is_refused_or_can_be_committed(copy, tmp_path, sweep):
    """A staged backup can be committed, loaded at the next start, and written as a backup that can be staged."""
    manifest_of(copy).unlink()
    raw = copy.read_bytes()
    again = tmp_path / "again"
    rng = random.Random(5)
    refused = staged_anyway = 0
    for position in sweep(range(len(raw)), 150):
        damaged = bytearray(raw)
        damaged[position] ^= rng.randrange(1, 256)
        copy.write_bytes(damaged)
        try:
            staged = StagedBackup(read_backup(str(copy)))
        except BackupError as error:
            refused += "\n" not in str(error)
            continue
        again.write_bytes(committed_backup(staged, tmp_path))
        assert read_backup(str(again)).counts == staged.backup.counts, position
        staged_anyway += 1
    assert min(refused, staged_anyway) > 0
    assert refused + staged_anyway == len(sweep(range(len(raw)), 150))


@pytest.mark.parametrize(
    ("header", "replacement", "ids"),
    [
        (b"\x0b\x00\x02", b"\x0b\xbf\x02", [1, 3, 4, 5, 6, -16638]),
        (b"\x0b\x00\x03", b"\x0b\xd6\x03", [1, 2, 4, 5, 6, -10749]),
        (b"\x0b\x00\x02", b"\x0b\x00\x01", [1, 3, 4, 5, 6]),
        (b"\x0b\x00\x03", b"\x0b\x00\x02", [1, 2, 4, 5, 6]),
    ],
    ids=["negative-2", "negative-3", "id-twice", "agent-twice"],
)
def test_a_task_with_an_unknown_or_repeated_field_keeps_it_on_commit(copy, tmp_path, header, replacement, ids):
    """A backup that can be staged must not fail at the commit. A sweep over every byte found these."""
    manifest_of(copy).unlink()
    raw = copy.read_bytes()
    stored = TASKS.elements(raw)
    changed = stored[0].replace(header, replacement, 1)
    copy.write_bytes(TASKS.put_elements(raw, [changed, *stored[1:]]))
    staged = StagedBackup(read_backup(str(copy)))
    (task,) = set(TASKS.elements(committed_backup(staged, tmp_path))) - set(stored)
    assert [field.id for field in fields.parse(ASSIGNED_TASK.get(task))] == ids
    assert same(codec.decode(ScheduledTask, task), codec.decode(ScheduledTask, changed))


def test_every_wrong_length_is_detected(copy, sweep):
    raw = copy.read_bytes()
    for length in [*sweep(range(len(raw)), 50), len(raw) + 1]:
        copy.write_bytes(raw[:length].ljust(length, b"\0"))
        with pytest.raises(BackupError, match=f"bytes is {length}, not {len(raw)}"):
            read_backup(str(copy))


@pytest.mark.parametrize("fact", ["bytes", "sha256", "timestamp_ms", "framework_id", "counts"])
def test_every_fact_is_checked(copy, fact):
    facts = json.loads(manifest_of(copy).read_text())
    facts[fact] = "other"
    manifest_of(copy).write_text(json.dumps(facts))
    with pytest.raises(BackupError, match=f"differs from its manifest .*: {fact} is .*, not other"):
        read_backup(str(copy))


@pytest.mark.parametrize(
    "section", ["tasks", "hosts", "cron jobs", "quotas", "locks", "job updates", "maintenance requests"]
)
def test_every_count_is_checked(copy, section):
    facts = json.loads(manifest_of(copy).read_text())
    facts["counts"][section] += 1
    manifest_of(copy).write_text(json.dumps(facts))
    with pytest.raises(BackupError, match=f"'{section}': {facts['counts'][section] - 1}.* not .*'{section}': "):
        read_backup(str(copy))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is not JSON"),
        ("\0\xff{", "it is not JSON"),
        ("[]", "it does not have format 1"),
        ('{"format": 2}', "it does not have format 1"),
        ('{"format": 1, "bytes": 3}', "it lacks sha256, timestamp_ms, framework_id, counts"),
        ("[" * 60_000, "it is not JSON"),
    ],
)
def test_an_invalid_manifest_is_refused(copy, text, reason):
    manifest_of(copy).write_text(text, encoding="latin-1")
    with pytest.raises(BackupError, match=f"manifest_{NAME}.json of backup {NAME} is invalid: {reason}. Copy both"):
        read_backup(str(copy))


def test_a_backup_without_a_manifest_is_not_checked(copy):
    manifest_of(copy).unlink()
    assert len(read_backup(str(copy)).tasks) == len(read_backup(str(copy)).tasks)


def test_stage_checks_a_backup_against_its_manifest(scheduler, original):
    one = scheduler()
    shutil.copy(original, one.backup_dir / NAME)
    shutil.copy(manifest_of(original), manifest_of(one.backup_dir / NAME))
    assert code_and_text(call(one.url, "stageRecovery", backupId=NAME)) == OK
    call(one.url, "unloadRecovery")
    put_backup(one)
    code, text = code_and_text(call(one.url, "stageRecovery", backupId=NAME))
    assert (code, f"manifest_{NAME}.json: bytes is" in text) == ("ERROR", True)
    assert code_and_text(call(one.url, "commitRecovery")) == ("ERROR", "No backup loaded.")


def test_a_manifest_is_pruned_with_its_backup(scheduler):
    one = scheduler("-max_saved_backups=2")
    for _ in range(4):
        call(one.url, "performBackup")
    kept = backup_names(one)
    assert len(kept) == 2
    assert sorted(path.name for path in one.backup_dir.glob("manifest_*")) == [f"manifest_{n}.json" for n in kept]


def test_files_of_dead_processes_are_deleted_at_the_start(scheduler):
    one = scheduler(started=False)
    stay = [NAME, f"manifest_{NAME}.json", "manifest_notes.json", "temp_scheduler-backup-2026-11-22-10-00"]
    gone = ["temp_scheduler-backup-abcdefgh.part", "manifest_scheduler-backup-2026-11-22-10-01.json"]
    for name in stay + gone:
        (one.backup_dir / name).write_text("left")
    one.start()
    assert sorted(path.name for path in one.backup_dir.iterdir()) == sorted(stay)


def test_files_of_a_running_process_are_kept(scheduler):
    one = scheduler(started=False)
    writing = ["temp_scheduler-backup-abcdefgh.part", "manifest_scheduler-backup-2026-11-22-10-01.json"]
    for name in writing:
        (one.backup_dir / name).write_text("incomplete")
    with (one.backup_dir / writing[0]).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        one.start()
    assert sorted(path.name for path in one.backup_dir.iterdir()) == sorted(writing)


def test_a_new_backup_takes_neither_a_name_nor_a_manifest_of_another(scheduler):
    """The backup without a manifest gets none, and the manifest without a backup does not get one."""
    one = scheduler()
    call(one.url, "performBackup")
    (first,) = backups(one)
    manifest_of(first).unlink()
    manifest_of(first.with_name(first.name + "-01")).write_text("orphan")
    call(one.url, "performBackup")
    (second,) = backups(one) - {first}
    if second.name.startswith(first.name):  # otherwise the next minute has begun
        assert second.name == first.name + "-02"
        assert not manifest_of(first).exists()
    assert manifest_of(second).exists()


def test_the_indexed_file_is_the_verified_one(copy, tmp_path, monkeypatch):
    """Another folder takes the place of the backup's folder from a second open until the file is checked once."""
    raw, folder, other = copy.read_bytes(), tmp_path / "folder", tmp_path / "other"
    for one, content in ((folder, raw), (other, raw.replace(b"example.org", b"example.com"))):
        one.mkdir()
        (one / NAME).write_bytes(content)
        shutil.copy(manifest_of(copy), one)
    name, swapped, opened = str(folder / NAME), tmp_path / "swapped", []
    open_file, stat_file = os.open, os.stat

    def swapping_open(file, *arguments, **options):
        opened.append(file)
        if file == name and opened.count(name) == 2:
            folder.rename(swapped)
            other.rename(folder)
        return open_file(file, *arguments, **options)

    def restoring_stat(file, *arguments, **options):
        found = stat_file(file, *arguments, **options)
        if file == name and swapped.exists():
            folder.rename(other)
            swapped.rename(folder)
        return found

    monkeypatch.setattr(os, "open", swapping_open)
    monkeypatch.setattr(os, "stat", restoring_stat)
    backup = read_backup(name)
    monkeypatch.undo()
    tasks = b"".join(backup.pieces(backup.tasks.select()))
    assert b"example.org" in tasks
    assert b"example.com" not in tasks
