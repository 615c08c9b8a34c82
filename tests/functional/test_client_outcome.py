"""A call that may have been carried out is never sent again, and never reported as a plain failure."""

import pytest

from aurora_admin.errors import AuthFailed, BadReply, CallFailed, OutcomeUnknown
from aurora_admin.gen.api.ttypes import Response, ResponseCode
from tests.support.fake_scheduler import (
    BINARY,
    JSON,
    NO_LEADER_PAGE,
    FakeScheduler,
    close,
    exception,
    http,
    raw,
    reply_with,
    reset,
    thrift,
)

HTML = {"Content_Type": "text/html;charset=iso-8859-1"}
NPE = b"<p>Problem accessing /api. Reason:\n<pre>    java.lang.NullPointerException</pre></p>"
UNREADABLE_REQUEST = {
    "transport": b"Reason:\n<pre>    javax.servlet.ServletException: "
    b"org.apache.thrift.transport.TTransportException</pre>",
    "protocol": b"Reason:\n<pre>    javax.servlet.ServletException: "
    b"org.apache.thrift.protocol.TProtocolException: Unexpected character:h</pre>",
}
CHANGING_CALLS = {
    "performBackup": lambda scheduler: scheduler.perform_backup(),
    "stageRecovery": lambda scheduler: scheduler.stage_recovery("b"),
    "deleteRecoveryTasks": lambda scheduler: scheduler.delete_recovery_tasks({"a"}),
    "commitRecovery": lambda scheduler: scheduler.commit_recovery(),
    "unloadRecovery": lambda scheduler: scheduler.unload_recovery(),
    "snapshot": lambda scheduler: scheduler.snapshot(),
    "setQuota": lambda scheduler: scheduler.call("setQuota", ownerRole="www"),
}
LOST_REPLIES = {
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
    "reply to another call": reply_with("getJobs"),
    "failed inside": http(500, NPE, **HTML),
    "failed without a reason": http(500),
    "proxy lost the scheduler": http(502, b"<html>Bad Gateway", **HTML),
    "proxy without scheduler": http(503, b"<html>Service Unavailable", **HTML),
    "proxy gave up": http(504),
}


@pytest.mark.parametrize("call", CHANGING_CALLS.values(), ids=CHANGING_CALLS.keys())
def test_a_changing_call_whose_reply_is_lost_has_an_unknown_outcome_and_is_not_sent_again(call):
    with FakeScheduler([close]) as server, pytest.raises(OutcomeUnknown) as caught:
        call(server.client().scheduler)
    assert len(server.requests) == 1
    assert caught.value.message.endswith(". It may have been carried out.")
    assert caught.value.message.startswith(f"No usable reply to {server.methods[0]} from {server.url}/api: ")


@pytest.mark.parametrize("action", LOST_REPLIES.values(), ids=LOST_REPLIES.keys())
def test_no_lost_reply_makes_a_changing_call_be_sent_twice(action):
    with FakeScheduler([action]) as server, pytest.raises(OutcomeUnknown) as caught:
        server.client().scheduler.commit_recovery()
    assert len(server.requests) == 1
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("action", LOST_REPLIES.values(), ids=LOST_REPLIES.keys())
def test_a_read_only_call_with_a_lost_reply_ends_in_one_line(action):
    with FakeScheduler([action]) as server, pytest.raises(BadReply) as caught:
        server.client().scheduler.list_backups()
    assert "\n" not in caught.value.message
    assert f"No usable reply to listBackups from {server.url}/api: " in caught.value.message


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("chunk", [0, 1, 7], ids=["length", "chunks of 1", "chunks of 7"])
def test_a_reply_cut_at_any_byte_leaves_the_outcome_unknown(sweep, binary, chunk):
    end = len(b"\r\n0\r\n\r\n") if chunk else 0  # a cut in there takes nothing from the reply itself
    complete = len(reply_with("snapshot", 1, "done", binary=binary, chunk=chunk).complete)
    for cut in sweep(range(complete - end), 12):
        action = reply_with("snapshot", 1, "done", binary=binary, chunk=chunk, cut=cut)
        with FakeScheduler([action]) as server, pytest.raises(OutcomeUnknown):
            server.client().scheduler.snapshot()
        assert len(server.requests) == 1


def outcome(server):
    try:
        return server.client().scheduler.snapshot().message
    except OutcomeUnknown:
        return "unknown"


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_a_compressed_reply_cut_at_any_byte_is_complete_or_unknown(sweep, binary):
    complete = len(reply_with("snapshot", 1, "done", binary=binary, gzipped=True).complete)
    end = 16  # the checksum and the end of the compressed block; without them the reply is still complete
    for cut in sweep(range(complete), 12):
        with FakeScheduler([reply_with("snapshot", 1, "done", binary=binary, gzipped=True, cut=cut)]) as server:
            assert outcome(server) in ({"unknown"} if cut < complete - end else {"unknown", "done"})
        assert len(server.requests) == 1


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_a_reply_without_the_end_of_the_response_counts_if_it_is_complete(binary):
    complete = len(reply_with("commitRecovery", binary=binary, chunk=4096).complete)
    action = reply_with("commitRecovery", binary=binary, chunk=4096, cut=complete - len(b"\r\n0\r\n\r\n"))
    with FakeScheduler([action]) as server:
        assert server.client().scheduler.commit_recovery().ok


@pytest.mark.parametrize("page", UNREADABLE_REQUEST.values(), ids=UNREADABLE_REQUEST.keys())
def test_a_call_that_the_scheduler_could_not_read_was_not_carried_out(page):
    with FakeScheduler([http(500, page, **HTML)]) as server, pytest.raises(CallFailed) as caught:
        server.client().scheduler.snapshot()
    assert len(server.requests) == 1
    assert "could not read the request (javax.servlet.ServletException: org.apache.thrift." in caught.value.message
    assert "The request was not carried out" in caught.value.message


def test_a_call_that_the_release_does_not_have_was_not_carried_out():
    with FakeScheduler([exception("pruneTasks", 1, "Invalid method name: 'pruneTasks'")]) as server:
        with pytest.raises(CallFailed, match="has no call pruneTasks, so it was not carried out: its release is too"):
            server.client().scheduler.call("pruneTasks")
        assert len(server.requests) == 1


def test_a_call_with_unreadable_arguments_was_not_carried_out():
    with FakeScheduler([exception("snapshot", 7, "Negative length: -1")]) as server:
        with pytest.raises(CallFailed, match=r"could not read snapshot \(Negative length: -1\)"):
            server.client().scheduler.snapshot()
        assert len(server.requests) == 1


def test_an_internal_error_of_a_changing_call_leaves_the_outcome_unknown():
    with FakeScheduler([exception("snapshot", 6, "Internal error processing snapshot")]) as server:
        with pytest.raises(OutcomeUnknown, match="Internal error processing snapshot"):
            server.client().scheduler.snapshot()
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_missing_credentials_are_reported(status):
    challenge = http(status, WWW_Authenticate='BASIC realm="Apache Aurora Scheduler"')
    with FakeScheduler([challenge]) as server, pytest.raises(AuthFailed) as caught:
        server.client().scheduler.snapshot()
    assert len(server.requests) == 1
    assert caught.value.message.startswith(
        f"{server.url}/api answers {status}. The request was not carried out; give user and"
    )


def test_a_scheduler_that_wants_kerberos_is_reported():
    with FakeScheduler([http(401, WWW_Authenticate="Negotiate")]) as server, pytest.raises(AuthFailed) as caught:
        server.client().scheduler.snapshot()
    assert caught.value.message.endswith("it wants Kerberos, which is not available in this version")


def test_a_call_that_was_not_sent_completely_is_sent_again():
    ids = {f"{number:01000}" for number in range(20_000)}  # more than all buffers between here and there
    with FakeScheduler([reply_with("deleteRecoveryTasks")], reset_connections=1) as server:
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
        (418, "proxies between here and there"),
    ],
)
def test_a_refused_request_is_explained_and_not_sent_again(status, text):
    with FakeScheduler([http(status, b"no")]) as server, pytest.raises(CallFailed, match=text) as caught:
        server.client().scheduler.snapshot()
    assert len(server.requests) == 1
    assert "The request was not carried out" in caught.value.message


def test_a_reply_without_a_response_code_is_invalid():
    with FakeScheduler([thrift("snapshot", Response())]) as server, pytest.raises(OutcomeUnknown) as caught:
        server.client().scheduler.snapshot()
    assert "the reply has no response code" in caught.value.message


def test_an_empty_set_of_ids_is_refused():
    with FakeScheduler([reply_with("deleteRecoveryTasks")]) as server:
        with pytest.raises(ValueError, match="every task"):
            server.client().scheduler.delete_recovery_tasks(set())
        assert not server.requests


def error_of_second_call(first: str, code: int) -> str:
    """Return the error of drainHosts that finds no leader, after another call that had a reply with this code."""
    with FakeScheduler([reply_with(first, code, ""), http(503, NO_LEADER_PAGE)]) as server:
        scheduler = server.client(timeout=1).scheduler
        scheduler.call(first)
        with pytest.raises(CallFailed) as caught:
            scheduler.call("drainHosts")
    return caught.value.message


def test_that_nothing_was_carried_out_is_said_only_while_that_is_true():
    after_a_change = error_of_second_call("startMaintenance", ResponseCode.OK)
    assert ". drainHosts was not carried out; try again" in after_a_change
    assert "Nothing was" not in after_a_change
    for first, code in (("getQuota", ResponseCode.OK), ("startMaintenance", ResponseCode.INVALID_REQUEST)):
        assert ". Nothing was carried out; try again" in error_of_second_call(first, code)
