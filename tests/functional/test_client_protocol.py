"""The protocol of calls and replies, and replies with tasks that are read while they arrive."""

import re
import tracemalloc

import pytest
from thrift.Thrift import TType

from aurora_admin.client.scheduler import ACTIVE
from aurora_admin.errors import AdminError, BadReply, CallFailed
from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    JobKey,
    QueryRecoveryResult,
    Response,
    ResponseDetail,
    Result,
    ScheduledTask,
    ScheduleStatusResult,
    ServerInfo,
    TaskConfig,
)
from aurora_admin.wire import fields
from aurora_admin.wire.codec import encode
from aurora_admin.wire.message import REPLY, Message, to_binary
from aurora_admin.wire.path import path
from tests.support.fake_scheduler import BINARY, JSON, FakeScheduler, close, http, reply_with, thrift


def content_types(server):
    return [request.headers["Content-Type"] for request in server.requests]


def task(number=0, status=2, text="", **job):
    key = JobKey(**{"role": "www", "environment": "prod", "name": "hello", **job})
    return ScheduledTask(
        status=status,
        assignedTask=AssignedTask(
            taskId=f"www-prod-hello-{number}",
            slaveHost="agent1",
            instanceId=number,
            task=TaskConfig(job=key, contactEmail=text),
        ),
    )


def tasks_reply(*tasks, texts=()):
    return Response(
        responseCode=1,
        result=Result(queryRecoveryResult=QueryRecoveryResult(tasks=list(tasks))),
        serverInfo=ServerInfo(clusterName="west"),
        details=[ResponseDetail(message=text) for text in texts],
    )


def test_json_is_sent_until_a_scheduler_has_replied_in_binary():
    with FakeScheduler([reply_with("snapshot")]) as server:
        scheduler = server.client().scheduler
        for _ in range(3):
            scheduler.snapshot()
    assert content_types(server) == [JSON, BINARY, BINARY]


def test_an_old_scheduler_is_always_sent_json():
    with FakeScheduler([reply_with("snapshot", binary=False)]) as server:
        scheduler = server.client().scheduler
        for _ in range(3):
            scheduler.snapshot()
    assert content_types(server) == [JSON] * 3


def test_after_a_failure_json_is_sent_again():
    listed = reply_with("listBackups")
    with FakeScheduler([listed, close, listed]) as server:
        scheduler = server.client().scheduler
        scheduler.list_backups()
        scheduler.list_backups()
    assert content_types(server) == [JSON, BINARY, JSON]


def test_after_a_redirect_json_is_sent_again():
    with FakeScheduler([reply_with("snapshot", binary=False)]) as leader:
        redirect = http(307, Location=f"{leader.url}/api")
        with FakeScheduler([reply_with("snapshot"), redirect]) as standby:
            scheduler = standby.client().scheduler
            scheduler.snapshot()
            scheduler.snapshot()
            scheduler.close()
    assert content_types(standby) == [JSON, BINARY]
    assert content_types(leader) == [JSON]


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (lambda s: s.snapshot(), b'[1,"snapshot",1,0,{"1":{"rec":{}}}]'),
        (lambda s: s.stage_recovery("b"), b'[1,"stageRecovery",1,0,{"1":{"str":"b"},"2":{"rec":{}}}]'),
        (
            lambda s: s.delete_recovery_tasks({"a"}),
            b'[1,"deleteRecoveryTasks",1,0,{"1":{"rec":{"4":{"set":["str",1,"a"]}}},"2":{"rec":{}}}]',
        ),
        (lambda s: s.call("setQuota", ownerRole="www"), b'[1,"setQuota",1,0,{"1":{"str":"www"},"3":{"rec":{}}}]'),
        (lambda s: s.call("getRoleSummary"), b'[1,"getRoleSummary",1,0,{}]'),
        (lambda s: s.call("triggerImplicitTaskReconciliation"), b'[1,"triggerImplicitTaskReconciliation",1,0,{}]'),
    ],
)
def test_a_session_is_sent_where_old_releases_want_one(call, body):
    name = body.split(b'"')[1].decode()
    with FakeScheduler([reply_with(name)]) as server:
        call(server.client().scheduler)
    assert server.requests[0].body == body


def test_text_is_sent_as_utf_8_and_not_escaped():
    with FakeScheduler([reply_with("stageRecovery")]) as server:
        server.client().scheduler.stage_recovery('é鴭😀"\\\n')
    assert '"é鴭😀\\"\\\\\\n"'.encode() in server.requests[0].body


def test_an_argument_that_is_not_utf_8_is_refused_before_anything_is_sent():
    with FakeScheduler([reply_with("stageRecovery")]) as server, pytest.raises(AdminError) as caught:
        server.client().scheduler.stage_recovery("caf\udce9")
    assert caught.value.message == r"'caf\udce9' cannot be sent: it is not UTF-8. Nothing was sent"
    assert not server.requests


def test_details_without_text_are_shown_as_the_original_shows_them():
    with FakeScheduler([reply_with("snapshot", 2, "bad", None, "worse")]) as server:
        reply = server.client().scheduler.snapshot()
    assert (reply.ok, reply.code_name, reply.message) == (False, "ERROR", "bad, Unknown error, worse")


def test_an_unknown_response_code_is_shown_as_its_number():
    with FakeScheduler([reply_with("snapshot", 99)]) as server:
        assert server.client().scheduler.snapshot().code_name == "99"


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_tasks_are_read_with_the_fields_that_commands_show(binary):
    with FakeScheduler(
        [thrift("queryRecovery", tasks_reply(task(0), task(1, 12, role="é"), texts=["late"]), binary=binary)]
    ) as server:
        reply = server.client().scheduler.query_recovery()
        assert (reply.ok, reply.code_name, reply.message, reply.count) == (True, "OK", "", 2)
        assert list(reply.tasks) == [
            ("www", "hello", 0, "RUNNING", "www-prod-hello-0"),
            ("é", "hello", 1, "RESTARTING", "www-prod-hello-1"),
        ]
        assert reply.message == "late"


@pytest.mark.parametrize(("texts", "shown"), [([], "old"), (["new"], "new")])
@pytest.mark.parametrize("method", ["snapshot", "query_recovery"])
def test_the_message_field_of_old_releases_is_read_unless_there_are_details(method, texts, shown):
    details = [ResponseDetail(message=text) for text in texts]
    error = Response(responseCode=2, messageDEPRECATED="old", details=details)
    name = {"query_recovery": "queryRecovery"}.get(method, method)
    with FakeScheduler([thrift(name, error, binary=False)]) as server:
        reply = getattr(server.client().scheduler, method)()
    assert (reply.code_name, reply.message) == ("ERROR", shown)


def test_an_unknown_status_is_shown_as_its_number():
    with FakeScheduler([thrift("queryRecovery", tasks_reply(task(status=99)))]) as server:
        assert [one.status for one in server.client().scheduler.query_recovery().tasks] == ["99"]


def test_the_statuses_of_the_query_are_active_by_default():
    with FakeScheduler([reply_with("queryRecovery", binary=False)]) as server:
        scheduler = server.client().scheduler
        for statuses in (ACTIVE, None, ["RUNNING"]):
            scheduler.query_recovery(statuses)
    assert [request.body.partition(b',0,{"1":{"rec":')[2] for request in server.requests] == [
        b'{"5":{"set":["i32",10,0,1,2,6,9,12,13,16,17,18]}}},"2":{"rec":{}}}]',
        b'{}},"2":{"rec":{}}}]',
        b'{"5":{"set":["i32",1,2]}}},"2":{"rec":{}}}]',
    ]


@pytest.mark.parametrize("method", ["queryRecovery", "getTasksStatus"])
def test_raw_tasks_are_the_bytes_on_the_wire(method):
    tasks = [task(number, text="x" * number) for number in range(50)]
    result = {
        "queryRecovery": Result(queryRecoveryResult=QueryRecoveryResult(tasks=tasks)),
        "getTasksStatus": Result(scheduleStatusResult=ScheduleStatusResult(tasks=tasks)),
    }[method]
    with FakeScheduler([reply_with(method, result=result, chunk=100)]) as server:
        assert list(server.client().scheduler.raw_tasks(method)) == [encode(one) for one in tasks]


def test_raw_tasks_of_a_reply_that_is_not_ok_are_an_error():
    with (
        FakeScheduler([reply_with("queryRecovery", 2, "No backup loaded.")]) as server,
        pytest.raises(CallFailed) as caught,
    ):
        list(server.client().scheduler.raw_tasks("queryRecovery"))
    assert caught.value.message == "The reply to queryRecovery is ERROR: No backup loaded."


def test_tasks_that_break_off_are_reported_as_incomplete():
    response = tasks_reply(*map(task, range(100)))
    cut = len(thrift("queryRecovery", response).complete) - 500
    with FakeScheduler([thrift("queryRecovery", response, cut=cut)]) as server:
        tasks = server.client().scheduler.query_recovery().tasks
        assert next(tasks).instance == 0
        with pytest.raises(BadReply, match=r"^The tasks from .* are incomplete: .*\. Run the command again"):
            list(tasks)
    assert len(server.requests) == 1


def failing_reply(sent, announced):
    """A reply of a scheduler that can read only some of the tasks: the rest are empty structs, then code and reason."""
    result = tasks_reply(*map(task, range(sent)), *[ScheduledTask()] * (announced - sent)).result
    failed = Response(responseCode=2, details=[ResponseDetail(message=DISK_ERROR)])
    response = encode(Response(responseCode=1, result=result))[:-1] + encode(failed)
    body = fields.header(TType.STRUCT, 0) + response + b"\0"
    return http(200, to_binary(Message("queryRecovery", REPLY, 0, body)), Content_Type=BINARY)


def test_a_field_of_another_type_in_the_place_of_the_tasks_is_no_result():
    tasks = path(Response, "result.queryRecoveryResult.tasks")
    response = fields.put(encode(Response(responseCode=1)), tasks.ids, TType.I64, fields.i64(7))
    body = fields.header(TType.STRUCT, 0) + response + fields.STOP
    reply = http(200, to_binary(Message("queryRecovery", REPLY, 0, body)), Content_Type=BINARY)
    with FakeScheduler([reply]) as server, pytest.raises(BadReply, match="is OK, but has no result"):
        list(server.client().scheduler.query_recovery().tasks)


DISK_ERROR = "Failed to read backup /backups/b again: Input/output error. Unload it and check its disk."


@pytest.mark.parametrize("sent", [0, 1, 9, 10])
def test_a_scheduler_that_fails_while_it_sends_tasks_says_why_and_what_to_do(sent):
    with FakeScheduler([failing_reply(sent, 10)]) as server:
        shown = []
        with pytest.raises(BadReply) as caught:
            shown.extend(server.client().scheduler.query_recovery().tasks)
        with pytest.raises(BadReply, match="Input/output error"):
            list(server.client().scheduler.raw_tasks("queryRecovery"))
    assert caught.value.message == (
        f"The tasks from {server.url}/api are incomplete, because the scheduler failed while it sent them: {DISK_ERROR}"
    )
    assert len(server.requests) == 2


@pytest.mark.parametrize("chunk", [0, 100])
def test_tasks_that_the_server_ends_too_early_are_not_blamed_on_the_network(chunk):
    cut = thrift("queryRecovery", tasks_reply(*map(task, range(100))), chunk=chunk, cut=5000)
    with FakeScheduler([cut]) as server, pytest.raises(BadReply) as caught:
        list(server.client().scheduler.query_recovery().tasks)
    assert re.fullmatch(
        f"The tasks from {server.url}/api are incomplete: the reply (broke off: the server ended it|ends) too early.*"
        r"\. Run the command again; if it fails again, the log of the scheduler has the details",
        caught.value.message,
    )


def test_a_task_without_a_job_makes_the_reply_invalid():
    invalid = thrift("queryRecovery", tasks_reply(ScheduledTask(status=2)))
    with FakeScheduler([invalid]) as server, pytest.raises(BadReply, match="a task has no job or no id"):
        list(server.client().scheduler.query_recovery().tasks)


def test_a_query_whose_reply_breaks_off_before_the_tasks_is_sent_again():
    response = tasks_reply(task())
    script = [thrift("queryRecovery", response, cut=cut) for cut in (0, 50, 120)]
    with FakeScheduler([*script, thrift("queryRecovery", response)]) as server:
        assert len(list(server.client().scheduler.query_recovery().tasks)) == 1
    assert len(server.requests) == 4


def test_tasks_are_read_as_they_arrive():
    complete = thrift("queryRecovery", tasks_reply(*map(task, range(10)))).complete

    def stop_in_the_middle(sock, request):
        sock.sendall(complete[:-300])

    with FakeScheduler([stop_in_the_middle]) as server:
        reply = server.client(timeout=30).scheduler.query_recovery()
        assert next(reply.tasks).task_id == "www-prod-hello-0"  # while the rest has not been sent


def test_a_slow_reader_gets_all_tasks():
    response = tasks_reply(*[task(text="x" * 2000)] * 3000)
    with FakeScheduler([thrift("queryRecovery", response)]) as server:
        client = server.client(timeout=10)
        tasks = client.scheduler.query_recovery().tasks
        next(tasks)
        client.time.now += 3600  # as in a pager
        assert sum(1 for _ in tasks) == 2999


def test_memory_does_not_grow_with_the_size_of_a_reply():
    many = tasks_reply(*[task(text="x" * 2000)] * 10_000)
    with FakeScheduler([thrift("queryRecovery", many, chunk=1 << 15)]) as server:
        scheduler = server.client().scheduler
        tracemalloc.start()
        try:
            assert sum(1 for _ in scheduler.query_recovery().tasks) == 10_000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 6 << 20, "20 MB were read with more than a window or two of memory"


def test_an_ok_reply_without_a_list_of_backups_is_an_error_and_no_empty_list():
    with FakeScheduler([reply_with("listBackups")]) as server:
        reply = server.client().scheduler.list_backups()
        with pytest.raises(BadReply, match="is OK, but has no result"):
            _ = reply.backups


@pytest.mark.parametrize("result", [None, Result(), Result(scheduleStatusResult=ScheduleStatusResult(tasks=[]))])
def test_an_ok_reply_without_tasks_is_an_error_and_no_empty_table(result):
    with FakeScheduler([reply_with("queryRecovery", result=result)]) as server:
        reply = server.client().scheduler.query_recovery()
        with pytest.raises(BadReply, match="is OK, but has no result"):
            list(reply.tasks)


@pytest.mark.parametrize("call", ["snapshot", "queryRecovery"])
def test_an_empty_text_is_printed_as_that_of_an_unknown_error(call):
    with FakeScheduler([reply_with(call, 2, "", "x", None)]) as server:
        scheduler = server.client().scheduler
        reply = scheduler.snapshot() if call == "snapshot" else scheduler.query_recovery()
    assert reply.message == "Unknown error, x, Unknown error"


# The name of the cluster


def with_name(method, name, result=None, code=1):
    return thrift(method, Response(responseCode=code, serverInfo=ServerInfo(clusterName=name), result=result))


EMPTY = Result(queryRecoveryResult=QueryRecoveryResult(tasks=[]))


def test_a_scheduler_of_another_cluster_is_warned_about_once():
    names = {"snapshot": "east", "queryRecovery": "east", "unloadRecovery": "x"}
    script = [with_name(method, name, EMPTY) for method, name in names.items()]
    with FakeScheduler(script) as server:
        client = server.client()
        assert client.scheduler.snapshot().cluster_name == "east"
        assert list(client.scheduler.query_recovery().tasks) == []
        client.scheduler.unload_recovery()
    assert client.log == [
        (
            " WARN] The scheduler of west is one of the cluster east, by its -cluster_name: check the entry of west in "
            "/etc/aurora/clusters.json"
        )
    ]


def test_the_name_after_the_tasks_is_read_too():
    with FakeScheduler([with_name("queryRecovery", "east", EMPTY)]) as server:
        client = server.client()
        assert list(client.scheduler.query_recovery().tasks) == []
    assert len(client.log) == 1


@pytest.mark.parametrize("name", ["west", None])
def test_a_scheduler_of_the_named_cluster_is_not_warned_about(name):
    with FakeScheduler([with_name("listBackups", name, code=2)]) as server:
        client = server.client()
        assert client.scheduler.cluster_name() == name
    assert client.log == []
