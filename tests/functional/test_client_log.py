"""What a person learns meanwhile: each attempt with -v, and a long wait on a terminal."""

import os
import re

import pytest

from aurora_admin.client import waiting
from aurora_admin.output import Output
from tests.support.fake_scheduler import NO_LEADER_PAGE, FakeScheduler, http, reply_with
from tests.support.serverset import member

SECONDS = r"[0-9]+\.[0-9]{3} s"


def test_each_attempt_is_logged_with_v(admin, clusters):
    with FakeScheduler([reply_with("snapshot")]) as leader:
        redirect = http(307, Location=f"{leader.url}/api")
        with FakeScheduler([http(503, NO_LEADER_PAGE), redirect]) as server:
            clusters.write(west=f"http://me:secret@{server.host}")
            result = admin("-v", "scheduler_snapshot", "west")
    entry, refused, asked, warning, redirected, done, response = result.err.splitlines()
    assert re.fullmatch(rf"DEBUG\] GET {server.url}/leaderhealth: 404 after {SECONDS}", asked)
    assert entry == f"DEBUG] Cluster west in {clusters.path}: scheduler_uri http://{server.host}"
    assert re.fullmatch(
        rf"DEBUG\] snapshot to {server.url}/api in JSON: 503 Service Unavailable after {SECONDS}", refused
    )
    assert warning.startswith(" WARN] ")
    assert re.fullmatch(
        rf"DEBUG\] snapshot to {server.url}/api in JSON: 307 Temporary Redirect {leader.url}/api after {SECONDS}",
        redirected,
    )
    followed = rf"{leader.url}/api \(redirected by {server.url}/api\)"
    assert re.fullmatch(rf"DEBUG\] snapshot to {followed} in JSON: 200 OK after {SECONDS}", done)
    assert response == " INFO] Response from scheduler: OK (message: )"


def test_the_member_that_was_found_is_logged_with_v(west, admin):
    with FakeScheduler([reply_with("snapshot")]) as leader:
        west.add(member(leader.host))
        lines = admin("-v", "scheduler_snapshot", "west").err.splitlines()
    assert re.fullmatch(r"DEBUG\] Cluster west in .*/clusters.json: zk .*, zk_port .*, scheduler_zk_path /.*", lines[0])
    assert re.fullmatch(rf"DEBUG\] member_\d+ in Zookeeper .*: {leader.url}, ALIVE", lines[1])


def test_a_refused_connection_is_logged_with_v(admin, clusters):
    clusters.write("west")
    lines = admin("-v", "scheduler_snapshot", "west", "--timeout=1").err.splitlines()
    assert re.fullmatch(rf"DEBUG\] snapshot to http://.*/api in JSON: Connection refused after {SECONDS}", lines[1])


@pytest.mark.usefixtures("no_user_settings")
def test_a_long_wait_is_reported_on_a_terminal(monkeypatch):
    monkeypatch.setattr(waiting, "FIRST_SECONDS", 0.1)
    monkeypatch.setattr(waiting, "REPEAT_SECONDS", 0.2)
    ours, its = os.openpty()
    with os.fdopen(its, "w") as terminal, os.fdopen(ours, "rb", buffering=0) as screen:

        def wait_for_two_reports(sock, request):
            shown = b""
            while shown.count(b"\n") < 2:
                shown += screen.read(1000)
            reply_with("commitRecovery", 1, shown.decode())(sock, request)

        with FakeScheduler([wait_for_two_reports]) as server:
            client = server.client(is_real_time=True)
            client.scheduler._log = Output(None, terminal)
            lines = client.scheduler.commit_recovery().message.split("\r\n")
    assert lines[:2] == [" INFO] still waiting for commitRecovery (0 s of 600)"] * 2
