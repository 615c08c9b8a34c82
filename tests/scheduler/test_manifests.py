"""The manifest beside a backup: every damage is told; and what is left behind by a crash is cleaned up."""

import fcntl
import hashlib
import json
import random
import shutil

import pytest

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.manifest import read_verified
from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api.ttypes import ScheduledTask
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.recovery import Staged
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from tests.scheduler.test_backups import names
from tests.scheduler.test_recovery import NAME, OK, backups, commit, place
from tests.support.processes import Scheduler
from tests.support.replay import MemoryLog, backup_of, replay
from tests.support.thrift_calls import call, said


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small backup that a scheduler made of a restored state, with its manifest, to be copied and spoilt."""
    one = Scheduler(tmp_path_factory.mktemp("scheduler")).start()
    write_sample(str(one.backup_dir / NAME), 4)
    call(one.url, "stageRecovery", backupId=NAME)
    commit(one)
    one.start()
    before = backups(one)
    assert said(call(one.url, "performBackup")) == OK
    one.kill()
    return max(backups(one) - before)


@pytest.fixture
def copy(made, tmp_path):
    shutil.copy(made, tmp_path / NAME)
    shutil.copy(manifest_of(made), manifest_of(tmp_path / NAME))
    return tmp_path / NAME


def manifest_of(backup):
    return backup.with_name(f"manifest_{backup.name}.json")


def test_a_manifest_says_what_is_in_its_backup(made):
    raw, said_of_it = made.read_bytes(), json.loads(manifest_of(made).read_text())
    held = codec.decode(Snapshot, raw)
    assert said_of_it == {
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
    assert made.stat().st_mode & 0o777 == manifest_of(made).stat().st_mode & 0o777 == 0o600


def test_every_damaged_byte_is_told(copy, sweep):
    raw = copy.read_bytes()
    rng = random.Random(3)
    for position in sweep(range(len(raw)), 200):
        damaged = bytearray(raw)
        damaged[position] ^= rng.randrange(1, 256)
        copy.write_bytes(damaged)
        with pytest.raises(BackupError, match=f"Backup {NAME} is not what its manifest manifest_{NAME}.json says: "):
            read_verified(str(copy))
    copy.write_bytes(raw)
    assert len(read_verified(str(copy)).tasks) == len(codec.decode(Snapshot, raw).tasks)


def test_without_a_manifest_a_damaged_byte_is_refused_or_does_no_harm(copy, tmp_path, sweep):
    """What can be staged can be committed, replayed at the next start, and written as a backup that can be staged."""
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
            staged = Staged(read_verified(str(copy)))
        except BackupError as error:
            refused += "\n" not in str(error)
            continue
        again.write_bytes(committed(staged, tmp_path))
        assert read_backup(str(again)).counts == staged.backup.counts, position
        staged_anyway += 1
    assert min(refused, staged_anyway) > 0
    assert refused + staged_anyway == len(sweep(range(len(raw)), 150))


def committed(staged, folder):
    """The backup of a scheduler that was started on what was committed."""
    engine = MemoryLog([])
    Log(engine, str(folder), 1 << 12).append_snapshot(staged)
    return backup_of(replay(engine.records, folder))


@pytest.mark.parametrize(
    ("header", "odd", "left"),
    [
        (b"\x0b\x00\x02", b"\x0b\xbf\x02", [1, 3, 4, 5, 6, -16638]),
        (b"\x0b\x00\x03", b"\x0b\xd6\x03", [1, 2, 4, 5, 6, -10749]),
        (b"\x0b\x00\x02", b"\x0b\x00\x01", [1, 3, 4, 5, 6]),
        (b"\x0b\x00\x03", b"\x0b\x00\x02", [1, 2, 4, 5, 6]),
    ],
    ids=["negative-2", "negative-3", "id-twice", "agent-twice"],
)
def test_a_task_with_a_field_that_nobody_writes_is_committed_whole(copy, tmp_path, header, odd, left):
    """A sweep over every byte found them: what can be staged must not fail when it is committed."""
    manifest_of(copy).unlink()
    raw = copy.read_bytes()
    etype, stored = fields.elements(fields.get(raw, 4))
    spoilt = stored[0].replace(header, odd, 1)
    copy.write_bytes(fields.put(raw, [4], 14, fields.container(etype, [spoilt, *stored[1:]])))
    staged = Staged(read_verified(str(copy)))
    saved = fields.elements(fields.get(committed(staged, tmp_path), 4))[1]
    (task,) = set(saved) - set(stored)
    assert [field.id for field in fields.parse(fields.get(task, 1))] == left
    assert same(codec.decode(ScheduledTask, task), codec.decode(ScheduledTask, spoilt))


def test_every_wrong_length_is_told(copy, sweep):
    raw = copy.read_bytes()
    for length in [*sweep(range(len(raw)), 50), len(raw) + 1]:
        copy.write_bytes(raw[:length].ljust(length, b"\0"))
        with pytest.raises(BackupError, match=f"bytes is {length}, not {len(raw)}"):
            read_verified(str(copy))


@pytest.mark.parametrize("fact", ["bytes", "sha256", "timestamp_ms", "framework_id", "counts"])
def test_every_fact_is_checked(copy, fact):
    facts = json.loads(manifest_of(copy).read_text())
    facts[fact] = "other"
    manifest_of(copy).write_text(json.dumps(facts))
    with pytest.raises(BackupError, match=f"is not what its manifest .* says: {fact} is .*, not other"):
        read_verified(str(copy))


@pytest.mark.parametrize(
    "section", ["tasks", "hosts", "cron jobs", "quotas", "locks", "job updates", "maintenance requests"]
)
def test_every_count_is_checked(copy, section):
    facts = json.loads(manifest_of(copy).read_text())
    facts["counts"][section] += 1
    manifest_of(copy).write_text(json.dumps(facts))
    with pytest.raises(BackupError, match=f"'{section}': {facts['counts'][section] - 1}.* not .*'{section}': "):
        read_verified(str(copy))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is no JSON"),
        ("\0\xff{", "it is no JSON"),
        ("[]", "it is not of format 1"),
        ('{"format": 2}', "it is not of format 1"),
        ('{"format": 1, "bytes": 3}', "it lacks sha256, timestamp_ms, framework_id, counts"),
        ("[" * 60_000, "it is no JSON"),
    ],
)
def test_a_useless_manifest_is_a_refusal(copy, text, reason):
    manifest_of(copy).write_text(text, encoding="latin-1")
    with pytest.raises(BackupError, match=f"manifest_{NAME}.json of backup {NAME} cannot be used: {reason}. Copy both"):
        read_verified(str(copy))


def test_a_backup_without_a_manifest_is_not_checked(copy):
    manifest_of(copy).unlink()
    assert len(read_verified(str(copy)).tasks) == len(read_backup(str(copy)).tasks)


def test_stage_holds_a_backup_against_its_manifest(scheduler, made):
    one = scheduler()
    shutil.copy(made, one.backup_dir / NAME)
    shutil.copy(manifest_of(made), manifest_of(one.backup_dir / NAME))
    assert said(call(one.url, "stageRecovery", backupId=NAME)) == OK
    call(one.url, "unloadRecovery")
    place(one)
    code, text = said(call(one.url, "stageRecovery", backupId=NAME))
    assert (code, f"manifest_{NAME}.json says: bytes is" in text) == ("ERROR", True)
    assert said(call(one.url, "commitRecovery")) == ("ERROR", "No backup loaded.")


def test_a_manifest_goes_with_its_backup(scheduler):
    one = scheduler("-max_saved_backups=2")
    for _ in range(4):
        call(one.url, "performBackup")
    kept = names(one)
    assert len(kept) == 2
    assert sorted(path.name for path in one.backup_dir.glob("manifest_*")) == [f"manifest_{n}.json" for n in kept]


def test_what_dead_processes_left_is_cleaned_up_at_the_start(scheduler):
    one = scheduler(started=False)
    stay = [NAME, f"manifest_{NAME}.json", "manifest_notes.json", "temp_scheduler-backup-2026-11-22-10-00"]
    gone = ["temp_scheduler-backup-abcdefgh.part", "manifest_scheduler-backup-2026-11-22-10-01.json"]
    for name in stay + gone:
        (one.backup_dir / name).write_text("left")
    one.start()
    assert sorted(path.name for path in one.backup_dir.iterdir()) == sorted(stay)


def test_what_a_living_process_writes_is_left_alone(scheduler):
    one = scheduler(started=False)
    writing = ["temp_scheduler-backup-abcdefgh.part", "manifest_scheduler-backup-2026-11-22-10-01.json"]
    for name in writing:
        (one.backup_dir / name).write_text("in the making")
    with (one.backup_dir / writing[0]).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        one.start()
    assert sorted(path.name for path in one.backup_dir.iterdir()) == sorted(writing)


def test_neither_name_is_taken_from_another(scheduler):
    """A backup that somebody else put there has no manifest of ours, and an orphan manifest gets no backup."""
    one = scheduler()
    call(one.url, "performBackup")
    (first,) = backups(one)
    manifest_of(first).unlink()
    manifest_of(first.with_name(first.name + "-01")).write_text("orphan")
    call(one.url, "performBackup")
    (second,) = backups(one) - {first}
    if second.name.startswith(first.name):  # else the next minute has begun
        assert second.name == first.name + "-02"
        assert not manifest_of(first).exists()
    assert manifest_of(second).exists()
