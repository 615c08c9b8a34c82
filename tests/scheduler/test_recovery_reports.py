"""What a recovery reports: who made each call, which backup is loaded, and facts that endanger a commit."""

import re
import time

import pytest

from aurora_admin.gen.api.ttypes import TaskQuery
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire import fields
from aurora_admin.wire.path import path
from tests.support.recovery import NAME, OK, commit, put_backup, sample, stage
from tests.support.thrift_calls import call, code_and_text, post, request

TIMESTAMP = path(Snapshot, "timestamp")
FRAMEWORK_ID = path(Snapshot, "schedulerMetadata.frameworkId")
HOUR = 3600


@pytest.fixture
def running(scheduler):
    return scheduler()


def backup(age_seconds: float = 0, framework: bytes | None = b"f-1") -> bytes:
    """Return the sample backup as one of another time and framework."""
    taken = TIMESTAMP.put(sample(), fields.i64(int((time.time() - age_seconds) * 1000)))
    return FRAMEWORK_ID.drop(taken) if framework is None else FRAMEWORK_ID.put(taken, fields.string(framework))


def warnings(one) -> list[str]:
    return [line.partition(" WARNING ")[2] for line in one.log.splitlines() if " WARNING " in line]


def test_the_refusal_of_a_second_stage_names_backup_time_and_caller(running):
    put_backup(running)
    stage(running)
    code, text = code_and_text(call(running.url, "stageRecovery", backupId=NAME))
    assert code == "ERROR"
    shown = re.fullmatch(
        rf"Another backup is already loaded\. It is {NAME}, since (\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ), "
        r"staged from 127\.0\.0\.1\. Unload it before you stage another one\.",
        text,
    )
    assert shown
    assert f"{shown[1][:-1]}." in running.log or shown[1][:-3] in running.log


@pytest.mark.parametrize(
    ("method", "arguments", "shown"),
    [
        ("stageRecovery", {"backupId": NAME}, f"stageRecovery('{NAME}')"),
        ("queryRecovery", {"query": TaskQuery(role="www")}, "queryRecovery(role='www')"),
        ("deleteRecoveryTasks", {"query": TaskQuery(taskIds={"t"})}, "deleteRecoveryTasks(taskIds={'t'})"),
        ("unloadRecovery", {}, "unloadRecovery()"),
        ("commitRecovery", {}, "commitRecovery()"),
    ],
)
def test_each_recovery_call_is_logged_with_its_caller_carried_out_or_not(running, method, arguments, shown):
    code, text = code_and_text(call(running.url, method, **arguments))
    line = f"{shown} from 127.0.0.1: {code}"
    put_backup(running)
    if method != "stageRecovery":
        stage(running)
    assert code_and_text(call(running.url, method, **arguments)) == OK
    assert f"INFO {shown} from 127.0.0.1: OK\n" in running.log
    if method != "unloadRecovery":
        assert code == "ERROR"
        assert f"WARNING {line}, {text}\n" in running.log


def test_a_call_without_its_argument_is_logged_too(running):
    assert code_and_text(call(running.url, "stageRecovery")) == ("ERROR", "")
    assert "WARNING stageRecovery() from 127.0.0.1: ERROR\n" in running.log


def test_a_call_with_malformed_arguments_is_logged_too(running):
    message = request("stageRecovery", backupId="abcd")
    post(running.url, message.replace(b"\x00\x00\x00\x04abcd", b"\xff\xff\xff\xffabcd"))
    post(running.url, message[:-3])
    refused = "WARNING stageRecovery from 127.0.0.1 was refused, its arguments are malformed: "
    assert running.log.count(refused) == 2


def test_many_task_ids_are_not_all_logged(running):
    call(running.url, "deleteRecoveryTasks", query=TaskQuery(taskIds={f"task-{number}" for number in range(10_000)}))
    (line,) = [line for line in running.log.splitlines() if "deleteRecoveryTasks(" in line]
    assert len(line) < 500
    assert "..." in line


def test_a_control_character_in_an_argument_makes_no_other_line(running):
    call(running.url, "stageRecovery", backupId="x\nINFO y\x1b[2J\u202e")
    (line,) = [line for line in running.log.splitlines() if "stageRecovery(" in line]
    assert r"x\nINFO y\x1b[2J\u202e" in line


def test_a_backup_older_than_4_hours_is_warned_of_with_the_consequence(running):
    stage(running, put_backup(running, backup(4 * HOUR + 60)))
    (warning,) = warnings(running)
    assert warning.startswith(f"Staged backup {NAME} was taken 0 days 04:01:0")
    assert "a commit loses every change since then" in warning


def test_a_fresh_backup_is_not_warned_of(running):
    stage(running, put_backup(running, backup(4 * HOUR - 600)))
    assert warnings(running) == []
    assert f"INFO Staged backup {NAME} was taken 0 days 03:50:0" in running.log


def test_a_clock_that_is_wrong_is_warned_of_with_the_consequence(running):
    stage(running, put_backup(running, backup(-3 * 24 * HOUR - 60)))
    (warning,) = warnings(running)
    assert warning.startswith(f"Staged backup {NAME} was taken 3 days 00:0")
    assert "in the future: the clock of this host, or of the one that wrote the backup, is wrong." in warning
    assert "Correct it before the commit" in warning


@pytest.mark.parametrize(("theirs", "shown"), [(b"f-2", "f-2"), (None, "none")])
def test_another_framework_id_is_warned_of_with_the_consequence(running, theirs, shown):
    stage(running, put_backup(running, backup()))
    commit(running)
    running.start()
    put_backup(running, backup(framework=theirs))
    stage(running)
    (warning,) = warnings(running)
    assert warning.startswith(f"Framework id of the backup: {shown}; of the running state: f-1. After a commit ")
    assert "Mesos" in warning


def test_the_same_framework_id_is_not_warned_of(running):
    stage(running, put_backup(running, backup()))
    commit(running)
    running.start()
    stage(running)
    assert warnings(running) == []
    assert "INFO Framework id of the backup: f-1; of the running state: f-1\n" in running.log


def test_a_list_names_the_number_of_other_files_and_why_they_are_not_in_it(running):
    assert code_and_text(call(running.url, "listBackups")) == OK
    put_backup(running)
    call(running.url, "performBackup")  # with a manifest, which belongs to its backup
    assert code_and_text(call(running.url, "listBackups")) == OK
    put_backup(running, name="nightly.copy")
    (running.backup_dir / "scheduler-backup-folder").mkdir()
    (running.backup_dir / "scheduler-backup-link").symlink_to(running.backup_dir / NAME)
    response = call(running.url, "listBackups")
    why = "only regular files whose names begin with scheduler-backup-, in UTF-8, are listed"
    assert code_and_text(response) == ("OK", f"3 other files in {running.backup_dir}: {why}")
    assert len(response.result.listBackupsResult.backups) == 2
