"""The queries of the SLA commands (docs/cli.md 4.9), on scripted replies; a real scheduler has no such tasks."""

import pytest

from aurora_admin.client.selection import LIVE, Selection
from aurora_admin.client.sla_tasks import sla_tasks
from aurora_admin.errors import BadReply, Refused
from aurora_admin.gen.api.ReadOnlyScheduler import getTasksWithoutConfigs_args
from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    JobKey,
    Response,
    ResponseCode,
    Result,
    ScheduledTask,
    ScheduleStatus,
    ScheduleStatusResult,
    TaskConfig,
    TaskEvent,
    TaskQuery,
)
from aurora_admin.sla import SlaTask
from aurora_admin.wire import codec
from aurora_admin.wire.canonical import same
from tests.support.fake_scheduler import FakeScheduler, Request, close, http, reply_with, thrift

WITHOUT, WITH = "getTasksWithoutConfigs", "getTasksStatus"
PENDING, RUNNING, KILLED = ScheduleStatus.PENDING, ScheduleStatus.RUNNING, ScheduleStatus.KILLED
STARTED = [TaskEvent(timestamp=1000, status=PENDING), TaskEvent(timestamp=999_900_900, status=RUNNING)]
NPE = b"<p>Reason:\n<pre>    javax.servlet.ServletException: java.lang.NullPointerException</pre></p>"


def record(name: str = "web", host: str | None = "h1", instance: int = 0, **fields: object) -> ScheduledTask:
    config = TaskConfig(job=JobKey("www", "prod", name), production=fields.pop("production", True))
    assigned = AssignedTask(taskId=f"{name}-{instance}", slaveHost=host, instanceId=instance, task=config)
    return ScheduledTask(assignedTask=assigned, status=RUNNING, **{"taskEvents": STARTED, **fields})


def tasks_reply(*tasks: ScheduledTask, method: str = WITHOUT, **options: object):
    return reply_with(method, result=Result(scheduleStatusResult=ScheduleStatusResult(tasks=list(tasks))), **options)


def asked(request: Request) -> TaskQuery:
    return codec.decode(getTasksWithoutConfigs_args, request.message.body).query


def ask(server: FakeScheduler, hosts: list[str] | None = None, checked: list[str] | None = None) -> list[SlaTask]:
    def check(reply) -> None:
        if checked is not None:
            checked.append(f"{reply.code_name} {reply.message}")
        if not reply.ok:
            raise Refused

    return sla_tasks(server.client().scheduler, check, "west", hosts)


def test_the_tasks_of_a_cluster_take_one_query():
    with FakeScheduler([tasks_reply(record(), record("api", None, 1, production=None))]) as server:
        checked: list[str] = []
        assert ask(server, None, checked) == [
            SlaTask("west/www/prod/web", "h1", 0, True, 999_900),
            SlaTask("west/www/prod/api", None, 1, False, 999_900),
        ]
        assert checked == ["OK "]
        assert same(asked(server.requests[0]), Selection(statuses=LIVE).query())


def test_hosts_take_two_queries_of_which_the_second_has_the_jobs():
    with FakeScheduler([tasks_reply(record(), record("api")), tasks_reply(record(), record(host="h2"))]) as server:
        checked: list[str] = []
        assert [task.host for task in ask(server, ["h1"], checked)] == ["h1", "h2"]
        assert checked == ["OK ", "OK "]
        first, second = map(asked, server.requests)
        assert same(first, Selection(statuses=LIVE, hosts=["h1"]).query())
        jobs = [("www", "prod", "web"), ("www", "prod", "api")]
        assert same(second, Selection(statuses=LIVE, jobs=jobs).query())


def test_hosts_without_tasks_take_one_query():
    with FakeScheduler([tasks_reply()]) as server:
        assert ask(server, ["h1"]) == []
        assert server.methods == [WITHOUT]


def test_no_hosts_are_never_a_query_of_everything():
    with FakeScheduler([tasks_reply(record())]) as server:
        with pytest.raises(ValueError, match="every host"):
            ask(server, [])
        assert server.methods == []


@pytest.mark.parametrize("at", [0, 1])
def test_a_refused_query_is_an_error_and_not_an_empty_cluster(at):
    refusal = reply_with(WITHOUT, ResponseCode.ERROR, "Storage is down")
    with FakeScheduler([*[tasks_reply(record())] * at, refusal]) as server:
        checked: list[str] = []
        with pytest.raises(Refused):
            ask(server, ["h1"], checked)
        assert checked[at:] == ["ERROR Storage is down"]


@pytest.mark.parametrize(
    ("events", "since"),
    [
        ([TaskEvent(timestamp=999_900_000, status=RUNNING), TaskEvent(timestamp=999_990_000, status=RUNNING)], 999_900),
        ([TaskEvent(timestamp=999_900_000, status=PENDING)], None),
        ([TaskEvent(timestamp=5000, status=KILLED), TaskEvent(timestamp=7999, status=RUNNING)], 7),
        ([], None),
    ],
)
def test_a_task_is_up_since_its_first_event_running(events, since):
    with FakeScheduler([tasks_reply(record(taskEvents=events))]) as server:
        assert [task.running_since for task in ask(server)] == [since]


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (record(taskEvents=None), "no events"),
        (record(taskEvents=[TaskEvent(status=RUNNING)]), "no time"),
        (record("wéb"), "'west/www/prod/wéb' is no valid name"),
        (record(""), "'west/www/prod/' is no valid name"),
        (record("a\nb"), "no valid name"),
    ],
)
def test_a_task_that_no_scheduler_sends_is_an_error_after_the_response_line(broken, what):
    with FakeScheduler([tasks_reply(record(), broken)]) as server:
        checked: list[str] = []
        with pytest.raises(BadReply, match=what):
            ask(server, None, checked)
        assert checked == ["OK "]


def test_an_ok_without_a_list_of_tasks_is_an_error():
    with FakeScheduler([reply_with(WITHOUT)]) as server, pytest.raises(BadReply, match="no result"):
        ask(server)


FAILURES = {
    "HTTP 500": http(500, NPE, Content_Type="text/html"),
    "cut off": tasks_reply(*[record(instance=number) for number in range(1000)], cut=20_000),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_where_a_task_without_executor_breaks_the_query_the_whole_tasks_are_asked_for(failure):
    """A real 0.22 fails so (docs/api.md 1.4); the original ended there."""
    with FakeScheduler([FAILURES[failure], tasks_reply(record(), method=WITH)]) as server:
        client = server.client()
        checked: list[str] = []
        found = sla_tasks(client.scheduler, lambda reply: checked.append(reply.code_name), "west", None)
        assert [task.job for task in found] == ["west/www/prod/web"]
        assert checked == ["OK"]
        assert server.methods == [WITHOUT, WITH]
        assert client.slept == []


def test_a_scheduler_that_fails_in_both_queries_is_an_error():
    with FakeScheduler([FAILURES["HTTP 500"]]) as server, pytest.raises(BadReply, match="getTasksStatus"):
        ask(server)


def test_a_lost_reply_is_asked_for_again():
    with FakeScheduler([close, tasks_reply(record())]) as server:
        assert len(ask(server)) == 1
        assert server.methods == [WITHOUT] * 2


def test_a_scheduler_that_lost_leadership_between_the_queries_is_not_an_empty_cluster():
    not_ready = thrift(WITHOUT, Response(responseCode=ResponseCode.ERROR_TRANSIENT, details=[]))
    with FakeScheduler([tasks_reply(record()), not_ready, tasks_reply(record(), record(host="h2"))]) as server:
        assert [task.host for task in ask(server, ["h1"])] == ["h1", "h2"]
