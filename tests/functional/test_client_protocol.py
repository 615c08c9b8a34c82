"""Which protocol is spoken, and what is read of an answer with tasks while it arrives."""

import tracemalloc

import pytest

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
from aurora_admin.wire.codec import encode
from tests.support.fake_scheduler import BINARY, JSON, FakeScheduler, close, http, says, thrift


def kinds(server):
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


def test_json_is_sent_until_a_scheduler_has_answered_in_binary():
    with FakeScheduler([says("snapshot")]) as server:
        scheduler = server.client().scheduler
        for _ in range(3):
            scheduler.snapshot()
    assert kinds(server) == [JSON, BINARY, BINARY]


def test_an_old_scheduler_is_always_sent_json():
    with FakeScheduler([says("snapshot", binary=False)]) as server:
        scheduler = server.client().scheduler
        for _ in range(3):
            scheduler.snapshot()
    assert kinds(server) == [JSON] * 3


def test_after_a_failure_another_release_may_answer():
    listed, lost = says("listBackups"), close
    with FakeScheduler([listed, lost, listed]) as server:
        scheduler = server.client().scheduler
        scheduler.list_backups()
        scheduler.list_backups()
    assert kinds(server) == [JSON, BINARY, JSON]


def test_after_a_redirect_another_release_may_answer():
    with FakeScheduler([says("snapshot", binary=False)]) as leader:
        moved = http(307, Location=f"{leader.url}/api")
        with FakeScheduler([says("snapshot"), moved]) as standby:
            scheduler = standby.client().scheduler
            scheduler.snapshot()
            scheduler.snapshot()
            scheduler.close()
    assert kinds(standby) == [JSON, BINARY]
    assert kinds(leader) == [JSON]


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
def test_a_session_key_is_sent_where_old_releases_want_one(call, body):
    name = body.split(b'"')[1].decode()
    with FakeScheduler([says(name)]) as server:
        call(server.client().scheduler)
    assert server.requests[0].body == body


def test_text_goes_out_as_utf_8_and_not_escaped():
    with FakeScheduler([says("stageRecovery")]) as server:
        server.client().scheduler.stage_recovery('é鴭😀"\\\n')
    assert '"é鴭😀\\"\\\\\\n"'.encode() in server.requests[0].body


def test_an_argument_that_is_no_text_is_told_before_anything_is_sent():
    with FakeScheduler([says("stageRecovery")]) as server, pytest.raises(AdminError) as caught:
        server.client().scheduler.stage_recovery("caf\udce9")
    assert caught.value.message == r"'caf\udce9' cannot be sent: it is not UTF-8. Nothing was sent"
    assert not server.requests


def test_details_without_text_are_shown_as_the_original_shows_them():
    with FakeScheduler([says("snapshot", 2, "bad", None, "worse")]) as server:
        reply = server.client().scheduler.snapshot()
    assert (reply.ok, reply.code_name, reply.message) == (False, "ERROR", "bad, Unknown error, worse")


def test_a_code_that_nobody_knows_is_shown_as_its_number():
    with FakeScheduler([says("snapshot", 99)]) as server:
        assert server.client().scheduler.snapshot().code_name == "99"


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_tasks_are_read_with_what_commands_show(binary):
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


@pytest.mark.parametrize(("texts", "shown"), [([], "of old"), (["of today"], "of today")])
@pytest.mark.parametrize("method", ["snapshot", "query_recovery"])
def test_a_message_stands_where_old_releases_have_it_unless_there_are_details(method, texts, shown):
    details = [ResponseDetail(message=text) for text in texts]
    refusal = Response(responseCode=2, messageDEPRECATED="of old", details=details)
    name = {"query_recovery": "queryRecovery"}.get(method, method)
    with FakeScheduler([thrift(name, refusal, binary=False)]) as server:
        reply = getattr(server.client().scheduler, method)()
    assert (reply.code_name, reply.message) == ("ERROR", shown)


def test_a_status_that_nobody_knows_is_shown_as_its_number():
    with FakeScheduler([thrift("queryRecovery", tasks_reply(task(status=99)))]) as server:
        assert [one.status for one in server.client().scheduler.query_recovery().tasks] == ["99"]


def test_an_answer_without_tasks_has_none():
    with FakeScheduler([says("queryRecovery")]) as server:
        assert list(server.client().scheduler.query_recovery().tasks) == []


def test_only_active_tasks_are_asked_for_unless_told_otherwise():
    with FakeScheduler([says("queryRecovery", binary=False)]) as server:
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
    with FakeScheduler([says(method, result=result, chunk=100)]) as server:
        assert list(server.client().scheduler.raw_tasks(method)) == [encode(one) for one in tasks]


def test_raw_tasks_of_a_refusal_are_an_error():
    with FakeScheduler([says("queryRecovery", 2, "No backup loaded.")]) as server, pytest.raises(CallFailed) as caught:
        list(server.client().scheduler.raw_tasks("queryRecovery"))
    assert caught.value.message == "queryRecovery was answered by ERROR: No backup loaded."


def test_tasks_that_break_off_are_told_to_be_incomplete():
    answer = tasks_reply(*map(task, range(100)))
    cut = len(thrift("queryRecovery", answer).whole) - 500
    with FakeScheduler([thrift("queryRecovery", answer, cut=cut)]) as server:
        tasks = server.client().scheduler.query_recovery().tasks
        assert next(tasks).instance == 0
        with pytest.raises(BadReply, match=r"is not complete, .*: tasks are missing from what was shown\. Run the "):
            list(tasks)
    assert len(server.requests) == 1


def test_a_task_without_its_job_is_no_answer():
    answer = thrift("queryRecovery", tasks_reply(ScheduledTask(status=2)))
    with FakeScheduler([answer]) as server, pytest.raises(BadReply, match="a task lacks its job or its id"):
        list(server.client().scheduler.query_recovery().tasks)


def test_an_answer_that_breaks_off_before_its_tasks_is_asked_for_again():
    answer = tasks_reply(task())
    script = [thrift("queryRecovery", answer, cut=cut) for cut in (0, 50, 120)]
    with FakeScheduler([*script, thrift("queryRecovery", answer)]) as server:
        assert len(list(server.client().scheduler.query_recovery().tasks)) == 1
    assert len(server.requests) == 4


def test_tasks_are_read_as_they_arrive():
    answer = thrift("queryRecovery", tasks_reply(*map(task, range(10)))).whole

    def stop_in_the_middle(sock, request):
        sock.sendall(answer[:-300])

    with FakeScheduler([stop_in_the_middle]) as server:
        reply = server.client(timeout=30).scheduler.query_recovery()
        assert next(reply.tasks).task_id == "www-prod-hello-0"  # while the rest has not been sent


def test_who_reads_slowly_reads_all():
    answer = tasks_reply(*[task(text="x" * 2000)] * 3000)
    with FakeScheduler([thrift("queryRecovery", answer)]) as server:
        client = server.client(timeout=10)
        tasks = client.scheduler.query_recovery().tasks
        next(tasks)
        client.time.now += 3600  # looked at in a pager
        assert sum(1 for _ in tasks) == 2999


def test_the_size_of_an_answer_does_not_matter_for_memory():
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
