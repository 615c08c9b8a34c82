"""A call goes to the leader that ZooKeeper names now: after every failure it is looked up anew."""

import json

import pytest

from tests.support.fake_scheduler import LEADERLESS, FakeScheduler, close, http, says
from tests.support.processes import environment
from tests.support.serverset import member, running
from tests.support.zookeeper import free_port

OK = " INFO] Response from scheduler: OK (message: )\n"
TRANSIENT = "Connection error with scheduler: Storage is not READY, reconnecting..."


@pytest.fixture
def snapshot(tmp_path):
    """Ask west for a snapshot, beside the test."""
    return lambda: running(environment(tmp_path), "scheduler_snapshot", "west", "--timeout", "50")


def test_a_call_goes_to_the_leader(west, admin):
    with FakeScheduler([says("snapshot")]) as server:
        west.add(member(server.host))
        result = admin("scheduler_snapshot", "west")
    assert (result.code, result.err) == (0, OK)
    assert server.methods == ["snapshot"]


def test_the_redirect_of_a_former_leader_is_followed_with_the_same_body(west, admin):
    with (
        FakeScheduler([says("snapshot")]) as leader,
        FakeScheduler([http(307, Location=f"{leader.url}/api")]) as former,
    ):
        west.add(member(former.host))
        result = admin("scheduler_snapshot", "west")
    assert (result.code, result.err) == (0, OK)
    assert [request.body for request in former.requests] == [request.body for request in leader.requests]


def test_the_bypass_is_sent_to_the_one_that_is_found(west, admin):
    with FakeScheduler([says("snapshot")]) as server:
        west.add(member(server.host))
        assert admin("scheduler_snapshot", "west", "--bypass-leader-redirect").code == 0
    assert server.requests[0].headers["Bypass-Leader-Redirect"] == "true"


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (says("snapshot", 6, "Storage is not READY"), TRANSIENT),
        (http(503, LEADERLESS), "503 Service Unavailable: no scheduler leads at the moment, retrying..."),
    ],
    ids=["transient", "no leader"],
)
def test_who_was_not_ready_is_looked_up_anew(west, snapshot, action, reason):
    with FakeScheduler([action]) as former, FakeScheduler([says("snapshot")]) as leader:
        path = west.add(member(former.host))
        with snapshot() as program:
            assert program.line().endswith(reason)
            west.zk.delete(path)
            west.add(member(leader.host))
            result = program.ended()
    assert result.code == 0
    assert result.err.endswith(OK)
    assert leader.methods == ["snapshot"]


def test_a_leader_that_died_is_waited_for_until_another_is_registered(west, snapshot):
    path = west.add(member(f"127.0.0.1:{free_port()}"))
    with FakeScheduler([says("snapshot")]) as leader, snapshot() as program:
        assert program.line().endswith("/api: Connection refused, retrying...")
        west.zk.delete(path)
        while "No leader is registered" not in (line := program.line()):
            assert line
        west.add(member(leader.host))
        result = program.ended()
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


def test_the_leader_is_kept_while_all_is_well_and_not_longer(west, zookeeper):
    not_ready = says("snapshot", 6, "Storage is not READY")
    with (
        FakeScheduler([says("snapshot"), says("snapshot"), not_ready]) as former,
        FakeScheduler([says("snapshot")]) as leader,
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


def recorded(fixtures, name):
    """Answer as a real scheduler did."""
    answer = json.loads((fixtures / "wire" / f"{name}.json").read_text())["response"]
    return http(answer["status"], answer["body"].encode())


def verify(west, admin, *script):
    with FakeScheduler(script) as server:
        west.add(member(server.host))
        result = admin("get_scheduler", "--verify", "west")
    return server, result


def test_a_leader_says_that_it_leads(west, admin, fixtures):
    server, result = verify(west, admin, recorded(fixtures, "http-leaderhealth"))
    assert (result.code, result.out, result.err) == (0, f"Found leading scheduler at: {server.url}\n", "")
    assert [request.path for request in server.requests] == ["/leaderhealth"]


STANDINGS = {
    "standby": ("standby-http-leaderhealth", b"", "does not lead, another one does: it sends callers there by itself"),
    "elected": (
        "noleader-http-leaderhealth",
        AWAITING,
        (
            "is elected, but not registered with Mesos yet: it serves only callers who give "
            "--bypass-leader-redirect, recovery commands among them"
        ),
    ),
    "nobody": (
        "noleader-http-leaderhealth",
        NOT_AWAITING,
        (
            "does not know who leads (There is no leading scheduler or the leader is unknown.); try again in a few "
            "minutes"
        ),
    ),
}


@pytest.mark.parametrize("standing", STANDINGS)
def test_one_that_does_not_lead_says_what_it_does(west, admin, fixtures, standing):
    page, lifecycle, text = STANDINGS[standing]
    server, result = verify(west, admin, recorded(fixtures, page), http(200, lifecycle))
    assert (result.code, result.out) == (1, "")
    assert result.err == f"FATAL] The scheduler at {server.url} {text}\n"
    pages = ["/leaderhealth"] + ["/vars"] * bool(lifecycle)
    assert [request.path for request in server.requests] == pages


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (http(404), "/leaderhealth answers 404, so that it is not known whether this scheduler leads: releases before"),
        (http(502, b"<html>Bad Gateway"), "/leaderhealth answers 502, but not as a scheduler does; check the address"),
        (http(200, b"<html>Welcome"), "/leaderhealth answers 200 OK, but not as a scheduler does; check the address"),
        (
            close,
            "/leaderhealth does not answer: the connection was closed without an answer. Check that it runs, and the",
        ),
    ],
    ids=["old", "proxy", "web page", "closed"],
)
def test_what_cannot_be_verified_is_told(west, admin, action, text):
    server, result = verify(west, admin, action)
    assert (result.code, result.out) == (1, "")
    assert server.url + text in result.err
    assert result.err.count("\n") == 1


def test_a_leader_that_does_not_answer_is_told(west, admin):
    west.add(member(f"127.0.0.1:{free_port()}"))
    result = admin("get_scheduler", "--verify", "west")
    assert (result.code, result.out) == (1, "")
    assert "/leaderhealth does not answer: Connection refused. Check that it runs, and the entry of west" in result.err


def test_a_configured_scheduler_is_verified_too(admin, clusters, fixtures):
    with FakeScheduler([recorded(fixtures, "http-leaderhealth")]) as server:
        clusters.write(west=f"{server.url}/prefix/")
        result = admin("get_scheduler", "--verify", "west")
    assert (result.code, result.out) == (0, f"Found leading scheduler at: {server.url}/prefix/\n")
    assert server.requests[0].path == "/prefix/leaderhealth"
