"""Quotas on a running scheduler: consumption, what can be set, and that it is kept."""

import json
import re

import pytest

from aurora_admin.gen.api.ttypes import JobUpdateStatus, Resource, ResourceAggregate, ScheduleStatus
from aurora_admin.scheduler.api import java_text
from aurora_admin.scheduler.api.resources import ResourceAmounts
from tests.support.jobs import (
    OK,
    config,
    create,
    cron,
    dedicated,
    entries_written,
    job,
    key,
    power_cut,
    quota,
    resources,
    restored,
    task,
    update,
)
from tests.support.thrift_calls import call, code_and_text, exchange, get

NOTHING = (0.0, 0, 0)
MEMBERS = ("numCpus", "ramMb", "diskMb")
PRODUCTION_TIER = {"tier": "preferred", "production": True}
BLANK = ("ERROR", "Argument cannot be blank")


def set_quota(running, role, given):
    quota = None if given is None else ResourceAggregate(resources=given)
    return code_and_text(call(running.url, "setQuota", ownerRole=role, quota=quota))


def amounts(aggregate):
    """Return cpus, MiB of memory and MiB of disk, after a check that each is given once and nothing else."""
    members = [{name: getattr(one, name) for name in Resource.__slots__} for one in aggregate.resources]
    found = {name: value for one in members for name, value in one.items() if value is not None}
    assert sorted(found) == sorted(MEMBERS)
    assert len(members) == 3
    return tuple(found[name] for name in MEMBERS)


def quotas(running, role="www"):
    """Return the quota and the consumption of a role: production and other on shared, then on dedicated hosts."""
    response = call(running.url, "getQuota", ownerRole=role)
    assert code_and_text(response) == OK
    found = response.result.getQuotaResult
    return [
        amounts(one)
        for one in (
            found.quota,
            found.prodSharedConsumption,
            found.nonProdSharedConsumption,
            found.prodDedicatedConsumption,
            found.nonProdDedicatedConsumption,
        )
    ]


def test_a_quota_survives_a_power_cut(scheduler):
    running = scheduler()
    assert quotas(running) == [NOTHING] * 5
    before = entries_written(running)
    for _ in range(2):
        assert set_quota(running, "www", resources(2.5, 4096, 8192)) == OK
    assert entries_written(running) == before + 2
    assert set_quota(running, "db", resources(0.0, 0, 0)) == OK
    power_cut(running)
    assert quotas(running)[0] == (2.5, 4096, 8192)
    assert quotas(running, "db") == quotas(running, "unknown") == [NOTHING] * 5


def test_retired_fields_of_a_quota_are_not_kept(scheduler):
    running = scheduler()
    given = ResourceAggregate(numCpus=7.0, ramMb=7, diskMb=7, resources=resources(1.0, 2, 3))
    assert code_and_text(call(running.url, "setQuota", ownerRole="www", quota=given)) == OK
    kept = call(running.url, "getQuota", ownerRole="www").result.getQuotaResult.quota
    assert (kept.numCpus, kept.ramMb, kept.diskMb) == (None, None, None)
    assert amounts(kept) == (1.0, 2, 3)


def test_an_invalid_quota_is_refused_and_not_written(scheduler):
    running = restored(scheduler, quotaConfigurations={quota("www", 1.0, 2, 3)})
    before = entries_written(running)
    exactly = ("ERROR", "Quota resources must be exactly: [CPUS, RAM_MB, DISK_MB]")
    for given, response in (
        (None, ("ERROR", "")),
        (set(), exactly),
        ({Resource(numCpus=1.0)}, exactly),
        ({Resource(numCpus=1.0), Resource(numCpus=2.0), Resource(ramMb=1)}, exactly),
        ({Resource(numCpus=1.0), Resource(ramMb=1), Resource(numGpus=1)}, exactly),
        ({*resources(), Resource(numGpus=1)}, ("ERROR", "Too many resource values in quota.")),
        ({Resource(), Resource(ramMb=1), Resource(diskMb=1)}, ("ERROR", "")),
    ):
        assert set_quota(running, "www", given) == response, given
    unset = ResourceAggregate(numCpus=1.0, ramMb=1, diskMb=1)
    assert code_and_text(call(running.url, "setQuota", ownerRole="www", quota=unset)) == ("ERROR", "")
    code, text = set_quota(running, "www", resources(1.0, -5, 3))
    assert code == "INVALID_REQUEST"
    assert re.fullmatch(r"Negative values in: IResourceAggregate\{resources=\[IResource\{.*\}\]\}", text)
    assert "IResource{setField=RAM_MB, value=-5}" in text
    for role in (None, "", " \t"):
        assert set_quota(running, role, resources()) == BLANK
        assert code_and_text(call(running.url, "getQuota", ownerRole=role)) == BLANK
    assert entries_written(running) == before
    assert quotas(running)[0] == (1.0, 2, 3)


@pytest.mark.parametrize(("cpus", "shown"), [(float("nan"), "NaN"), (float("inf"), "Infinity")])
def test_a_quota_that_is_no_finite_number_is_kept_and_shown_as_text(scheduler, cpus, shown):
    """A real 0.22 accepts it."""
    running = scheduler()
    assert set_quota(running, "www", resources(cpus, 2, 3)) == OK
    power_cut(running)
    kept = quotas(running)[0]
    assert (repr(kept[0]), *kept[1:]) == (repr(cpus), 2, 3)
    page = json.loads(get(running.url, "/quotas")[1], parse_constant=pytest.fail)
    assert page == {"www": {"cpu_cores": shown, "ram_mb": 2, "disk_mb": 3}}
    status, _, body = exchange(running.url, "POST", "/apibeta/getQuota", b'{"ownerRole": "www"}')
    result = json.loads(body, parse_constant=pytest.fail)["result"]["getQuotaResult"]
    assert (status, shown in str(result["quota"])) == (200, True)
    audited = json.loads((running.log_dir / "audit.log").read_text().splitlines()[0])
    assert {"numCpus": shown} in json.loads(audited["arguments"], parse_constant=pytest.fail)["quota"]["resources"]


def test_negative_amounts_are_refused_beside_one_that_is_no_number(scheduler):
    running = scheduler()
    for given in (resources(float("nan"), -1, -1), resources(float("nan"), 1, -1), resources(float("-inf"), 1, 1)):
        code, text = set_quota(running, "www", given)
        assert (code, text.partition(":")[0]) == ("INVALID_REQUEST", "Negative values in")


def test_a_job_does_not_fit_a_quota_that_is_no_number(scheduler):
    running = scheduler()
    assert set_quota(running, "www", resources(float("nan"), 4096, 4096)) == OK
    text = "Insufficient resource quota: CPU quota exceeded by NaN core(s)"
    assert create(running, job(instances=1, tier="preferred")) == ("INVALID_REQUEST", text)
    assert set_quota(running, "www", resources(float("inf"), 4096, 4096)) == OK
    assert create(running, job(instances=1, tier="preferred")) == OK


@pytest.mark.parametrize("given", [resources(1.0, -1, 3), resources(1.0, 2, -1), resources(-0.5, 2, 3)])
def test_each_amount_may_not_be_negative(scheduler, given):
    assert set_quota(scheduler(), "www", given)[0] == "INVALID_REQUEST"


def test_a_resource_that_is_given_twice_counts_once(scheduler):
    running = scheduler()
    assert set_quota(running, "www", {*resources(), Resource(numCpus=1.0)}) == OK
    assert quotas(running)[0] == (1.0, 128, 256)


def test_a_quota_below_production_consumption_is_refused(scheduler):
    running = restored(scheduler, tasks={task(config(**PRODUCTION_TIER), n) for n in range(4)})
    for given in (resources(3.9, 512, 1024), resources(4.0, 511, 1024), resources(4.0, 512, 1023)):
        code, text = set_quota(running, "www", given)
        assert (code, text.split(":")[0]) == ("INVALID_REQUEST", "Quota")
        used = "ResourceBag{resourceVectors={CPUS=4.0, RAM_MB=512.0, DISK_MB=1024.0}}"
        assert text.endswith(f"}}]}} is less then current prod reservation: {used}")
    assert quotas(running)[0] == NOTHING
    assert set_quota(running, "www", resources(4.0, 512, 1024)) == OK


def test_consumption_counts_active_tasks_by_class(scheduler):
    hosts = dedicated("www/db")
    kinds = [
        config(key("a"), resources=resources(1.0, 1, 1), **PRODUCTION_TIER),
        config(key("b"), resources=resources(2.0, 2, 2)),
        config(key("c"), resources=resources(4.0, 4, 4), constraints=hosts, **PRODUCTION_TIER),
        config(key("d"), resources=resources(8.0, 8, 8), constraints=hosts),
    ]
    stored = {task(kind, n) for kind in kinds for n in range(3)}
    stored |= {task(kind, 9, ScheduleStatus.FINISHED) for kind in kinds}
    stored |= {task(config(key(role="db"), **PRODUCTION_TIER))}
    running = restored(scheduler, tasks=stored)
    assert quotas(running)[1:] == [(3.0, 3, 3), (6.0, 6, 6), (12.0, 12, 12), (24.0, 24, 24)]


def test_an_active_update_takes_the_larger_of_before_and_after(scheduler):
    before = config(resources=resources(1.0, 100, 1), **PRODUCTION_TIER)
    after = config(resources=resources(2.0, 10, 1), **PRODUCTION_TIER)
    running = restored(
        scheduler,
        # Instances 0 to 3 belong to the update, instance 9 does not.
        tasks={task(before, n) for n in (0, 1, 2, 9)} | {task(after, 3)},
        jobUpdateDetails={
            update(key(), JobUpdateStatus.ROLL_FORWARD_PAUSED, [(before, (0, 1), (2, 2))], (after, (0, 3))),
            update(key(), JobUpdateStatus.ROLLED_FORWARD, [(before, (0, 99))], (before, (0, 99))),
        },
    )
    assert quotas(running)[1] == (2.0 * 4 + 1.0, 100 * 3 + 100, 4 + 1)


def test_an_update_that_changes_the_class_counts_in_both(scheduler):
    before = config(resources=resources(1.0, 1, 1), **PRODUCTION_TIER)
    after = config(resources=resources(5.0, 5, 5))
    running = restored(
        scheduler,
        tasks={task(before, n) for n in range(2)},
        jobUpdateDetails={update(key(), JobUpdateStatus.ROLLING_BACK, [(before, (0, 1))], (after, (0, 2)))},
    )
    assert quotas(running)[1:3] == [(2.0, 2, 2), (15.0, 15, 15)]


def test_an_update_that_only_removes_instances_takes_what_it_removes(scheduler):
    web = config(resources=resources(1.0, 1, 1), **PRODUCTION_TIER)
    running = restored(
        scheduler,
        tasks={task(web, 0)},
        jobUpdateDetails={update(key(), JobUpdateStatus.ROLLING_FORWARD, [(web, (0, 1))])},
    )
    assert quotas(running)[1] == (2.0, 2, 2)


@pytest.mark.parametrize(("running_tasks", "taken"), [(0, 3), (2, 3), (5, 5)])
def test_a_cron_job_takes_the_larger_of_its_next_run_and_its_running_tasks(scheduler, running_tasks, taken):
    hourly = job("hourly", instances=3, resources=resources(1.0, 1, 1), **PRODUCTION_TIER)
    stored = {task(hourly.taskConfig, n) for n in range(running_tasks)}
    running = restored(scheduler, tasks=stored, cronJobs={cron(hourly)})
    assert quotas(running)[1:] == [(taken, taken, taken), NOTHING, NOTHING, NOTHING]


def test_a_role_does_not_consume_what_other_roles_run(scheduler):
    other = config(key(role="db"), **PRODUCTION_TIER)
    running = restored(
        scheduler,
        tasks={task(other)},
        jobUpdateDetails={update(key(role="db"), JobUpdateStatus.ROLLING_FORWARD, [], (other, (0, 5)))},
        cronJobs={cron(job("hourly", role="db", **PRODUCTION_TIER))},
    )
    assert quotas(running, "www")[1:] == [NOTHING] * 4
    assert quotas(running, "db")[1] != NOTHING


def test_jobs_on_dedicated_hosts_need_no_quota(scheduler):
    running = scheduler()
    assert create(running, job("shared", tier="preferred"))[0] == "INVALID_REQUEST"
    assert create(running, job("own", instances=2, tier="preferred", constraints=dedicated("www/db"))) == OK
    assert quotas(running)[3] == (2.0, 256, 512)


def test_a_sum_that_does_not_fit_an_i64_is_returned_as_the_largest(scheduler):
    running = scheduler()
    assert create(running, job(instances=4, resources=resources(1.0, 2**62, 2**62))) == OK
    assert quotas(running)[2] == (4.0, 2**63 - 1, 2**63 - 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (1, "1.0"),
        (-2.5, "-2.5"),
        (0.001, "0.001"),
        (0.0009, "9.0E-4"),
        (9999999.5, "9999999.5"),
        (1e7, "1.0E7"),
        (10485760, "1.048576E7"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_are_printed_as_java_prints_them(value, text):
    assert java_text.double(value) == text


def test_amounts_are_printed_as_doubles():
    assert java_text.bag(ResourceAmounts(4.0, 2048, 4096)) == (
        "ResourceBag{resourceVectors={CPUS=4.0, RAM_MB=2048.0, DISK_MB=4096.0}}"
    )
