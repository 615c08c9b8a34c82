"""A scheduler that does not lead: what the client finds out about it, and what it says."""

import pytest

from aurora_admin.errors import CallFailed
from aurora_admin.gen.api.ttypes import QueryRecoveryResult, Result
from tests.support.fake_scheduler import NO_LEADER_PAGE, FakeScheduler, http, reply_with

pytestmark = pytest.mark.usefixtures("no_user_settings")
UNKNOWN = http(502, b"Current status: There is no leading scheduler or the leader is unknown.\n")
STANDBY = http(503, b"Current status: Another instance is the leading scheduler.\n")
LEADER = http(200, b"Current status: This is the leading scheduler.\n")
AWAITING = http(200, b"a 1\nscheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1\nz 2")
ACTIVE = http(200, b"scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 0\nscheduler_lifecycle_ACTIVE 1")
NO_LEADER = http(503, NO_LEADER_PAGE)
NOT_READY = reply_with("commitRecovery", 6, "Storage is not READY")
NO_TASKS = Result(queryRecoveryResult=QueryRecoveryResult(tasks=[]))
REDIRECT = http(307, Location="http://leader.example:8081/api")


@pytest.mark.parametrize("timeout", [None, 300])
def test_a_scheduler_that_waits_for_mesos_ends_the_command_at_once(timeout):
    with FakeScheduler([NO_LEADER], pages=[UNKNOWN, AWAITING] * 2) as server:
        client = server.client(timeout=timeout)
        with pytest.raises(CallFailed) as caught:
            client.scheduler.snapshot()
    assert caught.value.message.startswith(
        f"The scheduler of west at {server.url}/api is elected, but not registered with Mesos, and so refuses calls "
        "without --bypass-leader-redirect. Nothing was carried out; give that option"
    )
    assert client.slept == [1]
    assert client.log == []


def test_a_scheduler_that_registers_meanwhile_is_called_again():
    pages = [UNKNOWN, AWAITING, UNKNOWN, ACTIVE]
    with FakeScheduler([NO_LEADER, reply_with("snapshot")], pages=pages) as server:
        assert server.client().scheduler.snapshot().ok
    assert server.methods == ["snapshot"] * 2


def test_a_scheduler_that_still_reads_its_log_is_waited_for():
    script = [NO_LEADER, reply_with("getQuota", 6, "Storage is not READY"), reply_with("snapshot")]
    with FakeScheduler(script, pages=[UNKNOWN, AWAITING] * 2) as server:
        assert server.client().scheduler.snapshot().ok
    assert server.methods == ["snapshot", "getQuota", "snapshot"]
    assert "Bypass-Leader-Redirect" in server.requests[1].headers
    assert "Bypass-Leader-Redirect" not in server.requests[2].headers


def test_a_commit_on_a_standby_that_bypasses_its_redirect_ends_at_once():
    with FakeScheduler([NOT_READY], pages=[STANDBY, REDIRECT] * 2) as server:
        client = server.client(bypass=True)
        with pytest.raises(CallFailed) as caught:
            client.scheduler.commit_recovery()
    assert caught.value.message == (
        f"The scheduler of west at {server.url}/api does not lead, so its storage stays closed (Storage is not READY). "
        "Nothing was carried out; call the leader, http://leader.example:8081, without --bypass-leader-redirect"
    )
    assert client.slept == []


def test_a_recovery_call_on_a_standby_that_bypasses_its_redirect_is_warned_about_once():
    script = [reply_with("stageRecovery"), reply_with("queryRecovery", result=NO_TASKS)]
    with FakeScheduler(script, pages=[STANDBY, REDIRECT] * 2) as server:
        client = server.client(bypass=True)
        client.scheduler.stage_recovery("x")
        assert client.scheduler.query_recovery().ok
    [warning] = client.log
    assert warning == (
        f" WARN] The scheduler at {server.url}/api does not lead (Another instance is the leading scheduler.): it has "
        "a staged backup of its own, and cannot commit it. Call the leader, http://leader.example:8081, without "
        "--bypass-leader-redirect"
    )


@pytest.mark.parametrize("pages", [[LEADER], [UNKNOWN, AWAITING], [http(404)]], ids=["leader", "elected", "old"])
def test_other_schedulers_are_not_warned_about(pages):
    with FakeScheduler([reply_with("stageRecovery")], pages=pages) as server:
        client = server.client(bypass=True)
        client.scheduler.stage_recovery("x")
    assert client.log == []


def test_without_the_option_no_page_is_requested():
    with FakeScheduler([reply_with("stageRecovery")]) as server:
        server.client().scheduler.stage_recovery("x")
    assert server.pages_requested == []
