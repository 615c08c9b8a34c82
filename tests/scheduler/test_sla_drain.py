"""slaDrainHosts: hosts are drained as soon as the policies of their tasks allow it (docs/api.md 1.6)."""

import time

import pytest

from aurora_admin.gen.api.ttypes import (
    CoordinatorSlaPolicy,
    CountSlaPolicy,
    HostMaintenanceRequest,
    Hosts,
    MaintenanceMode,
    PercentageSlaPolicy,
    ScheduleStatus,
    SlaPolicy,
    TaskEvent,
)
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.drain_poller import DrainPoller
from aurora_admin.scheduler.state import ops
from aurora_admin.wire.codec import encode
from tests.support.hosts import NO_POLICY, force, host, hosts, maintain, modes, requests
from tests.support.jobs import LONG_AGO, config, entries_written, key, restored, task
from tests.support.statistics import variables
from tests.support.thrift_calls import call, code_and_text, tasks
from tests.support.waiting import wait_until

S = ScheduleStatus
OFTEN = "-host_maintenance_polling_interval=20ms"
PRODUCTION = {"tier": "preferred", "production": True}
A_DAY = 86_400


def percentage(share, seconds=0):
    return SlaPolicy(percentageSlaPolicy=PercentageSlaPolicy(share, seconds))


def count(number, seconds=0):
    return SlaPolicy(countSlaPolicy=CountSlaPolicy(number, seconds))


COORDINATOR = SlaPolicy(coordinatorSlaPolicy=CoordinatorSlaPolicy("http://localhost:1/", "drain"))


def sla_drain(running, *names, policy=NO_POLICY, timeout=A_DAY):
    return maintain(running, "slaDrainHosts", *names, defaultSlaPolicy=policy, timeoutSecs=timeout)


def draining(running) -> int:
    return sum(one.status == S.DRAINING for one in tasks(running.url).values())


def wait_for_rounds(running) -> None:
    """Wait until every host was looked at twice: a draining host without a request is counted each time."""
    missing = "missing_maintenance_request"
    before = variables(running)[missing]
    wait_until(lambda: variables(running)[missing] > before + 1, "two rounds")


def test_tasks_are_drained_soon_after_the_reply(scheduler):
    """At once, not after the interval: that is a minute here."""
    running = restored(scheduler, hostAttributes=hosts(2), tasks={task(config())})
    assert sla_drain(running, "host-0", "host-1", "nosuch") == {"host-0": "DRAINING", "host-1": "DRAINING"}
    assert requests(running) == 3
    wait_until(lambda: modes(running, "host-1") == {"host-1": "DRAINED"}, "the empty host is drained")
    wait_until(lambda: draining(running) == 1, "the task is drained")
    assert requests(running) == 3
    force(running, ["www-prod-web-0"])
    assert modes(running, "host-0") == {"host-0": "DRAINED"}
    assert requests(running) == 2
    maintain(running, "endMaintenance", "host-0", "host-1", "nosuch")
    assert requests(running) == 0


@pytest.mark.parametrize(
    ("policy", "answer"),
    [(None, "INVALID_REQUEST"), (SlaPolicy(), "ERROR")],
)
def test_a_drain_without_a_policy_is_refused(scheduler, policy, answer):
    running = restored(scheduler, hostAttributes=hosts(1), tasks={task(config())})
    before = entries_written(running)
    response = call(running.url, "slaDrainHosts", hosts=Hosts({"host-0"}), defaultSlaPolicy=policy, timeoutSecs=0)
    code, text = code_and_text(response)
    assert code == answer
    assert policy is not None or ("nothing was changed" in text and "drainHosts" in text)
    assert entries_written(running) == before


JOB = config(**PRODUCTION)


def restored_job(scheduler, stored=JOB, count=20, others=()):
    """A job with a task on each of its hosts, and a draining host with a task but without a request."""
    unrequested = {task(config(key("stuck")), 99)}
    return restored(
        lambda: scheduler(OFTEN),
        hostAttributes={*hosts(count), host("host-99", 3)},
        tasks={task(stored, n) for n in range(count)} | unrequested | set(others),
    )


@pytest.mark.parametrize(
    ("policy", "drained"),
    [
        (percentage(95.0), 1),
        (percentage(90.0), 2),
        (percentage(100.0), 1),
        (percentage(0.0), 5),
        (count(17), 3),
        (count(20), 1),
        (count(0), 5),
        (percentage(50.0, 10**9), 0),
        (COORDINATOR, 0),
    ],
)
def test_a_policy_leaves_enough_instances_running(scheduler, policy, drained):
    running = restored_job(scheduler)
    sla_drain(running, *(f"host-{n}" for n in range(5)), policy=policy)
    wait_for_rounds(running)
    assert draining(running) == drained


def test_an_instance_runs_since_it_came_back(scheduler):
    """Each of the others was out of reach a moment ago: none has been running for an hour."""
    now = time.time_ns() // 1_000_000
    stored = {task(JOB, n) for n in range(20)}
    for one in stored:
        one.taskEvents += [TaskEvent(now - 2000, S.PARTITIONED), TaskEvent(now - 1000, S.RUNNING)]
    unrequested = {task(config(key("stuck")), 99)}
    running = restored(
        lambda: scheduler(OFTEN), hostAttributes={*hosts(20), host("host-99", 3)}, tasks=stored | unrequested
    )
    sla_drain(running, "host-0", policy=count(1, 3600))
    wait_for_rounds(running)
    assert draining(running) == 0
    sla_drain(running, "host-0", policy=count(1, 0))
    wait_for_rounds(running)
    assert draining(running) == 1


@pytest.mark.parametrize(("age_ms", "drained"), [(4999, 0), (5000, 0), (5001, 1)])
def test_a_request_is_too_old_after_its_timeout(on_disk, age_ms, drained):
    """Strictly: the clock is passed in, so that it can stand at the very millisecond."""
    storage = on_disk.storage
    request = HostMaintenanceRequest("host-0", COORDINATOR, timeoutSecs=5, createdTimestampMs=LONG_AGO)
    with storage.transaction() as transaction:
        transaction.ops.append(ops.save_host(encode(host("host-0", MaintenanceMode.DRAINING))))
        transaction.ops.append(ops.save_maintenance_request(encode(request)))
        transaction.ops.append(ops.save_tasks([encode(task(config()))]))
    services = Services(storage, None, None, "west", "here", stop=None, clock_ms=lambda: LONG_AGO + age_ms)
    DrainPoller().run(services)
    with storage.read() as stores:
        assert stores.tasks.statuses[S.DRAINING] == drained


def test_the_policy_of_a_task_counts_before_the_default(scheduler):
    running = restored_job(scheduler, config(slaPolicy=count(18), **PRODUCTION))
    sla_drain(running, *(f"host-{n}" for n in range(5)))
    wait_for_rounds(running)
    assert draining(running) == 2


@pytest.mark.parametrize(("stored", "count"), [(config(), 20), (JOB, 19)])
def test_policies_are_for_production_jobs_that_are_large_enough(scheduler, stored, count):
    running = restored_job(scheduler, stored, count)
    sla_drain(running, *(f"host-{n}" for n in range(5)), policy=percentage(100.0))
    wait_for_rounds(running)
    assert draining(running) == 5


@pytest.mark.parametrize("timeout", [0, None, -5])
def test_a_request_that_is_too_old_ignores_policies(scheduler, timeout):
    running = restored_job(scheduler)
    sla_drain(running, *(f"host-{n}" for n in range(5)), policy=COORDINATOR, timeout=timeout)
    wait_for_rounds(running)
    assert draining(running) == 5


def test_a_task_without_a_request_of_its_host_is_left_alone(scheduler):
    running = restored_job(scheduler)
    wait_for_rounds(running)
    assert draining(running) == 0
    assert modes(running, "host-99") == {"host-99": "DRAINING"}
