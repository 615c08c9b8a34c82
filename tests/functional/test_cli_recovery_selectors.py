"""Staged tasks that are selected by what they are, and printed in formats for programs (docs/cli.md 4.5.1)."""

import csv
import io
import json
import re

import pytest

from aurora_admin.client.selection import NUMBERS
from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    Identity,
    QueryRecoveryResult,
    Result,
    ScheduledTask,
    ScheduleStatus,
    TaskConfig,
    TaskQuery,
)
from aurora_admin.plugins.backup.selectors import OPTIONS
from aurora_admin.registry import Registry
from tests.support import jobs
from tests.support.fake_scheduler import FakeScheduler, close, reply_with
from tests.support.scripted_scheduler import sent
from tests.support.thrift_calls import OK as CODE_OK
from tests.support.thrift_calls import call, code_and_text

DELETE = "scheduler_delete_recovery_tasks"
OK = " INFO] Response from scheduler: OK (message: )\n"
SPECIAL = 'a\tb,"c"\u202e'
STAGED = [
    jobs.task(jobs.config(jobs.key("web", "www", "prod")), 0),
    jobs.task(jobs.config(jobs.key("web", "www", "prod")), 1),
    jobs.task(jobs.config(jobs.key("web", "www", "prod")), 2, ScheduleStatus.FINISHED),
    jobs.task(jobs.config(jobs.key("web", "www", "test")), 0, ScheduleStatus.PENDING),
    jobs.task(jobs.config(jobs.key("api", "www", "prod")), 0, ScheduleStatus.PREEMPTING),
    jobs.task(jobs.config(jobs.key("web", "ads", "prod")), 1),
    jobs.task(jobs.config(jobs.key(SPECIAL, "ads", "prod")), 3, ScheduleStatus.LOST),
]
IDS = {task.assignedTask.taskId for task in STAGED}


@pytest.fixture
def west(scheduler, clusters):
    """A scheduler with the tasks staged."""
    one = scheduler()
    clusters.write(west=one.url)
    (one.backup_dir / jobs.BACKUP).write_bytes(jobs.snapshot(tasks=STAGED))
    assert code_and_text(call(one.url, "stageRecovery", backupId=jobs.BACKUP)) == CODE_OK
    return one


def staged(west):
    reply = call(west.url, "queryRecovery", query=TaskQuery())
    return {task.assignedTask.taskId for task in reply.result.queryRecoveryResult.tasks}


def matching(**wanted):
    """Return the ids of the tasks that a plain reading of the options selects."""
    found = set()
    for one in STAGED:
        key, status = one.assignedTask.task.job, ScheduleStatus._VALUES_TO_NAMES[one.status]
        has = {"role": key.role, "env": key.environment, "job": key.name, "host": one.assignedTask.slaveHost}
        has["state"] = status
        if all(has[name] in value.split("|") for name, value in wanted.items()):
            found.add(one.assignedTask.taskId)
    return found


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--role=www"], {"role": "www"}),
        (["--role", "www", "--env=test"], {"role": "www", "env": "test"}),
        (["--env=prod"], {"env": "prod"}),
        (["--job=web"], {"job": "web"}),
        (["--job=www/prod/web"], {"role": "www", "env": "prod", "job": "web"}),
        (["--job=www/prod/web", "--role=www", "--state=RUNNING"], {"role": "www", "job": "web", "state": "RUNNING"}),
        ([f"--job={SPECIAL}"], {"job": SPECIAL}),
        (["--host=host-1"], {"host": "host-1"}),
        (["--host", " host-1 ,host-3"], {"host": "host-1|host-3"}),
        (["--state=FINISHED,LOST"], {"state": "FINISHED|LOST"}),
        (["--state=PENDING", "--env=test"], {"state": "PENDING", "env": "test"}),
    ],
    ids=" ".join,
)
def test_the_tasks_that_meet_every_option_are_deleted(admin, west, options, wanted):
    gone = matching(**wanted)
    assert gone
    result = admin(DELETE, "west", *options)
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        f" INFO] Staged tasks: 7 before, of which {len(gone)} match\n{OK}"
        f" INFO] Staged tasks: {7 - len(gone)} after, of which 0 match\n"
    )
    assert staged(west) == IDS - gone


def test_ids_and_options_have_to_match_together(admin, west, tmp_path):
    ids = tmp_path / "ids"
    ids.write_text("www-prod-web-0\r\n\r\nwww-prod-web-2\r\nnosuch\r\n")
    result = admin(DELETE, "--state=RUNNING", "--task-ids-file", ids, "west")
    assert result.code == 0, result.err
    assert " WARN] Not in the staged backup: nosuch\n" in result.err
    assert staged(west) == IDS - {"www-prod-web-0"}
    assert admin(DELETE, "west", "www-prod-web-1,www-prod-web-2,ads-prod-web-1", "--role=www").code == 0
    assert staged(west) == IDS - {"www-prod-web-0", "www-prod-web-1", "www-prod-web-2"}


def test_ids_are_read_one_a_line_from_standard_input(admin, west):
    result = admin(DELETE, "--task-ids-file=-", "west", stdin="www-prod-web-0\nads-prod-web-1\n")
    assert result.code == 0, result.err
    assert staged(west) == IDS - {"www-prod-web-0", "ads-prod-web-1"}


@pytest.mark.parametrize(
    "options", [["--role=nosuch"], ["--job=a/b/c"], ["--host=host-9"], ["www-prod-web-0", "--env=x"]]
)
def test_without_a_match_no_deletion_is_requested(admin, clusters, options):
    tasks = Result(queryRecoveryResult=QueryRecoveryResult(STAGED))
    with FakeScheduler([reply_with("queryRecovery", result=tasks)]) as server:
        clusters.write(west=server.url)
        result = admin(DELETE, "west", *options)
    assert (result.code, result.out, server.methods) == (0, "", ["queryRecovery"])
    assert result.err.endswith(" WARN] No staged task matches: nothing was deleted\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--role="], "--role is empty: nothing was deleted"),
        (["--env=", "--role=www"], "--env is empty: nothing was deleted"),
        (["--job", ""], "--job is empty: nothing was deleted"),
        (["--host="], "--host is empty: nothing was deleted"),
        (["--host=,"], "--host=, names no host: nothing was deleted"),
        (["--state="], "--state is empty: nothing was deleted"),
        (["--task-ids-file="], "--task-ids-file is empty: nothing was deleted"),
        (["--job=www/prod"], "--job=www/prod is neither a name nor ROLE/ENVIRONMENT/NAME: nothing was deleted"),
        (["--job=/prod/web"], "--job=/prod/web is neither a name nor ROLE/ENVIRONMENT/NAME: nothing was deleted"),
        (["--job=www/prod/web", "--role=ads"], "--role=ads and --job exclude each other: nothing was deleted"),
        (["--task-ids-file=nosuch"], "Cannot read nosuch: No such file or directory. Nothing was sent"),
        (["--task-ids-file=/"], "Cannot read /: Is a directory. Nothing was sent"),
        (["--task-ids-file=/dev/null"], "No task id was given: nothing was deleted"),
        (["", "--role=www"], "No task id was given: nothing was deleted"),
        (["-", "--task-ids-file=-"], "Ids can be read from standard input once only: nothing was deleted"),
    ],
    ids=str,
)
def test_options_that_would_select_more_than_was_meant_are_errors(admin, clusters, options, message):
    with FakeScheduler([close]) as server:
        clusters.write(west=server.url)
        result = admin(DELETE, "west", *options)
    assert (result.code, result.out, server.methods) == (1, "", [])
    assert result.err.startswith(f"FATAL] {message}")
    assert result.err.count("\n") == 1


def test_an_unknown_state_is_the_error_of_query(admin, clusters):
    clusters.write("west")
    result = admin(DELETE, "--state=RUNNING,running", "west")
    assert (result.code, result.out) == (1, "")
    names = ",".join(sorted(NUMBERS))
    assert result.err == f"FATAL] Unknown state 'running' specified.  Valid states are:\n{names}\n"


def test_without_ids_and_options_it_is_the_usage(admin, clusters):
    clusters.write("west")
    result = admin(DELETE, "west")
    usage = f"FATAL] usage: {DELETE} cluster task_ids\n\nsee the help subcommand for more details.\n"
    assert (result.code, result.out, result.err) == (1, "", usage)
    assert admin(DELETE, "--role=www").err == usage
    assert admin(DELETE, "--role=www", "west", "a", "b").err == usage


def test_each_selector_may_stand_for_the_ids():
    assert Registry().find(DELETE).command.stand_ins == OPTIONS


def test_nothing_staged_is_refused_as_always(admin, scheduler, clusters):
    clusters.write(west=scheduler().url)
    result = admin(DELETE, "--role=www", "west")
    assert (result.code, result.out) == (1, "")
    assert result.err == " INFO] Response from scheduler: ERROR (message: No backup loaded.)\n"


def test_only_ids_are_sent_so_that_every_release_understands_the_same(admin, clusters):
    """A scheduler 0.5 does not know the field role, and would take the query for one without a condition."""
    tasks = Result(queryRecoveryResult=QueryRecoveryResult(STAGED))
    left = Result(queryRecoveryResult=QueryRecoveryResult([]))
    script = [reply_with("queryRecovery", result=tasks), reply_with("deleteRecoveryTasks")]
    with FakeScheduler([*script, reply_with("queryRecovery", result=left)]) as server:
        clusters.write(west=server.url)
        assert admin(DELETE, "--role=www", "--env=test", "--state=PENDING", "west").code == 0
    assert [sent(request)["args"]["query"] for request in server.requests] == [
        {},
        {"taskIds": {"set": ["www-test-web-0"]}},
        {},
    ]


def test_a_scheduler_that_ends_after_the_deletion_is_a_warning(admin, clusters):
    tasks = Result(queryRecoveryResult=QueryRecoveryResult(STAGED))
    script = [reply_with("queryRecovery", result=tasks), reply_with("deleteRecoveryTasks")]
    with FakeScheduler([*script, reply_with("queryRecovery", 2, "No backup loaded.")]) as server:
        clusters.write(west=server.url)
        result = admin(DELETE, "--role=www", "west")
    assert result.code == 0
    assert result.err.endswith(" WARN] The tasks are deleted, but those that are left could not be counted.\n")


def test_tasks_that_are_staged_again_meanwhile_are_an_error(admin, clusters):
    tasks = Result(queryRecoveryResult=QueryRecoveryResult(STAGED))
    script = [reply_with("queryRecovery", result=tasks), reply_with("deleteRecoveryTasks")]
    with FakeScheduler([*script, reply_with("queryRecovery", result=tasks)]) as server:
        clusters.write(west=server.url)
        result = admin(DELETE, "--role=www", "west")
    assert result.code == 1
    assert "FATAL] 5 of the tasks are still staged: " in result.err


def rows(admin, form):
    result = admin("scheduler_print_recovery_tasks", f"--output={form}", "west")
    assert (result.code, result.err) == (0, OK)
    return result.out


def test_the_staged_tasks_as_rows(admin, west):
    document = json.loads(rows(admin, "json"))
    assert document["version"] == 1
    by_id = {row["task_id"]: row for row in document["rows"]}
    assert by_id.keys() == IDS - {"www-prod-web-2", f"ads-prod-{SPECIAL}-3"}
    assert by_id["www-test-web-0"] == {
        "role": "www",
        "environment": "test",
        "job": "web",
        "instance": 0,
        "status": "PENDING",
        "host": None,
        "task_id": "www-test-web-0",
    }
    [header, *found] = csv.reader(io.StringIO(rows(admin, "csv")))
    assert header == list(by_id["www-test-web-0"])
    assert ["www", "test", "web", "0", "PENDING", "", "www-test-web-0"] in found
    assert "www\tprod\tapi\t0\tPREEMPTING\thost-0\twww-prod-api-0\n" in rows(admin, "tsv")
    assert re.search(r"^www +test +web +0 +PENDING +www-test-web-0$", rows(admin, "table"), re.MULTILINE)


def test_quiet_hides_the_response_and_not_the_rows(admin, west):
    result = admin("-q", "scheduler_print_recovery_tasks", "--output=csv", "west")
    assert (result.code, result.err, len(result.out.splitlines())) == (0, "", 6)


def test_many_tasks_are_deleted_some_at_a_time_and_a_failure_says_how_many_are_gone(admin, clusters):
    config = jobs.config()
    many = Result(queryRecoveryResult=QueryRecoveryResult([jobs.task(config, number) for number in range(50_001)]))
    script = [reply_with("queryRecovery", result=many), reply_with("deleteRecoveryTasks")]
    with FakeScheduler([*script, reply_with("deleteRecoveryTasks", 2, "broken")]) as server:
        clusters.write(west=server.url)
        result = admin(DELETE, "--role=www", "west")
    assert result.code == 1
    assert result.err == (
        f" INFO] Staged tasks: 50001 before, of which 50001 match\n{OK}"
        " INFO] Response from scheduler: ERROR (message: broken)\n"
        " WARN] 50000 of the 50001 tasks had been deleted before\n"
    )
    sizes = [len(sent(request)["args"]["query"]["taskIds"]["set"]) for request in server.requests[1:]]
    assert sizes == [50_000, 1]


def old_task(number, role, name, environment):
    """A task as 0.5 sends it, without a key of its job."""
    config = TaskConfig(owner=Identity(role, role), jobName=name, environment=environment)
    return ScheduledTask(AssignedTask(f"old-{number}", task=config, instanceId=number), ScheduleStatus.RUNNING)


def test_tasks_of_a_scheduler_0_5_are_printed_and_selected(admin, clusters):
    tasks = [old_task(0, "www", "web", "prod"), old_task(1, "www", "web", "test"), old_task(2, "ads", "web", "prod")]
    everything = reply_with("queryRecovery", result=Result(queryRecoveryResult=QueryRecoveryResult(tasks)))
    left = reply_with("queryRecovery", result=Result(queryRecoveryResult=QueryRecoveryResult(tasks[1:])))
    with FakeScheduler([everything, everything, everything, reply_with("deleteRecoveryTasks"), left]) as server:
        clusters.write(west=server.url)
        printed = admin("scheduler_print_recovery_tasks", "west").err.splitlines()[2:]
        assert printed[1:] == [" INFO] www\tweb\t1\tRUNNING\told-1", " INFO] ads\tweb\t2\tRUNNING\told-2"]
        [first, *_] = json.loads(rows(admin, "json"))["rows"]
        assert [first[name] for name in ("role", "environment", "job")] == ["www", "prod", "web"]
        assert admin(DELETE, "--job=www/prod/web", "west").code == 0
    assert sent(server.requests[3])["args"]["query"] == {"taskIds": {"set": ["old-0"]}}


@pytest.mark.parametrize("option", ["--states=PENDING", "--task_ids_file=x", "--dry-run", "--roles=ads"])
def test_a_mistyped_option_is_not_taken_for_an_id(admin, west, option):
    result = admin(DELETE, "west", option)
    assert (result.code, result.out) == (2, "")
    assert f"error: unrecognized arguments: {option}" in result.err
    assert staged(west) == IDS
