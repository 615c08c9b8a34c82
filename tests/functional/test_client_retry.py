"""When a call is tried again, for how long, and what the user is told meanwhile; no time passes in these tests."""

import pytest

from aurora_admin.errors import BadReply, CallFailed, ConnectionFailed, OutcomeUnknown
from tests.support.fake_scheduler import LEADERLESS, Client, FakeScheduler, close, exception, http, says

NOWHERE = "http://127.0.0.1:1"
NO_LEADER = http(503, LEADERLESS)
TRANSIENT = says("snapshot", 6, "Storage is not READY")
REFUSED = (
    " WARN] Transport error communicating with scheduler: Unknown error talking to http://127.0.0.1:1/api: "
    "Connection refused, retrying..."
)


def snapshot(server, **options):
    client = server.client(**options)
    return client, client.scheduler.snapshot()


def test_nothing_listening_is_told_at_once_and_given_up_soon():
    client = Client(NOWHERE)
    with pytest.raises(ConnectionFailed) as caught:
        client.scheduler.snapshot()
    assert client.log == [REFUSED]
    assert 10 < sum(client.slept) <= 20
    assert caught.value.message == (
        "Cannot reach the scheduler of west at http://127.0.0.1:1/api: Connection refused. Nothing was carried out; "
        "check that it runs, and the entry of west in /etc/aurora/clusters.json"
    )


def test_a_name_that_does_not_exist_is_told():
    with pytest.raises(ConnectionFailed, match=r"at http://no\.such\.host\.invalid:8081/api: "):
        Client("http://no.such.host.invalid:8081", timeout=1).scheduler.snapshot()


def test_no_possible_name_is_told():
    with pytest.raises(ConnectionFailed, match="label"):
        Client(f"http://{'x' * 70}.invalid:8081").scheduler.snapshot()


def test_pauses_grow_up_to_a_limit():
    client = Client(NOWHERE, timeout=60)
    with pytest.raises(ConnectionFailed):
        client.scheduler.snapshot()
    assert client.slept == [0.5, 1, 2, 4, 8, 10, 10, 10, 10]


def test_a_new_trouble_is_looked_at_again_soon_however_long_the_one_before_took():
    with FakeScheduler([TRANSIENT] * 5 + [NO_LEADER, NO_LEADER, says("snapshot")]) as server:
        client, _ = snapshot(server)
    assert client.slept == [0.5, 1, 2, 4, 8, 0.5, 1]


def test_pauses_grow_although_troubles_take_turns():
    with FakeScheduler([NO_LEADER, TRANSIENT] * 3 + [says("snapshot")]) as server:
        client, _ = snapshot(server)
    assert client.slept == [0.5, 0.5, 1, 1, 2, 2]


def test_another_server_in_the_same_trouble_is_tried_again_soon():
    with FakeScheduler([NO_LEADER]) as later:
        send_on = http(307, Location=f"{later.url}/api")
        with FakeScheduler([NO_LEADER] * 4 + [send_on] * 2 + [says("snapshot")]) as server:
            client, _ = snapshot(server)
    assert client.slept == [0.5, 1, 2, 4, 0.5, 1]


def test_chance_shortens_a_pause_to_no_less_than_half():
    client = Client(NOWHERE, timeout=60)
    client.scheduler._clock = client.time.clock()._replace(random=lambda: 0.0)
    with pytest.raises(ConnectionFailed):
        client.scheduler.snapshot()
    assert client.slept[:6] == [0.25, 0.5, 1, 2, 4, 5]


def test_the_user_may_ask_for_more_patience_or_less():
    client = Client(NOWHERE, timeout=3)
    with pytest.raises(ConnectionFailed):
        client.scheduler.snapshot()
    assert client.slept == [0.5, 1]


def test_what_does_not_change_is_told_sparingly():
    client = Client(NOWHERE, timeout=120)
    with pytest.raises(ConnectionFailed):
        client.scheduler.snapshot()
    assert sum(client.slept) > 100
    assert client.log == [REFUSED] * 4  # at once, and then every half a minute


@pytest.mark.parametrize("action", [NO_LEADER, TRANSIENT], ids=["no leader", "transient"])
def test_a_changing_call_that_was_not_carried_out_is_sent_again(action):
    with FakeScheduler([action, action, says("snapshot")]) as server:
        client, reply = snapshot(server)
    assert reply.ok
    assert server.methods == ["snapshot"] * 3
    assert client.slept == [0.5, 1]


def test_the_user_reads_why_in_the_originals_words():
    with FakeScheduler([NO_LEADER, TRANSIENT, says("snapshot")]) as server:
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
def test_a_leader_change_is_waited_for_some_minutes(action, reason):
    with FakeScheduler([action]) as server:
        client = server.client()
        with pytest.raises(CallFailed) as caught:
            client.scheduler.snapshot()
    assert 280 < sum(client.slept) <= 300
    assert caught.value.message == (
        f"The scheduler of west at {server.url}/api is not ready: {reason}. Nothing was "
        "carried out; try again in a few minutes"
    )


def test_changing_troubles_end_too():
    with FakeScheduler([NO_LEADER, TRANSIENT] * 100) as server:
        client = server.client()
        with pytest.raises(CallFailed):
            client.scheduler.snapshot()
    assert 300 < sum(client.slept) <= 600


def test_a_reading_call_is_sent_again_after_its_answer_was_lost():
    with FakeScheduler([close, close, says("listBackups")]) as server:
        assert server.client().scheduler.list_backups().ok
    assert server.methods == ["listBackups"] * 3


def test_a_reading_call_whose_answers_are_always_lost_is_given_up_after_a_minute():
    with FakeScheduler([close]) as server:
        client = server.client()
        with pytest.raises(BadReply, match="the connection was closed without an answer"):
            client.scheduler.list_backups()
    assert 45 < sum(client.slept) <= 60


@pytest.mark.parametrize("action", [http(500), exception("listBackups", 6, "Internal error")], ids=["500", "exception"])
def test_a_reading_call_that_fails_inside_is_tried_a_few_times_however_patient_the_user(action):
    with FakeScheduler([action]) as server, pytest.raises(BadReply):
        server.client(timeout=600).scheduler.list_backups()
    assert len(server.requests) == 4


def test_what_is_no_scheduler_is_not_asked_again_however_patient_the_user():
    with FakeScheduler([http(200, b"<html>", Content_Type="text/html")]) as server, pytest.raises(BadReply) as caught:
        server.client(timeout=600).scheduler.list_backups()
    assert "what answers is no scheduler (text/html)" in caught.value.message
    assert len(server.requests) == 1


def test_a_503_that_is_not_the_schedulers_own_may_hide_an_execution():
    with FakeScheduler([http(503, b"<html>Service Unavailable")]) as server:
        with pytest.raises(OutcomeUnknown):
            server.client().scheduler.snapshot()
        assert len(server.requests) == 1
        server.requests.clear()
        with pytest.raises(BadReply):
            server.client().scheduler.list_backups()
        assert len(server.requests) == 4


def test_a_scheduler_without_the_newest_status_is_asked_without_it():
    with FakeScheduler([says("queryRecovery", 2, None, binary=False), says("queryRecovery", binary=False)]) as server:
        assert server.client().scheduler.query_recovery().ok
    bodies = [request.body for request in server.requests]
    assert bodies[0] == (
        b'[1,"queryRecovery",1,0,{"1":{"rec":{"5":{"set":["i32",10,0,1,2,6,9,12,13,16,17,18]}}},"2":{"rec":{}}}]'
    )
    assert b'"set":["i32",9,0,1,2,6,9,12,13,16,17]' in bodies[1]


def test_an_error_with_a_reason_is_not_asked_again():
    with FakeScheduler([says("queryRecovery", 2, "No backup loaded.")]) as server:
        reply = server.client().scheduler.query_recovery()
    assert (reply.code_name, reply.message, list(reply.tasks)) == ("ERROR", "No backup loaded.", [])
    assert len(server.requests) == 1
