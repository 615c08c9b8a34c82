"""A drain that is interrupted, or loses its scheduler (docs/cli.md 6)."""

import signal

import pytest

from aurora_admin.gen.api.ttypes import (
    DrainHostsResult,
    HostStatus,
    MaintenanceMode,
    MaintenanceStatusResult,
    Response,
    ResponseCode,
    Result,
    ScheduleStatusResult,
    StartMaintenanceResult,
)
from tests.support.drains import go_on
from tests.support.elected_schedulers import Elected
from tests.support.fake_scheduler import NO_LEADER_PAGE, FakeScheduler, close, http, reply_with, thrift
from tests.support.hosts import force, hosts, maintain, modes
from tests.support.jobs import config, restored, task
from tests.support.waiting import wait_exit, wait_until

M = MaintenanceMode
RESULTS = {
    "startMaintenance": ("startMaintenanceResult", StartMaintenanceResult),
    "drainHosts": ("drainHostsResult", DrainHostsResult),
    "maintenanceStatus": ("maintenanceStatusResult", MaintenanceStatusResult),
}
NO_TASKS = reply_with("getTasksWithoutConfigs", result=Result(scheduleStatusResult=ScheduleStatusResult(tasks=[])))


def answer(method: str, **found: int):
    """Return the reply to a call, with the modes of hosts."""
    name, kind = RESULTS[method]
    statuses = {HostStatus(host, mode) for host, mode in found.items()}
    return reply_with(method, result=Result(**{name: kind(statuses=statuses)}))


@pytest.fixture
def scripted(clusters):
    """`scripted(action, ...)` serves cluster west with these answers."""
    servers = []

    def serve(*actions):
        servers.append(FakeScheduler(actions).__enter__())
        clusters.write(west=servers[-1].url)
        return servers[-1]

    yield serve
    for one in servers:
        one.__exit__()


@pytest.fixture
def west(scheduler, clusters):
    """A scheduler with four hosts, with a task on each of the first two."""
    one = restored(scheduler, hostAttributes=hosts(4), tasks={task(config(), n) for n in range(2)})
    clusters.write(west=one.url)
    return one


def test_sigterm_says_which_hosts_are_in_which_mode(west, drain):
    running = drain("host_drain", "--hosts=host-0,host-1", "west")
    running.wait_for("Waiting for hosts to be in DRAINED: set(['host-0'])")
    assert running.interrupt(signal.SIGTERM) == 130
    states = "DRAINING: host-0; SCHEDULED: host-1"
    advice = go_on("host-0,host-1", "host-0")
    assert running.log.splitlines(keepends=True)[-1] == f"FATAL] Interrupted ({states}). {advice}"


def test_ctrl_c_says_which_hosts_are_in_which_mode_and_how_to_go_on(west, drain):
    maintain(west, "drainHosts", "host-0")
    force(west, ["www-prod-web-0"])
    running = drain("host_drain", "--hosts=host-0,host-1,host-2,nosuch", "west")
    running.wait_for("Waiting for hosts to be in DRAINED: set(['host-1'])")
    assert running.interrupt() == 130
    states = "DRAINED: host-0; DRAINING: host-1; SCHEDULED: host-2; unknown to the scheduler: nosuch"
    assert (
        running.log.splitlines(keepends=True)[-1]
        == f"FATAL] Interrupted ({states}). Check the spelling of nosuch. {go_on('host-1,host-2', 'host-1')}"
    )
    assert modes(west, "host-0", "host-1", "host-2") == {
        "host-0": "DRAINED",
        "host-1": "DRAINING",
        "host-2": "SCHEDULED",
    }


@pytest.mark.parametrize(
    ("actions", "what", "states"),
    [
        ([], "startMaintenance", "perhaps SCHEDULED: h1,h2"),
        (
            [answer("startMaintenance", h1=M.SCHEDULED, h2=M.SCHEDULED), NO_TASKS],
            "drainHosts",
            "SCHEDULED or DRAINING: h1; SCHEDULED: h2",
        ),
    ],
)
def test_ctrl_c_before_a_reply_says_what_is_uncertain(scripted, drain, actions, what, states):
    server = scripted(*actions, lambda *_: None)
    running = drain("host_drain", "--hosts=h1,h2", "west")
    wait_until(lambda: what in server.methods, what)
    assert running.interrupt() == 130
    assert running.log.splitlines(keepends=True)[-1] == (
        f"FATAL] Interrupted before the reply to {what} from {server.url}/api arrived. It may have been carried out "
        f"({states}). {go_on('h1,h2', 'h1' if actions else '')}"
    )


def test_ctrl_c_before_anything_was_sent_just_ends(scripted, drain):
    server = scripted(http(503, NO_LEADER_PAGE))
    running = drain("host_drain", "--hosts=h1", "west")
    wait_until(lambda: server.requests, "a call")
    running.wait_for("retrying...")
    assert running.interrupt() == 130
    assert "FATAL" not in running.log


@pytest.mark.parametrize(
    "lost", [close, http(500, b"no"), http(502, b"proxy")], ids=["no reply", "an error", "the error of a proxy"]
)
def test_a_drain_whose_reply_is_lost_goes_on(scripted, drain, lost):
    server = scripted(
        answer("startMaintenance", h1=M.SCHEDULED, h2=M.SCHEDULED, h3=M.SCHEDULED),
        NO_TASKS,
        lost,
        answer("maintenanceStatus", h1=M.DRAINING, h2=M.SCHEDULED, h3=M.NONE),
        answer("drainHosts", h2=M.DRAINING),
        answer("maintenanceStatus", h1=M.DRAINED, h2=M.DRAINED, h3=M.DRAINED),
    )
    running = drain("host_drain", "--hosts=h1,h2,h3", "--grouping=none", "west")
    assert wait_exit(running.process) == 0
    assert server.methods == [
        "startMaintenance",
        "getTasksWithoutConfigs",
        "drainHosts",
        "maintenanceStatus",
        "drainHosts",
        "maintenanceStatus",
    ]
    [warning] = [line for line in running.log.splitlines() if " WARN] No usable reply to drainHosts" in line]
    assert warning.endswith("It may have been carried out. Asking the scheduler which hosts are being drained")
    assert " INFO] Draining tasks on: set(['h2'])\n" in running.log


def test_the_reason_is_sent_with_the_calls_that_it_belongs_to(admin, scripted):
    server = scripted(
        answer("startMaintenance", h1=M.SCHEDULED),
        NO_TASKS,
        answer("drainHosts", h1=M.DRAINING),
        answer("maintenanceStatus", h1=M.DRAINED),
    )
    assert admin("host_drain", "--reason=T1", "--hosts=h1", "west").code == 0
    sent = [(request.message.name, request.headers.get("X-Aurora-Admin-Reason")) for request in server.requests]
    assert sent == [
        ("startMaintenance", "T1"),
        ("getTasksWithoutConfigs", None),
        ("drainHosts", "T1"),
        ("maintenanceStatus", None),
    ]


def test_a_status_that_cannot_be_had_ends_the_drain_with_the_modes(scripted, drain):
    scripted(
        answer("startMaintenance", h1=M.SCHEDULED, h2=M.SCHEDULED),
        NO_TASKS,
        answer("drainHosts", h1=M.DRAINING),
        http(200, b"<html>login</html>"),
    )
    running = drain("host_drain", "--hosts=h1,h2", "west")
    assert wait_exit(running.process) == 1
    last = running.log.splitlines(keepends=True)[-1]
    assert last.startswith("FATAL] No usable reply to maintenanceStatus")
    assert last.endswith(f" (DRAINING: h1; SCHEDULED: h2). {go_on('h1,h2', 'h1')}")


def test_a_scheduler_that_is_lost_in_the_middle_has_carried_out_something(west, drain):
    running = drain("host_drain", "--timeout=2", "--hosts=host-0,host-1", "west")
    running.wait_for("Waiting for hosts to be in DRAINED: set(['host-0'])")
    west.kill()
    assert wait_exit(running.process) == 1
    last = running.log.splitlines(keepends=True)[-1]
    assert last.startswith("FATAL] Cannot reach the scheduler of west at ")
    assert "Connection refused. maintenanceStatus was not carried out; check that it runs" in last
    assert last.endswith(f" (DRAINING: host-0; SCHEDULED: host-1). {go_on('host-0,host-1', 'host-0')}")
    assert "Nothing was carried out" not in last


def test_a_host_that_was_activated_before_the_scheduler_was_lost(admin, scripted):
    scripted(reply_with("endMaintenance"), http(503, NO_LEADER_PAGE))
    last = admin("host_activate", "--timeout=1", "--hosts=h1", "west").err.splitlines()[-1]
    assert last.startswith("FATAL] The maintenance was ended, but which modes the hosts have is unknown. ")
    assert last.endswith(". maintenanceStatus was not carried out; try again in a few minutes")


@pytest.mark.parametrize("method", ["startMaintenance", "drainHosts", "maintenanceStatus"])
@pytest.mark.parametrize("code", [ResponseCode.INVALID_REQUEST, ResponseCode.WARNING, ResponseCode.AUTH_FAILED])
def test_a_refused_call_ends_the_drain(admin, scripted, method, code):
    steps = [
        ("startMaintenance", answer("startMaintenance", h1=M.SCHEDULED)),
        ("getTasksWithoutConfigs", NO_TASKS),
        ("drainHosts", answer("drainHosts", h1=M.DRAINING)),
        ("maintenanceStatus", None),
    ]
    before = [action for name, action in steps[: [name for name, _ in steps].index(method)]]
    server = scripted(*before, thrift(method, Response(responseCode=code, details=[])))
    result = admin("host_drain", "--hosts=h1", "west")
    name = ResponseCode._VALUES_TO_NAMES[code]
    assert (result.code, server.methods[-1]) == (1, method)
    assert result.err.splitlines()[-1] == f" INFO] Response from scheduler: {name} (message: )"
    detailed = scripted(*before, thrift(method, Response(responseCode=code, details=[])))
    result = admin("host_drain", "-v", "--hosts=h1", "west")
    assert detailed.methods[-1] == method
    assert ("The drain has ended early (" in result.err) == (method != "startMaintenance")


def test_a_failed_sla_query_never_drains(admin, scripted):
    refused = reply_with("getTasksWithoutConfigs", ResponseCode.ERROR, "no tasks")
    server = scripted(answer("startMaintenance", h1=M.SCHEDULED), refused)
    for options in ([], ["--legacy-exit-codes"]):
        result = admin("host_drain", *options, "--hosts=h1", "west")
        last = result.err.splitlines(keepends=True)[-1]
        assert (result.code, "All hosts passed" in result.err) == (1, False)
        assert last.startswith(
            "FATAL] The SLA check of h1 could not be made, so neither these hosts nor the following ones were drained"
        )
        assert last.endswith(f" (SCHEDULED: h1). {go_on('h1')}")
        assert "drainHosts" not in server.methods
        server = scripted(answer("startMaintenance", h1=M.SCHEDULED), http(200, b"<html>login</html>"))


def test_an_sla_check_without_a_scheduler_does_not_say_that_nothing_was_carried_out(admin, scripted):
    scripted(answer("startMaintenance", h1=M.SCHEDULED), http(503, NO_LEADER_PAGE))
    last = admin("host_drain", "--timeout=1", "--hosts=h1", "west").err.splitlines()[-1]
    assert "neither these hosts nor the following ones were drained. The scheduler of west at " in last
    assert ". getTasksWithoutConfigs was not carried out; try again in a few minutes (SCHEDULED: h1)." in last


def test_a_drain_goes_on_with_the_next_leader(zookeeper, zk, tmp_path, clusters, drain):
    elected = Elected(tmp_path / "schedulers", zookeeper.hosts, zk)
    try:
        one = restored(elected.lead, hostAttributes=hosts(2), tasks={task(config(), 0)})
        elected.wait_advertised(one)
        clusters.write_documents([{"name": "west", "zk": zookeeper.hosts, "scheduler_zk_path": elected.path}])
        running = drain("host_drain", "--hosts=host-0,host-1", "west")
        running.wait_for("Waiting for hosts to be in DRAINED: set(['host-0'])")
        assert one.stop() == 0
        one.start()
        elected.wait_advertised(one)
        force(one, ["www-prod-web-0"])
        assert wait_exit(running.process) == 0, running.log
        assert modes(one, "host-0", "host-1") == {"host-0": "DRAINED", "host-1": "DRAINED"}
    finally:
        elected.close()
