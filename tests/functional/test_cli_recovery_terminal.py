"""What the recovery commands show a person, beyond what the original prints."""

import itertools
import json
import re
import socket
from collections.abc import Mapping, Sequence

import pexpect
import pytest

from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    JobKey,
    ListBackupsResult,
    QueryRecoveryResult,
    Result,
    ScheduledTask,
    ScheduleStatus,
    TaskConfig,
    TaskEvent,
    TaskQuery,
)
from tests.support.fake_scheduler import Action, FakeScheduler, Request, close, http, reply_with
from tests.support.recovery import NAME, put_backup
from tests.support.terminal import run_on_terminal, terminal
from tests.support.thrift_calls import call, tasks

OK = " INFO] Response from scheduler: OK (message: )\n"
NOTHING_LOADED = " INFO] Response from scheduler: ERROR (message: No backup loaded.)\n"
HEADER = " INFO] Role\tJob\tShard\tStatus\tTask ID\n"
CLUSTER_NAME_CALL = "listBackups"  # before a commit, a call that every scheduler replies to
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, (\d+ days? )?\d\d:\d\d:\d\d ago"
STAGED = rf"{NAME}, since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ, staged from 127\.0\.0\.1"
SAMPLE = rf"60 tasks, 57 of them active, of 12 jobs; newest task event {TIME}\n"


@pytest.fixture
def on_terminal(tmp_path):
    """`on_terminal("scheduler_stage_recovery", "west", NAME)` runs the program on a terminal."""
    return lambda *arguments, **env: run_on_terminal(tmp_path, *arguments, **env)


@pytest.fixture
def west(scheduler, clusters):
    """A scheduler that has the sample backup in its folder."""
    one = scheduler()
    clusters.write(west=one.url)
    put_backup(one)
    return one


@pytest.fixture
def staged(west, admin):
    assert admin("scheduler_stage_recovery", "west", NAME).err == OK
    return west


@pytest.fixture
def scripted(clusters):
    """`scripted(action, ...)` makes west a scripted scheduler."""
    servers = []

    def start(*script, pages=()):
        servers.append(FakeScheduler(script, pages=pages).__enter__())
        clusters.write(west=servers[-1].url)
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


def query(*staged: ScheduledTask):
    """Reply to queryRecovery with these tasks."""
    return reply_with("queryRecovery", result=Result(queryRecoveryResult=QueryRecoveryResult(tasks=set(staged))))


def listing(*names: str):
    """Reply to listBackups with these names."""
    return reply_with("listBackups", result=Result(listBackupsResult=ListBackupsResult(backups=set(names))))


def by_method(scripts: Mapping[str, Sequence[Action]]) -> Action:
    """Reply to each method from its own script; to listBackups, by which a cluster's name is learnt, with no names."""
    waiting = {CLUSTER_NAME_CALL: itertools.repeat(listing())}
    waiting.update((name, iter(actions)) for name, actions in scripts.items())

    def act(sock: socket.socket, request: Request) -> None:
        next(waiting[request.message.name])(sock, request)

    return act


def task(task_id: str, time_ms: int | None = None) -> ScheduledTask:
    events = [] if time_ms is None else [TaskEvent(timestamp=time_ms, status=ScheduleStatus.RUNNING)]
    config = TaskConfig(job=JobKey(role="www", environment="prod", name="hello"))
    assigned = AssignedTask(taskId=task_id, task=config, instanceId=0)
    return ScheduledTask(assignedTask=assigned, status=ScheduleStatus.RUNNING, taskEvents=events)


NOTHING = reply_with("queryRecovery", 2, "No backup loaded.")
STAGE = ("scheduler_stage_recovery", "west", NAME)
COMMIT = ("scheduler_commit_recovery", "west")
DELETE = ("scheduler_delete_recovery_tasks", "west", "t-1,nosuch")
BACK_UP = ("scheduler_backup_now", "west")
METHODS = {STAGE: "stageRecovery", COMMIT: "commitRecovery", DELETE: "deleteRecoveryTasks", BACK_UP: "performBackup"}


def test_a_terminal_shows_what_was_staged(west, on_terminal):
    result = on_terminal(*STAGE)
    assert result.code == 0
    assert re.fullmatch(re.escape(OK) + r" INFO\] Staged: " + SAMPLE, result.err), result.err


def test_so_does_v_without_a_terminal(west, admin):
    result = admin("-v", *STAGE)
    assert (result.code, result.out) == (0, "")
    assert re.search(r"^ INFO\] Staged: " + SAMPLE, result.err, re.MULTILINE), result.err


def test_a_refused_stage_shows_nothing_else(west, on_terminal):
    result = on_terminal("scheduler_stage_recovery", "west", "nosuch")
    assert result.code == 1
    assert "Staged" not in result.err
    assert "does not exist" in result.err


@pytest.mark.parametrize("line", [STAGE, COMMIT, DELETE, BACK_UP])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_there_is_one_call_without_a_terminal_and_with_q(scripted, admin, on_terminal, line, is_terminal):
    method = METHODS[line]
    server = scripted(by_method({method: [reply_with(method)]}))
    result = on_terminal("-q", *line) if is_terminal else admin(*line)
    assert (result.code, result.out, result.err) == (0, "", "" if is_terminal else OK)
    assert [name for name in server.methods if name != CLUSTER_NAME_CALL or line == BACK_UP] == [method]


def test_a_staged_backup_without_tasks_is_a_warning(scripted, on_terminal):
    scripted(reply_with("stageRecovery"), query())
    result = on_terminal(*STAGE)
    assert result.code == 0
    assert result.err.startswith(f"{OK} INFO] Staged: no tasks\n WARN] A commit of this backup would leave ")


def test_tasks_without_events_and_of_the_future_are_described(scripted, on_terminal):
    scripted(reply_with("stageRecovery"), query(task("t-1")), reply_with("stageRecovery"), query(task("t-1", 2**42)))
    assert "Staged: 1 task, 1 of them active, of 1 job; the tasks have no events\n" in on_terminal(*STAGE).err
    assert re.search(r"newest task event 2109-.+ from now: compare the clocks\n", on_terminal(*STAGE).err)


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (NOTHING, " WARN] The scheduler replied OK, but has no backup staged now"),
        (reply_with("queryRecovery", 2, "broken"), " WARN] The backup is staged, but its tasks could not be counted. "),
        (http(500, b"broken"), " WARN] The backup is staged, but its tasks could not be counted. "),
        (query(task("t-1"), ScheduledTask()), " WARN] The backup is staged, but its tasks could not be counted. "),
    ],
    ids=["forgotten", "refused", "failed", "incomplete task"],
)
def test_a_failure_after_the_stage_is_a_warning(scripted, on_terminal, action, text):
    scripted(reply_with("stageRecovery"), action)
    result = on_terminal(*STAGE, "--timeout=2")
    assert result.code == 0
    assert result.err.startswith(OK)
    assert text in result.err


def test_a_terminal_shows_the_name_of_the_new_backup(west, on_terminal):
    result = on_terminal(*BACK_UP)
    [new] = {path.name for path in west.backup_dir.glob("scheduler-backup-*")} - {NAME}
    assert (result.code, result.err) == (0, f"{OK} INFO] New backup: {new}\n")


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (listing("scheduler-backup-a"), listing("scheduler-backup-a"), "no new name: .* by name: scheduler-backup-a. "),
        (listing(), listing("temp_scheduler-backup-a"), "no new name: .* by name: none. "),
        (listing(), reply_with("listBackups", 2, None), "The name of the new backup is unknown. "),
        (reply_with("listBackups", 2, None), listing("scheduler-backup-a"), "by name: scheduler-backup-a\n"),
        (reply_with("listBackups", 2, None), listing(), "by name: none\n"),
    ],
    ids=["same", "temporary", "not listed after", "not listed before", "nothing"],
)
def test_a_backup_without_a_new_name_is_a_warning(scripted, on_terminal, before, after, text):
    scripted(before, reply_with("performBackup"), after)
    result = on_terminal(*BACK_UP)
    assert result.code == 0
    assert result.err.startswith(OK + " WARN] ")
    assert re.search(text, result.err), result.err


def test_a_terminal_shows_what_was_deleted_and_what_was_not_there(staged, on_terminal):
    first, second, *_ = sorted(staged_ids(staged))
    result = on_terminal("scheduler_delete_recovery_tasks", "west", f"{first},nosuch,{second},,no-2")
    assert (result.code, result.err) == (
        0,
        f"{OK} INFO] Staged tasks: 60 before, 58 after\n WARN] Not in the staged backup: no-2, nosuch\n",
    )


def test_ids_are_typed_on_a_terminal(staged, tmp_path):
    first, second, *_ = sorted(staged_ids(staged))
    with terminal(tmp_path, "scheduler_delete_recovery_tasks", "west", "-") as one:
        one.expect_exact("Type the task ids")
        one.sendline(first)
        one.sendline(second)
        one.sendeof()
        one.expect_exact("Staged tasks: 60 before, 58 after")
        one.expect(pexpect.EOF)
    assert one.exitstatus == 0


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("scheduler_list_backups west", re.escape(f"{OK}1 available backups:\n{NAME}\n")),
        ("scheduler_snapshot west", re.escape(OK)),
        ("scheduler_unload_recovery west", re.escape(OK)),
        (
            "scheduler_print_recovery_tasks west",
            re.escape(f"{OK} INFO] Role\tJob\tShard\tStatus\tTask ID\n") + "(.+\n){57}",
        ),
    ],
)
def test_the_other_commands_print_the_same_on_a_terminal(staged, on_terminal, line, pattern):
    result = on_terminal(*line.split())
    assert result.code == 0
    assert re.fullmatch(pattern, result.err), result.err


def staged_ids(one) -> set[str]:
    reply = call(one.url, "queryRecovery", query=TaskQuery())
    return {found.assignedTask.taskId for found in reply.result.queryRecoveryResult.tasks}


def test_a_deletion_with_nothing_staged_is_refused_as_before(west, on_terminal):
    result = on_terminal(*DELETE)
    assert result.code == 1
    assert result.err.startswith(NOTHING_LOADED)
    assert "Staged tasks" not in result.err


@pytest.mark.parametrize("action", [reply_with("queryRecovery", 2, "broken"), http(500, b"broken")])
def test_tasks_that_cannot_be_counted_do_not_stop_a_deletion(scripted, on_terminal, action):
    scripted(query(task("t-1")), reply_with("deleteRecoveryTasks"), action)
    result = on_terminal(*DELETE, "--timeout=2")
    assert result.code == 0
    assert " WARN] The tasks are deleted, but those that are left could not be counted. " in result.err
    scripted(reply_with("queryRecovery", 2, "broken"), reply_with("deleteRecoveryTasks"))
    result = on_terminal(*DELETE)
    assert result.code == 0
    assert result.err.startswith(" WARN] The staged tasks could not be counted. ")
    assert result.err.endswith(OK)


def test_a_terminal_shows_what_is_committed(staged, on_terminal):
    result = on_terminal(*COMMIT)
    assert result.code == 0
    named = rf" INFO\] Committing the staged backup {STAGED}: "
    assert re.fullmatch(named + SAMPLE + re.escape(OK), result.err), result.err
    assert staged.wait_exit() == 0
    assert len(tasks(staged.start().url)) == 60


def test_a_commit_with_nothing_staged_is_refused_as_before(west, on_terminal):
    result = on_terminal(*COMMIT)
    assert result.code == 1
    assert result.err.startswith(NOTHING_LOADED)


def test_a_commit_whose_backup_cannot_be_counted_warns_first(scripted, on_terminal):
    scripted(
        by_method(
            {
                "queryRecovery": [reply_with("queryRecovery", 2, "broken")],
                "commitRecovery": [reply_with("commitRecovery")],
            }
        )
    )
    result = on_terminal(*COMMIT)
    assert result.code == 0
    assert re.fullmatch(r" WARN\] The staged tasks could not be counted\. .*\n" + re.escape(OK), result.err)


def test_a_lost_commit_says_what_proves_what(scripted, on_terminal):
    scripted(by_method({"queryRecovery": [query(task("t-1", 1))], "commitRecovery": [close]}))
    result = on_terminal(*COMMIT)
    assert result.code == 1
    assert "compare its tasks" in result.err
    assert "a restart forgets the staged backup too" in result.err


def status(text: str) -> dict[str, str]:
    """The lines of the table by their names."""
    return dict(re.findall(r"^(\w[\w ]*?)  +(.*?) *$", text, re.MULTILINE))


def test_the_status_of_a_staged_backup(staged, admin):
    result = admin("recovery_status", "west")
    assert (result.code, result.err) == (0, "")
    shown = status(result.out)
    assert re.fullmatch(TIME, shown.pop("newest event"))
    assert re.fullmatch(STAGED, shown.pop("backup"))
    assert shown == {
        "item": "value",
        "cluster": "west",
        "leader": staged.url,
        "staged": "yes",
        "tasks": "60",
        "active": "57",
        "jobs": "12",
    }


def test_the_status_for_programs(staged, admin):
    [found] = json.loads(admin("recovery_status", "west", "--output=json").out)["rows"]
    newest, age = found.pop("newest_event"), found.pop("age_seconds")
    assert re.fullmatch(STAGED, found.pop("backup"))
    assert found == {
        "cluster": "west",
        "leader": staged.url,
        "staged": True,
        "tasks": 60,
        "active": 57,
        "jobs": 12,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", newest)
    assert isinstance(age, int)
    header, line = admin("recovery_status", "west", "--output=csv").out.splitlines()
    assert header == "cluster,leader,staged,tasks,active,jobs,newest_event,age_seconds,backup"
    assert re.fullmatch(rf"west,{staged.url},yes,60,57,12,{newest},\d+,\"{STAGED}\"", line)


def test_the_status_with_nothing_staged(west, admin):
    result = admin("recovery_status", "west")
    assert (result.code, result.err) == (0, "")
    assert (status(result.out)["staged"], status(result.out)["tasks"]) == ("no", "0")
    [found] = json.loads(admin("recovery_status", "west", "--output=json").out)["rows"]
    assert (found["staged"], found["newest_event"], found["age_seconds"], found["backup"]) == (False, None, None, None)
    assert admin("recovery_status", "west", "--output=csv").out.splitlines()[1] == f"west,{west.url},no,0,0,0,,,"


@pytest.mark.parametrize("code", [0, 2])
def test_the_status_of_a_real_scheduler_with_nothing_staged(scripted, admin, code):
    """Of releases that reply with INVALID_REQUEST and with ERROR."""
    scripted(reply_with("queryRecovery", code, "No backup loaded."))
    result = admin("recovery_status", "west")
    assert (result.code, result.err) == (0, "")
    assert status(result.out)["staged"] == "no"


def test_a_refused_status_is_an_error(scripted, admin):
    scripted(reply_with("queryRecovery", 4, "not you"))
    result = admin("recovery_status", "west")
    assert (result.code, result.out) == (1, "")
    assert result.err == " INFO] Response from scheduler: AUTH_FAILED (message: not you)\n"


def test_the_status_names_the_leader_only_if_it_confirms_that_it_leads(staged, admin, scripted):
    result = admin("recovery_status", "west", "--bypass-leader-redirect")
    assert (result.code, status(result.out)["leader"]) == (0, staged.url)
    health = http(503, b"Current status: Another instance is the leading scheduler.\n")
    scripted(NOTHING, pages=[health, http(307, Location="http://leader.example:8081/api")] * 2)
    result = admin("recovery_status", "west", "--bypass-leader-redirect", "--output=json")
    assert result.code == 0
    assert "does not lead" in result.err
    assert json.loads(result.out)["rows"][0]["leader"] is None
