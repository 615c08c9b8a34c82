"""Calls to the leader in ZooKeeper, which is looked up again after every failure; get_scheduler --verify."""

import json

import pytest

from tests.support.fake_scheduler import NO_LEADER_PAGE, FakeScheduler, close, http, reply_with
from tests.support.processes import environment
from tests.support.recordings import Recording, body_of
from tests.support.serverset import member, running_program
from tests.support.zookeeper import free_port

OK = " INFO] Response from scheduler: OK (message: )\n"
TRANSIENT = "Connection error with scheduler: Storage is not READY, reconnecting..."


@pytest.fixture
def snapshot(tmp_path):
    """Run scheduler_snapshot beside the test."""
    return lambda: running_program(environment(tmp_path), "scheduler_snapshot", "west", "--timeout", "50")


def test_a_call_goes_to_the_leader(west, admin):
    with FakeScheduler([reply_with("snapshot")]) as server:
        west.add(member(server.host))
        result = admin("scheduler_snapshot", "west")
    assert (result.code, result.err) == (0, OK)
    assert server.methods == ["snapshot"]


def test_the_redirect_of_a_former_leader_is_followed_with_the_same_body(west, admin):
    with (
        FakeScheduler([reply_with("snapshot")]) as leader,
        FakeScheduler([http(307, Location=f"{leader.url}/api")]) as former,
    ):
        west.add(member(former.host))
        result = admin("scheduler_snapshot", "west")
    assert (result.code, result.err) == (0, OK)
    assert [request.body for request in former.requests] == [request.body for request in leader.requests]


def test_the_bypass_header_is_sent_to_the_leader(west, admin):
    with FakeScheduler([reply_with("snapshot")]) as server:
        west.add(member(server.host))
        assert admin("scheduler_snapshot", "west", "--bypass-leader-redirect").code == 0
    assert server.requests[0].headers["Bypass-Leader-Redirect"] == "true"


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (reply_with("snapshot", 6, "Storage is not READY"), TRANSIENT),
        (http(503, NO_LEADER_PAGE), "503 Service Unavailable: no scheduler leads at the moment, retrying..."),
    ],
    ids=["transient", "no leader"],
)
def test_after_a_scheduler_was_not_ready_the_leader_is_looked_up_again(west, snapshot, action, reason):
    with FakeScheduler([action]) as former, FakeScheduler([reply_with("snapshot")]) as leader:
        path = west.add(member(former.host))
        with snapshot() as program:
            assert program.line().endswith(reason)
            west.zk.delete(path)
            west.add(member(leader.host))
            result = program.wait_exit()
    assert result.code == 0
    assert result.err.endswith(OK)
    assert leader.methods == ["snapshot"]


def test_after_the_leader_died_another_one_is_waited_for(west, snapshot):
    path = west.add(member(f"127.0.0.1:{free_port()}"))
    with FakeScheduler([reply_with("snapshot")]) as leader, snapshot() as program:
        assert program.line().endswith("/api: Connection refused, retrying...")
        west.zk.delete(path)
        while "No leader is registered" not in (line := program.line()):
            assert line
        west.add(member(leader.host))
        result = program.wait_exit()
    assert (result.code, result.err) == (0, OK)
    assert leader.methods == ["snapshot"]


def test_a_call_that_may_have_been_carried_out_is_not_sent_to_the_next_leader(west, admin):
    with FakeScheduler([close]) as server:
        west.add(member(server.host))
        result = admin("scheduler_snapshot", "west")
    assert result.code == 1
    assert "It may have been carried out." in result.err
    assert server.methods == ["snapshot"]


def test_without_a_leader_nothing_is_sent(west, admin):
    result = admin("scheduler_snapshot", "west", "--timeout", "3")
    assert result.code == 1
    assert "No leader is registered" in result.err.splitlines()[-1]
    assert ". Nothing was sent; " in result.err.splitlines()[-1]


def test_the_leader_is_kept_until_a_call_fails(west, zookeeper):
    not_ready = reply_with("snapshot", 6, "Storage is not READY")
    with (
        FakeScheduler([reply_with("snapshot"), reply_with("snapshot"), not_ready]) as former,
        FakeScheduler([reply_with("snapshot")]) as leader,
    ):
        client = former.client(zk=zookeeper.hosts, scheduler_zk_path=west.path, is_real_time=True)
        path = west.add(member(former.host))
        assert client.scheduler.snapshot().ok
        west.zk.delete(path)
        west.add(member(leader.host))
        assert client.scheduler.snapshot().ok
        assert (len(former.requests), len(leader.requests)) == (2, 0)
        assert client.scheduler.snapshot().ok
    assert (len(former.requests), len(leader.requests)) == (3, 1)


AWAITING = b"jvm_prop_line.separator \n\nscheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1\nzk_connection_state_LOST 0"
NOT_AWAITING = AWAITING.replace(b"REGISTRATION 1", b"REGISTRATION 0")


def recorded(name):
    """Respond as a real scheduler did."""
    response = Recording(name).exchange["response"]
    return http(response["status"], body_of(response))


def verify(west, admin, *script):
    with FakeScheduler([reply_with("getQuota")], pages=script) as server:
        west.add(member(server.host))
        result = admin("get_scheduler", "--verify", "west")
    return server, result


def test_a_verified_leader_is_printed(west, admin):
    server, result = verify(west, admin, recorded("http-leaderhealth"))
    assert (result.code, result.out, result.err) == (0, f"Found leading scheduler at: {server.url}\n", "")
    assert server.pages_requested == ["/leaderhealth"]


ROLES = {
    "standby": ("standby-http-leaderhealth", b"", "does not lead, another one does, to which it redirects calls"),
    "elected": (
        "noleader-http-leaderhealth",
        AWAITING,
        (
            "is elected, but not registered with Mesos yet, or is still reading its log: it serves calls, those of a "
            "recovery among them, only with --bypass-leader-redirect"
        ),
    ),
    "no leader": (
        "noleader-http-leaderhealth",
        NOT_AWAITING,
        (
            "does not know who leads (There is no leading scheduler or the leader is unknown.); try again in a few "
            "minutes"
        ),
    ),
}


@pytest.mark.parametrize("role", ROLES)
def test_a_scheduler_that_does_not_lead_is_reported_with_its_role(west, admin, role):
    page, lifecycle, text = ROLES[role]
    server, result = verify(west, admin, recorded(page), http(200, lifecycle))
    assert (result.code, result.out) == (1, "")
    assert result.err == f"FATAL] The scheduler at {server.url} {text}\n"
    assert server.pages_requested == ["/leaderhealth", "/api" if role == "standby" else "/vars"]


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (http(404), "/leaderhealth answers 404, so it is unknown whether this scheduler leads: releases before"),
        (http(502, b"<html>Bad Gateway"), "/leaderhealth answers 502, but not as a scheduler does; check the address"),
        (http(200, b"<html>Welcome"), "/leaderhealth answers 200 OK, but not as a scheduler does; check the address"),
        (
            close,
            "/leaderhealth does not answer: the connection was closed without a reply. Check that it runs, and the",
        ),
    ],
    ids=["old", "proxy", "web page", "closed"],
)
def test_a_page_that_is_not_a_health_page_is_reported(west, admin, action, text):
    server, result = verify(west, admin, action)
    assert (result.code, result.out) == (1, "")
    assert server.url + text in result.err
    assert result.err.count("\n") == 1


def test_a_leader_that_does_not_respond_is_reported(west, admin):
    west.add(member(f"127.0.0.1:{free_port()}"))
    result = admin("get_scheduler", "--verify", "west")
    assert (result.code, result.out) == (1, "")
    assert "/leaderhealth does not answer: Connection refused. Check that it runs, and the entry of west" in result.err


def test_a_configured_scheduler_is_verified_too(admin, clusters):
    with FakeScheduler([reply_with("getQuota")], pages=[recorded("http-leaderhealth")]) as server:
        clusters.write(west=f"{server.url}/prefix/")
        result = admin("get_scheduler", "--verify", "west")
    assert (result.code, result.out) == (0, f"Found leading scheduler at: {server.url}/prefix/\n")
    assert server.pages_requested == ["/prefix/leaderhealth"]


def test_a_standby_is_reported_with_the_leader(west, admin):
    redirect = http(307, Location="http://leader.example:8081/api")
    _, result = verify(west, admin, recorded("standby-http-leaderhealth"), redirect)
    assert "does not lead, another one does: http://leader.example:8081, to which it redirects calls" in result.err


@pytest.mark.parametrize("status", [401, 403])
def test_a_health_page_that_wants_credentials_is_reported_as_such(west, admin, status):
    _, result = verify(west, admin, http(status))
    assert (
        f"/leaderhealth answers {status}. The request was not carried out; give user and password of this host"
        in result.err
    )


def test_a_malformed_scheduler_uri_does_not_matter_beside_zk(west, admin, clusters):
    with FakeScheduler([reply_with("getQuota")], pages=[recorded("http-leaderhealth")]) as server:
        west.add(member(server.host))
        for uri in ("http://[h", "http://h:port"):
            [document] = json.loads(clusters.path.read_text())
            clusters.write_documents([{**document, "scheduler_uri": uri}])
            assert admin("get_scheduler", "--verify", "west").err == ""
