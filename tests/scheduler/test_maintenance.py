"""Hosts are taken out of service and come back; their modes are kept (docs/api.md 1.6)."""

import json

import pytest

from aurora_admin.gen.api.ttypes import CoordinatorSlaPolicy, Hosts, MaintenanceMode, ScheduleStatus, SlaPolicy
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire.codec import decode
from tests.support.hosts import NO_POLICY, force, host, hosts, maintain, modes, requests
from tests.support.jobs import OK, config, entries_written, key, power_cut, restored, task
from tests.support.recovery import backups, commit, new_backup, put_backup, stage
from tests.support.thrift_calls import JSON, call, code_and_text, exact_tasks, post, tasks

S = ScheduleStatus
METHODS = ("startMaintenance", "drainHosts", "maintenanceStatus", "endMaintenance", "slaDrainHosts")
DRAINING = "Draining machine for maintenance."


def by_status(running) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for task_id, one in tasks(running.url).items():
        found.setdefault(one.status, set()).add(task_id)
    return found


@pytest.fixture
def three(scheduler):
    """A scheduler with three hosts; on the first two a task runs."""
    return restored(scheduler, hostAttributes=hosts(3), tasks={task(config(), n) for n in range(2)})


def test_a_host_goes_out_of_service_and_comes_back(three):
    assert maintain(three, "startMaintenance", "host-0") == {"host-0": "SCHEDULED"}
    assert modes(three, "host-0", "host-1") == {"host-0": "SCHEDULED", "host-1": "NONE"}
    assert by_status(three).keys() == {S.RUNNING}
    assert maintain(three, "drainHosts", "host-0", "host-2") == {"host-0": "DRAINING", "host-2": "DRAINED"}
    drained = tasks(three.url)["www-prod-web-0"]
    assert (drained.status, drained.taskEvents[-1].message) == (S.DRAINING, DRAINING)
    assert drained.taskEvents[-1].scheduler
    force(three, ["www-prod-web-0"])
    assert modes(three, "host-0", "host-1", "host-2") == {"host-0": "DRAINED", "host-1": "NONE", "host-2": "DRAINED"}
    assert maintain(three, "endMaintenance", "host-0", "host-2") == {"host-0": "NONE", "host-2": "NONE"}
    assert requests(three) == 0


def test_a_drain_of_every_host_ends_when_the_last_task_of_each_has_ended(scheduler):
    running = restored(scheduler, hostAttributes=hosts(5), tasks={task(config(), n) for n in range(4)})
    names = [f"host-{number}" for number in range(5)]
    drained = maintain(running, "drainHosts", *names)
    assert drained == {**dict.fromkeys(names, "DRAINING"), "host-4": "DRAINED"}
    assert requests(running) == 5
    old = by_status(running)[S.DRAINING]
    assert len(old) == 4
    for number, task_id in enumerate(sorted(old)):
        assert modes(running, f"host-{number}") == {f"host-{number}": "DRAINING"}
        force(running, [task_id])
        assert modes(running, f"host-{number}") == {f"host-{number}": "DRAINED"}
    # The request of the host that had nothing to drain stays until its maintenance ends.
    assert requests(running) == 1
    found = tasks(running.url)
    successors = {one for one in found.values() if one.status == S.PENDING}
    assert {one.ancestorId for one in successors} == old
    assert {one.assignedTask.instanceId for one in successors} == set(range(4))


def test_a_host_is_drained_when_the_last_of_its_tasks_has_ended(scheduler):
    both = {task(config(key(name)), 0) for name in ("web", "api")}
    running = restored(scheduler, hostAttributes=hosts(1), tasks=both)
    assert maintain(running, "drainHosts", "host-0") == {"host-0": "DRAINING"}
    force(running, ["www-prod-web-0"], S.FINISHED)
    assert modes(running, "host-0") == {"host-0": "DRAINING"}
    force(running, ["www-prod-api-0"], S.LOST)
    assert modes(running, "host-0") == {"host-0": "DRAINED"}
    assert requests(running) == 0


def test_unknown_and_blank_hosts_are_left_out(three):
    before = entries_written(three)
    assert maintain(three, "startMaintenance", "nosuch", "", " ") == {}
    assert modes(three, "nosuch", "", "host-1") == {"host-1": "NONE"}
    assert entries_written(three) == before
    assert maintain(three, "drainHosts", "nosuch", "", "host-2") == {"host-2": "DRAINED"}
    assert requests(three) == 3
    assert by_status(three).keys() == {S.RUNNING}
    assert maintain(three, "endMaintenance", "nosuch", "", "host-2") == {"host-2": "NONE"}
    assert requests(three) == 0


def test_tasks_on_an_unknown_host_are_drained_too(scheduler):
    running = restored(scheduler, tasks={task(config())})
    assert maintain(running, "drainHosts", "host-0") == {}
    assert by_status(running) == {S.DRAINING: {"www-prod-web-0"}}


def test_a_host_whose_task_is_being_killed_is_not_drained_yet(scheduler):
    running = restored(scheduler, hostAttributes=hosts(1), tasks={task(config(), status=S.KILLING)})
    assert maintain(running, "drainHosts", "host-0") == {"host-0": "DRAINING"}
    assert by_status(running) == {S.KILLING: {"www-prod-web-0"}}
    force(running, ["www-prod-web-0"])
    assert modes(running, "host-0") == {"host-0": "DRAINED"}


def test_a_request_replaces_the_earlier_one_of_its_host(three):
    coordinator = SlaPolicy(coordinatorSlaPolicy=CoordinatorSlaPolicy("http://localhost:1/", "drain"))
    for method, members, policy, timeout in (
        ("slaDrainHosts", {"defaultSlaPolicy": coordinator, "timeoutSecs": 86_400}, coordinator, 86_400),
        ("drainHosts", {}, NO_POLICY, 0),
        ("slaDrainHosts", {"defaultSlaPolicy": coordinator, "timeoutSecs": 5}, coordinator, 5),
    ):
        maintain(three, method, "host-0", **members)
        (stored,) = decode(Snapshot, new_backup(three)).hostMaintenanceRequests
        assert (stored.host, stored.timeoutSecs) == ("host-0", timeout)
        kept = stored.defaultSlaPolicy
        assert bool(kept.coordinatorSlaPolicy) is bool(policy.coordinatorSlaPolicy)
        assert bool(kept.percentageSlaPolicy) is bool(policy.percentageSlaPolicy)
        # Backups of one minute have one name.
        for path in backups(three):
            path.unlink()


def test_waiting_tasks_are_not_on_a_host(scheduler):
    running = restored(scheduler, hostAttributes=hosts(1), tasks={task(config(), status=S.PENDING)})
    assert maintain(running, "drainHosts", "host-0", "") == {"host-0": "DRAINED"}
    assert by_status(running).keys() == {S.PENDING}


def test_a_host_that_is_named_twice_is_there_once(three):
    body = b'[1,"drainHosts",1,0,{"1":{"rec":{"1":{"set":["str",2,"host-0","host-0"]}}}}]'
    status, _, reply = post(three.url, body, {"Content-Type": JSON})
    result = json.loads(reply)[4]["0"]["rec"]
    assert (status, result["1"]["i32"]) == (200, 1)
    assert result["3"]["rec"]["8"]["rec"]["1"]["set"] == ["rec", 1, {"1": {"str": "host-0"}, "2": {"i32": 3}}]
    assert requests(three) == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_call_without_hosts_changes_nothing(three, method):
    before = entries_written(three)
    policy = {"defaultSlaPolicy": NO_POLICY} if method == "slaDrainHosts" else {}
    for missing in (None, Hosts()):
        assert code_and_text(call(three.url, method, hosts=missing, **policy)) == ("ERROR", "")
    assert maintain(three, method, **policy) == {}
    assert entries_written(three) == before


def test_a_mode_that_a_host_has_already_is_not_written_again(three):
    maintain(three, "startMaintenance", "host-0")
    before = entries_written(three)
    assert maintain(three, "startMaintenance", "host-0") == {"host-0": "SCHEDULED"}
    assert entries_written(three) == before


@pytest.mark.parametrize("mode", [None, *MaintenanceMode._VALUES_TO_NAMES])
def test_every_mode_may_follow_every_mode(scheduler, mode):
    running = restored(scheduler, hostAttributes={host("host-0", mode)})
    for method, after in (
        ("startMaintenance", "SCHEDULED"),
        ("drainHosts", "DRAINED"),
        ("startMaintenance", "SCHEDULED"),
        ("endMaintenance", "NONE"),
        ("drainHosts", "DRAINED"),
        ("endMaintenance", "NONE"),
    ):
        assert maintain(running, method, "host-0") == {"host-0": after}


def test_tasks_that_are_draining_stay_so_when_the_maintenance_ends(three):
    maintain(three, "drainHosts", "host-0")
    maintain(three, "endMaintenance", "host-0")
    assert by_status(three) == {S.DRAINING: {"www-prod-web-0"}, S.RUNNING: {"www-prod-web-1"}}
    force(three, ["www-prod-web-0"])
    assert modes(three, "host-0") == {"host-0": "NONE"}


def test_a_second_drain_changes_no_task(three):
    maintain(three, "drainHosts", "host-0")
    before = exact_tasks(three.url)
    assert maintain(three, "drainHosts", "host-0") == {"host-0": "DRAINING"}
    assert exact_tasks(three.url) == before


def test_a_task_whose_agent_is_out_of_reach_is_lost_and_its_host_is_drained(scheduler):
    running = restored(scheduler, hostAttributes=hosts(1), tasks={task(config(), status=S.PARTITIONED)})
    assert maintain(running, "drainHosts", "host-0") == {"host-0": "DRAINED"}
    lost = tasks(running.url)["www-prod-web-0"]
    assert (lost.status, [event.status for event in lost.taskEvents[-2:]]) == (S.LOST, [S.DRAINING, S.LOST])
    assert lost.taskEvents[-1].message == "Action performed on partitioned task, marking as LOST."
    assert requests(running) == 0


def test_a_killed_task_does_not_end_a_drain_before_it_has_ended(three):
    maintain(three, "drainHosts", "host-0")
    assert code_and_text(call(three.url, "killTasks", job=key(), instances={0})) == OK
    assert modes(three, "host-0") == {"host-0": "DRAINING"}
    force(three, ["www-prod-web-0"])
    assert modes(three, "host-0") == {"host-0": "DRAINED"}
    assert by_status(three) == {S.KILLED: {"www-prod-web-0"}, S.RUNNING: {"www-prod-web-1"}}


ALL_MODES = {"host-0": "DRAINING", "host-1": "SCHEDULED", "host-2": "DRAINED"}


def set_all_modes(running) -> None:
    maintain(running, "startMaintenance", "host-1")
    maintain(running, "drainHosts", "host-0", "host-2")


def test_modes_survive_a_power_cut_and_a_snapshot(three):
    set_all_modes(three)
    power_cut(three)
    assert modes(three, *ALL_MODES) == ALL_MODES
    assert code_and_text(call(three.url, "snapshot")) == OK
    power_cut(three)
    assert modes(three, *ALL_MODES) == ALL_MODES
    assert requests(three) == 2
    assert by_status(three) == {S.DRAINING: {"www-prod-web-0"}, S.RUNNING: {"www-prod-web-1"}}


def test_modes_are_in_a_backup_with_all_that_is_known_of_a_host(scheduler, three):
    set_all_modes(three)
    raw = new_backup(three)
    stored = decode(Snapshot, raw)
    assert {one.host: one.slaveId for one in stored.hostAttributes} == {name: f"agent-of-{name}" for name in ALL_MODES}
    drain = {one.host: one for one in stored.hostMaintenanceRequests}
    assert drain.keys() == {"host-0", "host-2"}
    request = drain["host-0"]
    assert (request.defaultSlaPolicy, request.timeoutSecs) == (NO_POLICY, 0)
    assert request.createdTimestampMs > 1_700_000_000_000
    other = scheduler()
    put_backup(other, raw)
    stage(other)
    commit(other)
    other.start()
    assert modes(other, *ALL_MODES) == ALL_MODES


def test_modes_survive_a_failover(elected, shared_log):
    elected.flags = (f"-native_log_zk_group_path={shared_log.root}",)
    leader = restored(elected.lead, hostAttributes=hosts(3), tasks={task(config(), n) for n in range(2)})
    second = elected.stand_by()
    set_all_modes(leader)
    leader.kill()
    elected.wait_advertised(second)
    assert modes(second, *ALL_MODES) == ALL_MODES
    force(second, ["www-prod-web-0"])
    assert modes(second, "host-0") == {"host-0": "DRAINED"}
