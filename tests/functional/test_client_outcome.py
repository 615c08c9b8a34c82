"""What may have been carried out is never sent again, and is never called a plain failure."""

import pytest

from aurora_admin.errors import AuthFailed, BadReply, CallFailed, OutcomeUnknown
from aurora_admin.gen.api.ttypes import Response
from tests.support.fake_scheduler import (
    BINARY,
    JSON,
    FakeScheduler,
    close,
    exception,
    http,
    raw,
    reset,
    says,
    thrift,
)

HTML = {"Content_Type": "text/html;charset=iso-8859-1"}
NPE = b"<p>Problem accessing /api. Reason:\n<pre>    java.lang.NullPointerException</pre></p>"
NOT_READ = {
    "transport": b"Reason:\n<pre>    javax.servlet.ServletException: "
    b"org.apache.thrift.transport.TTransportException</pre>",
    "protocol": b"Reason:\n<pre>    javax.servlet.ServletException: "
    b"org.apache.thrift.protocol.TProtocolException: Unexpected character:h</pre>",
}
CHANGING = {
    "performBackup": lambda scheduler: scheduler.perform_backup(),
    "stageRecovery": lambda scheduler: scheduler.stage_recovery("b"),
    "deleteRecoveryTasks": lambda scheduler: scheduler.delete_recovery_tasks({"a"}),
    "commitRecovery": lambda scheduler: scheduler.commit_recovery(),
    "unloadRecovery": lambda scheduler: scheduler.unload_recovery(),
    "snapshot": lambda scheduler: scheduler.snapshot(),
    "setQuota": lambda scheduler: scheduler.call("setQuota", ownerRole="www"),
}
LOST = {
    "closed": close,
    "reset": reset,
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    "bad status line": raw(b"HTTP/1.1 abc\r\n\r\n"),
    "endless header": raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000),
    "half a header": raw(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "web page": http(200, b"<html>Welcome", **HTML),
    "nothing": http(200, b"", Content_Type=BINARY),
    "no content": http(204),
    "text": http(200, b"ok", Content_Type=JSON),
    "other JSON": http(200, b'["ok"]', Content_Type=JSON),
    "other Thrift": http(200, b"\0\0\0\5hello", Content_Type=BINARY),
    "random bytes": http(200, bytes(range(256)), Content_Type=BINARY),
    "bad chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    "bad gzip": http(200, b"no gzip at all", Content_Type=BINARY, Content_Encoding="gzip"),
    "unknown encoding": http(200, b"[1]", Content_Type=JSON, Content_Encoding="br"),
    "answer to another call": says("getJobs"),
    "failed inside": http(500, NPE, **HTML),
    "failed without a word": http(500),
    "proxy lost the scheduler": http(502, b"<html>Bad Gateway", **HTML),
    "proxy without scheduler": http(503, b"<html>Service Unavailable", **HTML),
    "proxy gave up": http(504),
}


@pytest.mark.parametrize("call", CHANGING.values(), ids=CHANGING.keys())
def test_an_answer_that_is_lost_leaves_the_outcome_open_and_the_call_is_not_sent_again(call):
    with FakeScheduler([close]) as server, pytest.raises(OutcomeUnknown) as caught:
        call(server.client().scheduler)
    assert len(server.requests) == 1
    assert "It may have been carried out. " in caught.value.message
    assert caught.value.message.startswith(f"No usable answer to {server.methods[0]} from {server.url}/api: ")


@pytest.mark.parametrize("action", LOST.values(), ids=LOST.keys())
def test_no_kind_of_loss_makes_a_changing_call_go_out_twice(action):
    with FakeScheduler([action]) as server, pytest.raises(OutcomeUnknown) as caught:
        server.client().scheduler.commit_recovery()
    assert len(server.requests) == 1
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("action", LOST.values(), ids=LOST.keys())
def test_no_kind_of_loss_is_worse_than_a_message_for_a_reading_call(action):
    with FakeScheduler([action]) as server, pytest.raises(BadReply) as caught:
        server.client().scheduler.list_backups()
    assert "\n" not in caught.value.message
    assert f"No usable answer to listBackups from {server.url}/api: " in caught.value.message


@pytest.mark.parametrize(
    ("method", "advice"),
    [
        ("commitRecovery", "The scheduler may have committed the backup and be restarting: wait until it serves again"),
        ("stageRecovery", "scheduler_print_recovery_tasks west"),
        ("performBackup", "scheduler_list_backups west"),
        ("setQuota", "Look at what the scheduler has now before you do it again"),
    ],
)
def test_a_lost_answer_says_how_to_find_out(method, advice):
    with FakeScheduler([close]) as server, pytest.raises(OutcomeUnknown, match=advice):
        CHANGING[method](server.client().scheduler)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("chunk", [0, 1, 7], ids=["length", "chunks of 1", "chunks of 7"])
def test_an_answer_cut_at_any_byte_leaves_the_outcome_open(sweep, binary, chunk):
    end = len(b"\r\n0\r\n\r\n") if chunk else 0  # a cut in there takes nothing from the answer itself
    whole = len(says("snapshot", 1, "done", binary=binary, chunk=chunk).whole)
    for cut in sweep(range(whole - end), 12):
        action = says("snapshot", 1, "done", binary=binary, chunk=chunk, cut=cut)
        with FakeScheduler([action]) as server, pytest.raises(OutcomeUnknown):
            server.client().scheduler.snapshot()
        assert len(server.requests) == 1


def outcome(server):
    try:
        return server.client().scheduler.snapshot().message
    except OutcomeUnknown:
        return "unknown"


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_a_compressed_answer_cut_at_any_byte_is_whole_or_unknown(sweep, binary):
    whole = len(says("snapshot", 1, "done", binary=binary, zipped=True).whole)
    end = 16  # the check sum, and what closes the compressed block: without it the answer is all there
    for cut in sweep(range(whole), 12):
        with FakeScheduler([says("snapshot", 1, "done", binary=binary, zipped=True, cut=cut)]) as server:
            assert outcome(server) in ({"unknown"} if cut < whole - end else {"unknown", "done"})
        assert len(server.requests) == 1


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_a_scheduler_that_ends_right_after_its_whole_answer_has_answered(binary):
    whole = len(says("commitRecovery", binary=binary, chunk=4096).whole)
    action = says("commitRecovery", binary=binary, chunk=4096, cut=whole - len(b"\r\n0\r\n\r\n"))
    with FakeScheduler([action]) as server:
        assert server.client().scheduler.commit_recovery().ok


@pytest.mark.parametrize("page", NOT_READ.values(), ids=NOT_READ.keys())
def test_a_scheduler_that_could_not_read_the_call_did_not_carry_it_out(page):
    with FakeScheduler([http(500, page, **HTML)]) as server, pytest.raises(CallFailed) as caught:
        server.client().scheduler.snapshot()
    assert len(server.requests) == 1
    assert "could not read the request (javax.servlet.ServletException: org.apache.thrift." in caught.value.message
    assert "Nothing was carried out" in caught.value.message


def test_a_call_that_the_release_does_not_have_did_nothing():
    with FakeScheduler([exception("pruneTasks", 1, "Invalid method name: 'pruneTasks'")]) as server:
        with pytest.raises(CallFailed, match="has no call pruneTasks, so nothing was carried out: its release is too"):
            server.client().scheduler.call("pruneTasks")
        assert len(server.requests) == 1


def test_a_call_whose_arguments_were_not_read_did_nothing():
    with FakeScheduler([exception("snapshot", 7, "Negative length: -1")]) as server:
        with pytest.raises(CallFailed, match=r"could not read snapshot \(Negative length: -1\)"):
            server.client().scheduler.snapshot()
        assert len(server.requests) == 1


def test_an_internal_error_of_a_changing_call_leaves_the_outcome_open():
    with FakeScheduler([exception("snapshot", 6, "Internal error processing snapshot")]) as server:
        with pytest.raises(OutcomeUnknown, match="Internal error processing snapshot"):
            server.client().scheduler.snapshot()
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_missing_credentials_are_told(status):
    challenge = http(status, WWW_Authenticate='BASIC realm="Apache Aurora Scheduler"')
    with FakeScheduler([challenge]) as server, pytest.raises(AuthFailed) as caught:
        server.client().scheduler.snapshot()
    assert len(server.requests) == 1
    assert caught.value.message.startswith(f"{server.url}/api answers {status}. Nothing was carried out; give user and")


def test_kerberos_that_is_wanted_is_told():
    with FakeScheduler([http(401, WWW_Authenticate="Negotiate")]) as server, pytest.raises(AuthFailed) as caught:
        server.client().scheduler.snapshot()
    assert caught.value.message.endswith("it wants Kerberos, which is not available in this version")


def test_a_call_that_did_not_leave_whole_is_sent_again():
    ids = {f"{number:01000}" for number in range(20_000)}  # more than all buffers between here and there
    with FakeScheduler([says("deleteRecoveryTasks")], deaf_connections=1) as server:
        client = server.client()
        assert client.scheduler.delete_recovery_tasks(ids).ok
    assert len(client.slept) == 1
    assert server.methods == ["deleteRecoveryTasks"]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "cannot read the request"),
        (404, "check scheduler_uri"),
        (405, "check scheduler_uri"),
        (413, "too large"),
        (415, "does not take Thrift"),
        (418, "what is between here and there"),
    ],
)
def test_a_refused_request_is_explained_and_not_repeated(status, text):
    with FakeScheduler([http(status, b"no")]) as server, pytest.raises(CallFailed, match=text) as caught:
        server.client().scheduler.snapshot()
    assert len(server.requests) == 1
    assert "Nothing was carried out" in caught.value.message


def test_an_answer_without_a_code_is_none():
    with FakeScheduler([thrift("snapshot", Response())]) as server, pytest.raises(OutcomeUnknown) as caught:
        server.client().scheduler.snapshot()
    assert "the answer has no response code" in caught.value.message


def test_no_ids_are_never_taken_for_all_tasks():
    with FakeScheduler([says("deleteRecoveryTasks")]) as server:
        with pytest.raises(ValueError, match="every task"):
            server.client().scheduler.delete_recovery_tasks(set())
        assert not server.requests
