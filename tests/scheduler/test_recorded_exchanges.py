"""Responses are those of a real scheduler, but for the exceptions in one table, each with its reason."""

import gzip
import shutil
from collections.abc import Callable

import pytest

from aurora_admin.gen.api.ttypes import (
    ListBackupsResult,
    Response,
    ResponseCode,
    Result,
    ScheduleStatusResult,
    TaskQuery,
)
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire.codec import decode
from tests.support.processes import Scheduler
from tests.support.recordings import (
    JSON,
    LISTED,
    NAMES,
    WHERE,
    Difference,
    HttpResponse,
    Recording,
    ReplyMessage,
    make_response,
    meaning,
    recorded_backup,
    refusal,
    send_recorded,
)
from tests.support.thrift_calls import BINARY, call, code_and_text

BACKUP = "scheduler-backup-2026-11-24-11-38"
PRUNED = "ads-devel-batch-fin-x-0-1b8931cb-6f3a-499e-839b-7d06c0d93a7f"
NO_TIMESTAMP = "it is not a backup: the snapshot has no timestamp at byte"
CUT_OFF = "the input ends in the middle of a value at byte"
PLAIN_NAME = "is not the name of a backup: give a plain file name, as listBackups returns it."


def undecodable(name: str, fault: str, reason: str) -> Difference:
    advice = "copy it again from where it was made, or use another backup."
    return refusal(f"Failed to decode backup {name}: {fault}; {advice}", reason)


def missing_method(method: str) -> Difference:
    text = f"{method} is not available in this reference scheduler."
    return Difference(make_response(ResponseCode.INVALID_REQUEST, text), "we do not have this method")


def docker_tasks() -> Response:
    stored = decode(Snapshot, recorded_backup()).tasks
    tasks = [task for task in stored if task.assignedTask.task.job.name == "docker-hello"]
    return make_response(ResponseCode.OK, result=Result(scheduleStatusResult=ScheduleStatusResult(tasks)))


# Recordings of a standby, and of an elected scheduler that is not registered: see test_recorded_standby.py.
NOT_LEADING = ("standby-", "noleader-")
MISSING_METHODS = ("getJobUpdateDetails", "getJobUpdateSummaries")
WIPES = "the real one says OK and has staged nothing: to commit that would wipe the cluster"
NO_FOLDER = "the path of the folder is not for clients"
PLAIN = "an id is a plain name; a path could lead anywhere"
NO_PASSWORDS = "ours has no authentication, which the real one was configured to use"
EXCEPTIONS = {
    **{method: missing_method(method) for method in MISSING_METHODS},
    "stageRecovery-gz": refusal("Failed to decode backup gz: it is compressed with gzip; gunzip it first.", WIPES),
    "stageRecovery-one-nul": undecodable("one-nul", f"{NO_TIMESTAMP} 0 of 1", WIPES),
    "stageRecovery-trailing": undecodable(
        "trailing",
        "7 bytes follow the end of the snapshot at byte 31895 of 31902",
        "bytes behind the snapshot mean that the file is damaged",
    ),
    "stageRecovery-parent-path": refusal(f"'../backups/{BACKUP}' {PLAIN_NAME}", PLAIN),
    "stageRecovery-empty-id": refusal(f"'' {PLAIN_NAME}", PLAIN),
    "stageRecovery-a-directory": refusal(
        "Failed to read backup a-directory: it is not a regular file. Put a copy of the backup there, not a link.",
        WHERE,
    ),
    "stageRecovery-flipped": undecodable("flipped", f"{CUT_OFF} 26 of 31895", WHERE),
    "stageRecovery-garbage": undecodable("garbage", "Unrecognized type 104 at byte 0 of 25", WHERE),
    "stageRecovery-minus-one-byte": undecodable("minus-one-byte", f"{CUT_OFF} 31894 of 31894", WHERE),
    "stageRecovery-truncated": undecodable("truncated", f"{CUT_OFF} 15947 of 15947", WHERE),
    "stageRecovery-zero-bytes": undecodable("zero-bytes", "the file is empty", WHERE),
    "stageRecovery-missing-file": refusal(
        f"Backup scheduler-backup-2001-01-01-00-00 does not exist. {LISTED}", NO_FOLDER
    ),
    "stageRecovery-twice-missing": refusal(f"Backup nosuch does not exist. {LISTED}", NO_FOLDER),
    "stageRecovery-no-credentials": Difference("stageRecovery", NO_PASSWORDS),
    "stageRecovery-not-admin": Difference("stageRecovery", NO_PASSWORDS),
    "stageRecovery-wrong-password": Difference("stageRecovery", NO_PASSWORDS),
    "getQuota-wrong-password": Difference("getQuota-no-credentials", NO_PASSWORDS),
    "listBackups": Difference(
        make_response(ResponseCode.OK, result=Result(listBackupsResult=ListBackupsResult({BACKUP}))),
        "foreign files are not listed",
    ),
    "getTasksWithoutConfigs-docker-without-executor": Difference(docker_tasks, "the real one fails at such a task"),
}


def stage(scheduler: Scheduler) -> None:
    assert code_and_text(call(scheduler.url, "stageRecovery", backupId=BACKUP)) == ("OK", "")


def prune(scheduler: Scheduler) -> None:
    """The recordings were made over the state of the backup without this task."""
    assert code_and_text(call(scheduler.url, "deleteRecoveryTasks", query=TaskQuery(taskIds={PRUNED}))) == ("OK", "")


def send(name: str) -> Callable[[Scheduler], None]:
    return lambda scheduler: send_recorded(scheduler.url, Recording(name))


def empty(scheduler: Scheduler) -> None:
    shutil.rmtree(scheduler.backup_dir)
    scheduler.backup_dir.mkdir()


# What a request needs to have happened before.
NEEDS_STAGED = ("deleteRecoveryTasks", "queryRecovery", "unloadRecovery")
BEFORE: dict[str, list[Callable[[Scheduler], None]]] = {
    **{name: [stage] for name in NAMES if name.startswith(NEEDS_STAGED) and not name.endswith("nothing-staged")},
    "queryRecovery-null-query": [],
    "deleteRecoveryTasks-by-id-again": [stage, send("deleteRecoveryTasks-by-id")],
    "stageRecovery-twice": [stage],
    "stageRecovery-twice-missing": [stage],
    "listBackups-empty": [empty],
    "commitRecovery": [stage, prune],
    "commitRecovery-active": [stage, prune],
}
# What changes tasks that other requests ask for.
CHANGING = ("pruneTasks-limit",)


def fill(scheduler: Scheduler) -> None:
    """Put the files into the backup folder that it had when the requests were recorded."""
    raw = recorded_backup()
    flipped = bytearray(raw)
    flipped[raw.index(b"\x0b\x00\x01") + 3] ^= 0x40  # in the length of the first text
    empty(scheduler)
    for name, content in {
        BACKUP: raw,
        "flipped": bytes(flipped),
        "garbage": b"hello, this is no backup\n",
        "gz": gzip.compress(raw),
        "minus-one-byte": raw[:-1],
        "one-nul": b"\x00",
        "trailing": raw + b"garbage",
        "truncated": raw[: len(raw) // 2],
        "zero-bytes": b"",
    }.items():
        (scheduler.backup_dir / name).write_bytes(content)
    (scheduler.backup_dir / "a-directory").mkdir()


def restore(scheduler: Scheduler) -> None:
    """Bring the scheduler into the state that the requests were recorded in."""
    stage(scheduler)
    prune(scheduler)
    assert code_and_text(call(scheduler.url, "commitRecovery")) == ("OK", "")
    assert scheduler.wait_exit() == 0
    scheduler.start()


@pytest.fixture(scope="module")
def recorded_state(tmp_path_factory, fixtures):
    """A scheduler in the state that the requests were recorded in."""
    scheduler = Scheduler(tmp_path_factory.mktemp("recorded") / "scheduler", cluster="local")
    fill(scheduler)
    scheduler.start()
    try:
        restore(scheduler)
        yield scheduler
    finally:
        scheduler.kill()


@pytest.fixture
def ready(recorded_state):
    """The same with nothing staged and its files in place, serving again if the last request ended it."""
    fill(recorded_state)
    assert code_and_text(call(recorded_state.url, "unloadRecovery")) == ("OK", "")
    return recorded_state


def expected(recording: Recording) -> HttpResponse:
    if recording.name not in EXCEPTIONS:
        return recording.response
    ours = EXCEPTIONS[recording.name].expected
    if isinstance(ours, int):
        return HttpResponse(ours, None, None, "")
    if isinstance(ours, str):
        return Recording(ours).response
    response = ours() if callable(ours) else ours
    return HttpResponse(200, JSON, None, ReplyMessage(recording.method, 2, 0, meaning(response)))


def names(binary: bool) -> list:
    return [name for name in NAMES if not name.startswith(NOT_LEADING) and (not binary or Recording(name).is_json_call)]


def response_to(scheduler: Scheduler, recording: Recording, *, binary: bool) -> HttpResponse:
    for step in BEFORE.get(recording.name, []):
        step(scheduler)
    response = send_recorded(scheduler.url, recording, binary=binary)
    if recording.method == "commitRecovery" and response.body.body[0] == "OK":
        assert scheduler.wait_exit() == 0
        scheduler.start()
    if recording.name in CHANGING:
        restore(scheduler)
    return response


@pytest.mark.parametrize("name", names(binary=False))
def test_the_response_is_the_recorded_one(ready, name):
    recording = Recording(name)
    assert response_to(ready, recording, binary=False) == expected(recording)


@pytest.mark.parametrize("name", names(binary=True))
def test_the_response_in_binary_is_the_recorded_one(ready, name):
    recording = Recording(name)
    wanted = expected(recording)
    content_type = BINARY if wanted.content_type == JSON else wanted.content_type
    assert response_to(ready, recording, binary=True) == wanted._replace(content_type=content_type)


def test_every_recording_is_used_and_every_exception_needed(fixtures):
    assert len(names(binary=False)) == 105
    assert len(names(binary=True)) == 73
    assert set(EXCEPTIONS) | set(BEFORE) <= set(NAMES)
    unneeded = [name for name in EXCEPTIONS if expected(Recording(name)) == Recording(name).response]
    assert unneeded == []
