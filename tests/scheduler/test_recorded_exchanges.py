"""Our answers are those of a real scheduler, but for one table: recording, our answer, reason."""

import gzip
import shutil
from collections.abc import Callable
from typing import NamedTuple

import pytest

from aurora_admin.gen.api.ttypes import (
    ListBackupsResult,
    Response,
    ResponseCode,
    ResponseDetail,
    Result,
    ScheduleStatusResult,
    ServerInfo,
    TaskQuery,
)
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire.codec import decode
from tests.conftest import FIXTURES
from tests.support.processes import Scheduler
from tests.support.recordings import JSON, NAMES, Answer, Recording, Reply, meaning, replay
from tests.support.thrift_calls import BINARY, call, said

BACKUP = "scheduler-backup-2026-11-24-11-38"
PRUNED = "ads-devel-batch-fin-x-0-1b8931cb-6f3a-499e-839b-7d06c0d93a7f"
NO_TIMESTAMP = "it is not a backup: the snapshot has no timestamp at byte"
CUT_OFF = "the input ends in the middle of a value at byte"
PLAIN_NAME = "is not the name of a backup: give a plain file name, as scheduler_list_backups prints it."


class Ours(NamedTuple):
    """What we answer instead: a Response, the recording of the same, or a status without a body; and why."""

    answer: Response | str | int | Callable[[], Response]
    reason: str


def response(code: int, *texts: str, result: Result | None = None) -> Response:
    return Response(
        code,
        serverInfo=ServerInfo("local", statsUrlPrefix=""),
        result=result,
        details=[ResponseDetail(text) for text in texts],
    )


def refused(text: str, reason: str) -> Ours:
    return Ours(response(ResponseCode.ERROR, text), reason)


def undecodable(name: str, fault: str, reason: str) -> Ours:
    advice = "copy it again from where it was made, or use another backup."
    return refused(f"Failed to decode backup {name}: {fault}; {advice}", reason)


def not_here(method: str) -> Ours:
    text = f"{method} is not available in this reference scheduler."
    return Ours(response(ResponseCode.INVALID_REQUEST, text), "not one of the calls that are here")


def docker_tasks() -> Response:
    tasks = [task for task in decode(Snapshot, backup()).tasks if task.assignedTask.task.job.name == "docker-hello"]
    return response(ResponseCode.OK, result=Result(scheduleStatusResult=ScheduleStatusResult(tasks)))


def backup() -> bytes:
    return (FIXTURES / "backups" / "small-022").read_bytes()


# Of a standby and of an elected scheduler that is not registered; test_recorded_standby.py plays them.
NOT_LEADING = ("standby-", "noleader-")
NOT_HERE = {
    "forceTaskState-unknown": "forceTaskState",
    "maintenanceStatus": "maintenanceStatus",
    "pruneTasks-active": "pruneTasks",
    "pruneTasks-limit": "pruneTasks",
    "triggerExplicitTaskReconciliation-bad": "triggerExplicitTaskReconciliation",
    **{
        name: name
        for name in (
            "getConfigSummary",
            "getJobSummary",
            "getJobUpdateDetails",
            "getJobUpdateSummaries",
            "getPendingReason",
            "triggerExplicitTaskReconciliation",
            "triggerImplicitTaskReconciliation",
        )
    },
}
WIPES = "the real one says OK and has staged nothing: to commit that would wipe the cluster"
LISTED = "Choose one from the list of backups."
WHERE = "we say which file, where in it, and what to do"
NO_FOLDER = "the folder is nobody's business but ours"
PLAIN = "an id is a plain name; a path could lead anywhere"
NO_PASSWORDS = "nobody is asked for a password, which the real one was told to do"
EXCEPTIONS = {
    **{name: not_here(method) for name, method in NOT_HERE.items()},
    "stageRecovery-gz": refused("Failed to decode backup gz: it is compressed with gzip; gunzip it first.", WIPES),
    "stageRecovery-one-nul": undecodable("one-nul", f"{NO_TIMESTAMP} 0 of 1", WIPES),
    "stageRecovery-trailing": undecodable(
        "trailing", "7 bytes follow the end of the snapshot at byte 31895 of 31902", "a backup has nothing behind it"
    ),
    "stageRecovery-parent-path": refused(f"'../backups/{BACKUP}' {PLAIN_NAME}", PLAIN),
    "stageRecovery-empty-id": refused(f"'' {PLAIN_NAME}", PLAIN),
    "stageRecovery-a-directory": refused(
        "Failed to read backup a-directory: it is not a regular file. Put a copy of the backup there, not a link.",
        WHERE,
    ),
    "stageRecovery-flipped": undecodable("flipped", f"{CUT_OFF} 26 of 31895", WHERE),
    "stageRecovery-garbage": undecodable("garbage", "Unrecognized type 104 at byte 0 of 25", WHERE),
    "stageRecovery-minus-one-byte": undecodable("minus-one-byte", f"{CUT_OFF} 31894 of 31894", WHERE),
    "stageRecovery-truncated": undecodable("truncated", f"{CUT_OFF} 15947 of 15947", WHERE),
    "stageRecovery-zero-bytes": undecodable("zero-bytes", "the file is empty", WHERE),
    "stageRecovery-missing-file": refused(
        f"Backup scheduler-backup-2001-01-01-00-00 does not exist. {LISTED}", NO_FOLDER
    ),
    "stageRecovery-twice-missing": refused(
        "Another backup is already loaded.", "the slot is looked at before any file is opened"
    ),
    "stageRecovery-no-credentials": Ours("stageRecovery", NO_PASSWORDS),
    "stageRecovery-not-admin": Ours("stageRecovery", NO_PASSWORDS),
    "stageRecovery-wrong-password": Ours("stageRecovery", NO_PASSWORDS),
    "getQuota-wrong-password": Ours("getQuota-no-credentials", NO_PASSWORDS),
    "listBackups": Ours(
        response(ResponseCode.OK, result=Result(listBackupsResult=ListBackupsResult({BACKUP}))),
        "foreign files are not listed",
    ),
    "getTasksWithoutConfigs-docker-without-executor": Ours(docker_tasks, "the real one fails at such a task"),
    **dict.fromkeys(("http-maintenance", "http-quotas", "http-tiers"), Ours(404, "not one of the pages that are here")),
}


def stage(scheduler: Scheduler) -> None:
    assert said(call(scheduler.url, "stageRecovery", backupId=BACKUP)) == ("OK", "")


def prune(scheduler: Scheduler) -> None:
    """The recordings were made over the state of the backup without this task."""
    assert said(call(scheduler.url, "deleteRecoveryTasks", query=TaskQuery(taskIds={PRUNED}))) == ("OK", "")


def play(name: str) -> Callable[[Scheduler], None]:
    return lambda scheduler: replay(scheduler.url, Recording(name))


def empty(scheduler: Scheduler) -> None:
    shutil.rmtree(scheduler.backup_dir)
    scheduler.backup_dir.mkdir()


# What came before a request, where that matters.
NEEDS_STAGED = ("deleteRecoveryTasks", "queryRecovery", "unloadRecovery")
BEFORE: dict[str, list[Callable[[Scheduler], None]]] = {
    **{name: [stage] for name in NAMES if name.startswith(NEEDS_STAGED) and not name.endswith("nothing-staged")},
    "queryRecovery-null-query": [],
    "deleteRecoveryTasks-by-id-again": [stage, play("deleteRecoveryTasks-by-id")],
    "stageRecovery-twice": [stage],
    "stageRecovery-twice-missing": [stage],
    "listBackups-empty": [empty],
    "commitRecovery": [stage, prune],
    "commitRecovery-active": [stage, prune],
}


def fill(scheduler: Scheduler) -> None:
    """Put the files into the backup folder that were there when the requests were recorded."""
    raw = backup()
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


@pytest.fixture(scope="module")
def recorded_state(tmp_path_factory, fixtures):
    """A scheduler in the state that the requests were recorded in."""
    scheduler = Scheduler(tmp_path_factory.mktemp("recorded") / "scheduler", cluster="local")
    fill(scheduler)
    scheduler.start()
    try:
        stage(scheduler)
        prune(scheduler)
        assert said(call(scheduler.url, "commitRecovery")) == ("OK", "")
        assert scheduler.wait_exit() == 0
        yield scheduler.start()
    finally:
        scheduler.kill()


@pytest.fixture
def ready(recorded_state):
    """The same with nothing staged and its files in place, serving again if the last request ended it."""
    fill(recorded_state)
    assert said(call(recorded_state.url, "unloadRecovery")) == ("OK", "")
    return recorded_state


def expected(recording: Recording) -> Answer:
    if recording.name not in EXCEPTIONS:
        return recording.answer
    ours = EXCEPTIONS[recording.name].answer
    if isinstance(ours, int):
        return Answer(ours, None, None, "")
    if isinstance(ours, str):
        return Recording(ours).answer
    told = ours() if callable(ours) else ours
    return Answer(200, JSON, None, Reply(recording.method, 2, 0, meaning(told)))


def names(binary: bool) -> list:
    return [name for name in NAMES if not name.startswith(NOT_LEADING) and (not binary or Recording(name).is_json_call)]


def answer_in_turn(scheduler: Scheduler, recording: Recording, *, binary: bool) -> Answer:
    for step in BEFORE.get(recording.name, []):
        step(scheduler)
    answer = replay(scheduler.url, recording, binary=binary)
    if recording.method == "commitRecovery" and answer.body.body[0] == "OK":
        assert scheduler.wait_exit() == 0
        scheduler.start()
    return answer


@pytest.mark.parametrize("name", names(binary=False))
def test_answer_is_the_recorded_one(ready, name):
    recording = Recording(name)
    assert answer_in_turn(ready, recording, binary=False) == expected(recording)


@pytest.mark.parametrize("name", names(binary=True))
def test_answer_in_the_other_protocol_is_the_recorded_one(ready, name):
    recording = Recording(name)
    wanted = expected(recording)
    content_type = BINARY if wanted.content_type == JSON else wanted.content_type
    answer = answer_in_turn(ready, recording, binary=True)
    assert answer == wanted._replace(content_type=content_type)


def test_exceptions_are_exceptions(fixtures):
    assert set(EXCEPTIONS) <= set(NAMES)
    agreeing = [name for name in EXCEPTIONS if expected(Recording(name)) == Recording(name).answer]
    assert agreeing == []
