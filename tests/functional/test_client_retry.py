"""When and for how long a call is retried, and what is logged meanwhile; no time passes in these tests."""

import gzip

import pytest

from aurora_admin.errors import BadReply, CallFailed, ConnectionFailed, OutcomeUnknown
from tests.support.fake_scheduler import NO_LEADER_PAGE, Client, FakeScheduler, close, exception, http, reply_with

NOWHERE = "http://127.0.0.1:1"
NO_LEADER = http(503, NO_LEADER_PAGE)
TRANSIENT = reply_with("snapshot", 6, "Storage is not READY")
REFUSED = (
    " WARN] Transport error communicating with scheduler: Unknown error talking to http://127.0.0.1:1/api: "
    "Connection refused, retrying..."
)


def snapshot(server, **options):
    client = server.client(**options)
    return client, client.scheduler.snapshot()


def test_a_refused_connection_is_reported_at_once_and_retried_for_some_seconds():
    client = Client(NOWHERE)
    with pytest.raises(ConnectionFailed) as caught:
        client.scheduler.snapshot()
    assert client.log == [REFUSED]
    assert 10 < sum(client.slept) <= 20
    assert caught.value.message == (
        "Cannot reach the scheduler of west at http://127.0.0.1:1/api: Connection refused. Nothing was carried out; "
        "check that it runs, and the entry of west in /etc/aurora/clusters.json"
    )


def test_a_host_name_that_does_not_exist_is_not_retried():
    client = Client("http://no.such.host.invalid:8081")
    with pytest.raises(ConnectionFailed, match=r"at http://no\.such\.host\.invalid:8081/api: "):
        client.scheduler.snapshot()
    assert not client.slept


def test_a_call_that_only_reads_outlasts_a_slow_restart():
    client = Client(NOWHERE)
    with pytest.raises(ConnectionFailed):
        client.scheduler.query_recovery()
    assert 120 < sum(client.slept) <= 150


def test_a_refused_commit_says_that_it_need_not_have_been_the_only_one():
    client = Client(NOWHERE)
    with pytest.raises(ConnectionFailed, match=r"Nothing of this command was .* if there was one by someone"):
        client.scheduler.commit_recovery()


COMPLETE = {
    "empty": http(200, b"", Content_Type="application/x-thrift"),
    "cut JSON": http(200, b'[1,"listBackups",2,0,{"0":', Content_Type="application/x-thrift"),
    "cut JSON in chunks": http(200, b'[1,"listBackups",2,0,{"0":', Content_Type="application/x-thrift", chunk=4),
    "empty, in chunks": http(200, b"", Content_Type="application/x-thrift", chunk=4),
    "cut binary": http(200, b"\x80\x01\0\2\0\0", Content_Type="application/vnd.apache.thrift.binary"),
    "cut gzip": http(200, gzip.compress(b'[1,"listBackups",2')[:-9], Content_Type="text/x", Content_Encoding="gzip"),
    "no gzip": http(200, b"abc", Content_Type="application/x-thrift", Content_Encoding="gzip"),
}


@pytest.mark.parametrize("action", COMPLETE.values(), ids=COMPLETE.keys())
def test_a_complete_response_that_no_scheduler_sends_is_not_retried(action):
    with FakeScheduler([action]) as server, pytest.raises(BadReply, match="names a scheduler"):
        server.client(timeout=600).scheduler.list_backups()
    assert len(server.requests) == 1


def test_an_invalid_host_name_is_reported():
    with pytest.raises(ConnectionFailed, match="label"):
        Client(f"http://{'x' * 70}.invalid:8081").scheduler.snapshot()


def test_the_back_off_grows_up_to_a_limit():
    client = Client(NOWHERE, timeout=60)
    with pytest.raises(ConnectionFailed):
        client.scheduler.snapshot()
    assert client.slept == [0.5, 1, 2, 4, 8, 10, 10, 10, 10]


def test_a_new_kind_of_failure_starts_with_the_shortest_back_off():
    with FakeScheduler([TRANSIENT] * 5 + [NO_LEADER, NO_LEADER, reply_with("snapshot")]) as server:
        client, _ = snapshot(server)
    assert client.slept == [0.5, 1, 2, 4, 8, 0.5, 1]


def test_the_back_off_grows_although_two_kinds_of_failure_take_turns():
    with FakeScheduler([NO_LEADER, TRANSIENT] * 3 + [reply_with("snapshot")]) as server:
        client, _ = snapshot(server)
    assert client.slept == [0.5, 0.5, 1, 1, 2, 2]


def test_the_same_failure_of_another_server_starts_with_the_shortest_back_off():
    with FakeScheduler([NO_LEADER]) as later:
        redirect = http(307, Location=f"{later.url}/api")
        with FakeScheduler([NO_LEADER] * 4 + [redirect] * 2 + [reply_with("snapshot")]) as server:
            client, _ = snapshot(server)
    assert client.slept == [0.5, 1, 2, 4, 0.5, 1]


def test_randomness_shortens_a_back_off_by_half_at_most():
    client = Client(NOWHERE, timeout=60)
    client.scheduler._clock = client.time.clock()._replace(random=lambda: 0.0)
    with pytest.raises(ConnectionFailed):
        client.scheduler.snapshot()
    assert client.slept[:6] == [0.25, 0.5, 1, 2, 4, 5]


def test_the_time_out_option_limits_the_retries():
    client = Client(NOWHERE, timeout=3)
    with pytest.raises(ConnectionFailed):
        client.scheduler.snapshot()
    assert client.slept == [0.5, 1]


def test_the_same_warning_is_repeated_every_half_minute():
    client = Client(NOWHERE, timeout=120)
    with pytest.raises(ConnectionFailed):
        client.scheduler.snapshot()
    assert sum(client.slept) > 100
    assert client.log == [REFUSED] * 4  # at once, and then every half a minute


@pytest.mark.parametrize("action", [NO_LEADER, TRANSIENT], ids=["no leader", "transient"])
def test_a_changing_call_that_was_not_carried_out_is_retried(action):
    with FakeScheduler([action, action, reply_with("snapshot")]) as server:
        client, reply = snapshot(server)
    assert reply.ok
    assert server.methods == ["snapshot"] * 3
    assert client.slept == [0.5, 1]


def test_warnings_have_the_words_of_the_original():
    with FakeScheduler([NO_LEADER, TRANSIENT, reply_with("snapshot")]) as server:
        client, _ = snapshot(server)
    assert client.log == [
        (
            f" WARN] Transport error communicating with scheduler: Unknown error talking to {server.url}/api: "
            "503 Service Unavailable: no scheduler leads at the moment, retrying..."
        ),
        " WARN] Connection error with scheduler: Storage is not READY, reconnecting...",
    ]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (NO_LEADER, "503 Service Unavailable: no scheduler leads at the moment"),
        (TRANSIENT, "Storage is not READY"),
    ],
)
def test_a_change_of_the_leader_is_waited_for_up_to_five_minutes(action, reason):
    with FakeScheduler([action]) as server:
        client = server.client()
        with pytest.raises(CallFailed) as caught:
            client.scheduler.snapshot()
    assert 280 < sum(client.slept) <= 300
    assert caught.value.message == (
        f"The scheduler of west at {server.url}/api is not ready: {reason}. Nothing was "
        "carried out; try again in a few minutes"
    )


def test_failures_in_turns_end_after_the_total_time():
    with FakeScheduler([NO_LEADER, TRANSIENT] * 100) as server:
        client = server.client()
        with pytest.raises(CallFailed):
            client.scheduler.snapshot()
    assert 300 < sum(client.slept) <= 600


def test_a_read_only_call_is_retried_after_its_reply_was_lost():
    with FakeScheduler([close, close, reply_with("listBackups")]) as server:
        assert server.client().scheduler.list_backups().ok
    assert server.methods == ["listBackups"] * 3


def test_a_read_only_call_whose_replies_are_lost_is_retried_for_a_minute():
    with FakeScheduler([close]) as server:
        client = server.client()
        with pytest.raises(BadReply, match="the connection was closed without a reply"):
            client.scheduler.list_backups()
    assert 45 < sum(client.slept) <= 60


@pytest.mark.parametrize("action", [http(500), exception("listBackups", 6, "Internal error")], ids=["500", "exception"])
def test_a_read_only_call_that_fails_in_the_scheduler_is_sent_four_times_whatever_the_time_out(action):
    with FakeScheduler([action]) as server, pytest.raises(BadReply):
        server.client(timeout=600).scheduler.list_backups()
    assert len(server.requests) == 4


def test_a_server_that_is_not_a_scheduler_gets_one_request_whatever_the_time_out():
    with FakeScheduler([http(200, b"<html>", Content_Type="text/html")]) as server, pytest.raises(BadReply) as caught:
        server.client(timeout=600).scheduler.list_backups()
    assert "the reply is not from a scheduler (text/html)" in caught.value.message
    assert len(server.requests) == 1


def test_after_a_503_of_a_proxy_the_call_may_have_been_carried_out():
    with FakeScheduler([http(503, b"<html>Service Unavailable")]) as server:
        with pytest.raises(OutcomeUnknown):
            server.client().scheduler.snapshot()
        assert len(server.requests) == 1
        server.requests.clear()
        with pytest.raises(BadReply):
            server.client().scheduler.list_backups()
        assert len(server.requests) == 4


def test_a_scheduler_without_the_newest_status_gets_a_second_query_without_it():
    with FakeScheduler(
        [reply_with("queryRecovery", 2, None, binary=False), reply_with("queryRecovery", binary=False)]
    ) as server:
        assert server.client().scheduler.query_recovery().ok
    bodies = [request.body for request in server.requests]
    assert bodies[0] == (
        b'[1,"queryRecovery",1,0,{"1":{"rec":{"5":{"set":["i32",10,0,1,2,6,9,12,13,16,17,18]}}},"2":{"rec":{}}}]'
    )
    assert b'"set":["i32",9,0,1,2,6,9,12,13,16,17]' in bodies[1]


def test_an_error_with_a_message_gets_no_second_query():
    with FakeScheduler([reply_with("queryRecovery", 2, "No backup loaded.")]) as server:
        reply = server.client().scheduler.query_recovery()
    assert (reply.code_name, reply.message, list(reply.tasks)) == ("ERROR", "No backup loaded.", [])
    assert len(server.requests) == 1


@pytest.mark.parametrize("action", [http(500), exception("listBackups", 6, "Internal error")], ids=["500", "exception"])
def test_an_error_in_the_scheduler_is_not_blamed_on_the_entry_of_the_cluster(action):
    with FakeScheduler([action]) as server, pytest.raises(BadReply) as caught:
        server.client().scheduler.list_backups()
    assert caught.value.message.endswith(". The log of the scheduler, or of a proxy before it, says more")
