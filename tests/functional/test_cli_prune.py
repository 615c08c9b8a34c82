"""`prune_tasks`: what it sends, and above all what it does not (docs/cli.md 4.7, docs/api.md 1.7)."""

import signal
import subprocess
import threading

import pytest

from aurora_admin.gen.api.AuroraAdmin import pruneTasks_args
from aurora_admin.gen.api.ReadOnlyScheduler import getTasksStatus_args
from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    JobKey,
    Result,
    ScheduledTask,
    ScheduleStatus,
    ScheduleStatusResult,
    TaskConfig,
    TaskQuery,
)
from aurora_admin.wire.codec import decode
from tests.support import jobs
from tests.support.fake_scheduler import NO_LEADER_PAGE, FakeScheduler, close, exception, http, reply_with
from tests.support.processes import PROGRAMS, environment
from tests.support.waiting import DEADLINE_SECONDS, wait_exit

TERMINAL = {ScheduleStatus.FINISHED, ScheduleStatus.FAILED, ScheduleStatus.KILLED, ScheduleStatus.LOST}
ARGUMENTS = {"getTasksStatus": getTasksStatus_args, "pruneTasks": pruneTasks_args}
NON_TERMINAL = "FATAL] Failed to prune tasks: Tasks in non-terminal state cannot be pruned.\n"
NOTHING = " WARN] No task matches (FINISHED, FAILED, KILLED, LOST): nothing was sent\n"


def found(*statuses):
    config = TaskConfig(job=JobKey("www", "prod", "web"))
    tasks = [ScheduledTask(AssignedTask(taskId=f"t{status}", task=config), status) for status in statuses]
    return reply_with("getTasksStatus", result=Result(scheduleStatusResult=ScheduleStatusResult(tasks)))


ENDED, NONE = found(ScheduleStatus.LOST), found()
PRUNED = reply_with("pruneTasks")


@pytest.fixture
def scripted(clusters):
    """Serve the calls by scripts, each method by its own; the last action of a script is repeated."""
    servers = []

    def serve(*, query=(ENDED,), prune=(PRUNED,)):
        scripts = {"listBackups": [reply_with("listBackups")], "getTasksStatus": [*query], "pruneTasks": [*prune]}

        def act(sock, request):
            script = scripts[request.message.name]
            (script.pop(0) if len(script) > 1 else script[0])(sock, request)

        servers.append(FakeScheduler([act]))
        clusters.write(west=servers[-1].url)
        return servers[-1]

    yield serve
    for server in servers:
        server.__exit__()


def calls(server):
    """The calls after the one for the cluster's name: the method, and the fields of the query that are set."""
    return [
        (message.name, fields(decode(ARGUMENTS[message.name], message.body).query))
        for message in (request.message for request in server.requests)
        if message.name in ARGUMENTS
    ]


def fields(query):
    return {name: getattr(query, name) for name in TaskQuery.__slots__ if getattr(query, name) is not None}


FILTERS = {
    "": {"statuses": TERMINAL},
    "--states=LOST,LOST --role=www": {"statuses": {ScheduleStatus.LOST}, "role": "www"},
    "--env=prod --limit=010": {"statuses": TERMINAL, "environment": "prod", "limit": 8},
    "--limit=1": {"statuses": TERMINAL, "limit": 1},
}


@pytest.mark.parametrize("options", FILTERS)
def test_it_asks_for_one_match_and_then_sends_the_same_filter_with_states(admin, scripted, options):
    server = scripted()
    result = admin("prune_tasks", *options.split(), "west")
    assert (result.code, result.out, result.err) == (0, "Tasks pruned.\n", "")
    assert calls(server) == [
        ("getTasksStatus", {**FILTERS[options], "limit": 1}),
        ("pruneTasks", FILTERS[options]),
    ]


def test_options_after_the_cluster_count(admin, scripted):
    server = scripted()
    assert admin("prune_tasks", "west", "--states=LOST").code == 0
    assert calls(server)[-1] == ("pruneTasks", {"statuses": {ScheduleStatus.LOST}})


def test_nothing_is_sent_if_nothing_matches(admin, scripted):
    server = scripted(query=[NONE])
    result = admin("prune_tasks", "west")
    assert (result.code, result.out, result.err) == (0, "Tasks pruned.\n", NOTHING)
    assert [name for name, _ in calls(server)] == ["getTasksStatus"]
    assert admin("prune_tasks", "-q", "west").err == ""


@pytest.mark.parametrize("states", ["RUNNING", "LOST,RUNNING", "PARTITIONED", "INIT"])
def test_states_that_have_not_ended_are_refused_before_anything_is_sent(admin, scripted, states):
    server = scripted()
    result = admin("prune_tasks", f"--states={states}", "west")
    assert (result.code, result.out, result.err) == (1, "", NON_TERMINAL)
    assert server.requests == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("prune_tasks", "FATAL] Must specify at least cluster.\n"),
        ("prune_tasks --limit=0 nowhere", "FATAL] Unknown cluster: nowhere. Known clusters: west\n"),
        ("prune_tasks --states=lost west", "FATAL] Unknown state 'lost' specified.  Valid states are:\n"),
        ("prune_tasks --limit=0 west", "FATAL] --limit=0 is not 1 or more. Nothing was sent"),
        ("prune_tasks --limit=-3 west", "FATAL] --limit=-3 is not 1 or more. Nothing was sent"),
        ("prune_tasks --states=LOST --role=www west extra", "FATAL] usage: prune_tasks"),
    ],
)
def test_what_is_invalid_is_refused_before_anything_is_sent(admin, scripted, line, text):
    server = scripted()
    result = admin(*line.split())
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(text)
    assert server.requests == []


@pytest.mark.parametrize("option", ["--role= ", "--role=", "--env=", "--states="])
def test_an_empty_option_is_not_taken_for_everything(admin, scripted, option):
    server = scripted()
    result = admin("prune_tasks", option, "west")
    assert (result.code, result.out, server.requests) == (1, "", [])
    name = option.split("=")[0]
    assert result.err == f"FATAL] {name} is empty. Nothing was sent; leave it out to prune all of them\n"


def test_a_limit_that_is_no_number_is_an_error_of_the_command_line(admin, scripted):
    server = scripted()
    for value in ("abc", "", "1.5"):
        result = admin("prune_tasks", f"--limit={value}", "west")
        assert result.code == 2
        assert result.err.endswith(f"error: argument --limit: invalid integer value: '{value}'\n")
    result = admin("prune_tasks", "--limit=99999999999", "west")
    assert (result.code, result.err) == (
        1,
        "FATAL] --limit: 99999999999 is out of range, the largest number is 2147483647. Nothing was sent\n",
    )
    assert server.requests == []


def test_a_refusal_is_one_line(admin, scripted):
    scripted(prune=[reply_with("pruneTasks", 2, "Failure", "second")])
    result = admin("prune_tasks", "west")
    assert (result.code, result.out, result.err) == (1, "", "FATAL] Failed to prune tasks: Failure, second\n")


def test_nothing_is_sent_if_the_query_is_refused(admin, scripted):
    server = scripted(query=[reply_with("getTasksStatus", 4, "denied")])
    result = admin("prune_tasks", "west")
    assert (result.code, result.out) == (1, "")
    assert result.err == "FATAL] Failed to query scheduler: denied. Nothing was pruned\n"
    assert [name for name, _ in calls(server)] == ["getTasksStatus"]


@pytest.mark.parametrize("query", [reply_with("getTasksStatus"), found(ScheduleStatus.LOST, None)])
def test_nothing_is_sent_if_the_reply_to_the_query_is_broken(admin, scripted, query):
    """It is not known then whether a task matches."""
    cut = http(200, query.complete.partition(b"\r\n\r\n")[2][:-20], Content_Type="application/vnd.apache.thrift.binary")
    server = scripted(query=[cut])
    result = admin("prune_tasks", "--timeout=3", "west")
    assert (result.code, result.out) == (1, "")
    assert "pruneTasks" not in server.methods


def test_a_release_without_the_call_says_so(admin, scripted):
    scripted(prune=[exception("pruneTasks", 1, "Invalid method name: 'pruneTasks'")])
    result = admin("prune_tasks", "west")
    assert (result.code, result.out) == (1, "")
    assert "has no call pruneTasks, so it was not carried out" in result.err


def test_a_lost_reply_is_an_unknown_outcome_and_the_command_may_be_repeated(admin, scripted):
    server = scripted(prune=[close])
    result = admin("prune_tasks", "west")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert "It may have been carried out. You may repeat the command: it asks first" in result.err
    assert server.methods.count("pruneTasks") == 1


NO_LEADER = http(503, NO_LEADER_PAGE)


def test_a_match_is_asked_for_again_before_a_retry(admin, scripted):
    server = scripted(prune=[NO_LEADER, PRUNED])
    result = admin("prune_tasks", "west")
    assert (result.code, result.out) == (0, "Tasks pruned.\n")
    assert server.methods[1:] == ["getTasksStatus", "pruneTasks", "getTasksStatus", "pruneTasks"]


def test_there_is_no_retry_if_nothing_matches_any_more(admin, scripted):
    """While the scheduler had no leader, its tasks may have been pruned; the retry would delete all that are left."""
    server = scripted(query=[ENDED, NONE], prune=[NO_LEADER, PRUNED])
    result = admin("prune_tasks", "west")
    assert (result.code, result.out) == (0, "Tasks pruned.\n")
    assert result.err.endswith(NOTHING)
    assert server.methods.count("pruneTasks") == 1


def test_ctrl_c_while_it_prunes_says_what_to_do(clusters, tmp_path):
    has_arrived = threading.Event()
    actions = [reply_with("listBackups"), ENDED, lambda *_: has_arrived.set()]
    with FakeScheduler(actions) as server:
        clusters.write(west=server.url)
        program = subprocess.Popen(
            [PROGRAMS / "aurora_admin", "prune_tasks", "west"],
            env=environment(tmp_path),
            stderr=subprocess.PIPE,
            text=True,
        )
        with program.stderr:
            assert has_arrived.wait(DEADLINE_SECONDS)
            program.send_signal(signal.SIGINT)
            assert wait_exit(program) == 130
            assert "Interrupted before the reply to pruneTasks" in program.stderr.read()


def test_a_scheduler_of_another_cluster_is_refused(admin, scheduler, clusters):
    one = scheduler(started=False)
    one.cluster = "east"
    clusters.write(west=one.start().url)
    result = admin("prune_tasks", "west")
    assert (result.code, result.out) == (1, "")
    assert "reaches a scheduler of the cluster east. Nothing was changed." in result.err


@pytest.fixture
def west(scheduler, clusters):
    """A scheduler with two running tasks and three that have ended."""
    web, batch = jobs.config(jobs.key()), jobs.config(jobs.key("batch", "ads", "devel"))
    tasks = [jobs.task(web), jobs.task(batch, 9)]
    tasks += [jobs.task(web, 1, ScheduleStatus.LOST), jobs.task(web, 2, ScheduleStatus.KILLED)]
    tasks += [jobs.task(batch, 1, ScheduleStatus.FINISHED)]
    one = jobs.restored(scheduler, tasks=set(tasks))
    clusters.write(west=one.url)
    return one


def left(admin):
    states = "--states=RUNNING,FINISHED,FAILED,KILLED,LOST"
    return sorted(admin("query", "--force", states, "west").out.splitlines())


def test_tasks_that_have_ended_are_gone_durably(admin, west, clusters):
    assert admin("prune_tasks", "--role=www", "--limit=1", "west").out == "Tasks pruned.\n"
    assert len(left(admin)) == 4
    assert admin("prune_tasks", "west").code == 0
    remaining = ["ads/batch/9 RUNNING", "www/web/0 RUNNING"]
    assert left(admin) == remaining
    jobs.power_cut(west)
    clusters.write(west=west.url)
    assert left(admin) == remaining
    result = admin("prune_tasks", "west")
    assert (result.code, result.out, result.err) == (0, "Tasks pruned.\n", NOTHING)
    assert left(admin) == remaining
