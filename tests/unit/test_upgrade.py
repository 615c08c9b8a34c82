"""Upgrades of records to the current format: each rule, by its number in docs/wire.md 3.3, and what must stay."""

import gzip

import pytest
from thrift.Thrift import TType

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.snapshot.sections import SECTIONS, TASKS
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.path import path

CONTAINER, TIER, EMAIL = (path(api.TaskConfig, name) for name in ("container", "tier", "contactEmail"))
UNKNOWN = [99]
JOB = api.JobKey("www", "prod", "web")
MESOS = api.Container(mesos=api.MesosContainer())
ENOUGH = [api.Resource(numCpus=1.0)]


def config(**members):
    """A TaskConfig in the current format, except for these fields."""
    return api.TaskConfig(**{"job": JOB, "resources": ENOUGH, "tier": "preferred", "container": MESOS, **members})


def upgraded(value):
    """The upgraded config, and the numbers of the rules that were applied."""
    upgrader = Upgrader()
    raw = upgrader.config(codec.encode(value))
    return codec.decode(type(value), raw), sorted(upgrader.applied)


def test_a_config_in_the_current_format_stays_byte_for_byte():
    raw = codec.encode(config())
    assert Upgrader().config(raw) is raw


@pytest.mark.parametrize("job", [None, api.JobKey(), api.JobKey("a b", "prod", "web"), api.JobKey("www", None, "web")])
def test_rule_1_an_invalid_job_is_set_from_the_legacy_names(job):
    found, rules = upgraded(config(job=job, owner=api.Identity(role="www"), environment="devel", jobName="old"))
    assert (found.job.role, found.job.environment, found.job.name) == ("www", "devel", "old")
    assert rules == [1]


def test_rule_1_a_complete_but_invalid_job_stays_without_legacy_names():
    found, rules = upgraded(config(job=api.JobKey("a b", "prod", "web")))
    assert (found.job.role, rules) == ("a b", [])


@pytest.mark.parametrize("job", [None, api.JobKey("www", None, "web")])
def test_rule_1_a_config_without_any_job_is_refused(job):
    with pytest.raises(WireError, match="has no job"):
        upgraded(config(job=job))


@pytest.mark.parametrize("resources", [None, ()])
def test_rule_9_missing_resources_are_set_from_the_legacy_amounts_and_ports(resources):
    found, rules = upgraded(config(resources=resources, numCpus=0.5, ramMb=256, diskMb=512, requestedPorts=["a", "b"]))
    assert rules == [9]
    assert same(
        found,
        config(
            numCpus=0.5,
            ramMb=256,
            diskMb=512,
            requestedPorts=["a", "b"],
            resources=[
                api.Resource(numCpus=0.5),
                api.Resource(ramMb=256),
                api.Resource(diskMb=512),
                api.Resource(namedPort="a"),
                api.Resource(namedPort="b"),
            ],
        ),
    )


def test_rule_9_legacy_amounts_do_not_count_if_there_are_resources():
    """Releases 0.18 and 0.19 wrote zeros."""
    value = config(numCpus=0.0, ramMb=0, diskMb=0, requestedPorts=())
    found, rules = upgraded(value)
    assert (same(found, value), rules) == (True, [])


def test_rule_9_without_legacy_amounts_no_resources_are_set():
    found, rules = upgraded(config(resources=()))
    assert (found.resources, rules) == (set(), [])


@pytest.mark.parametrize(("production", "tier"), [(True, "preferred"), (False, "preemptible"), (None, "preemptible")])
def test_rule_11_the_tier_follows_from_production(production, tier):
    assert upgraded(config(tier=None, production=production))[0].tier == tier
    assert upgraded(config(tier="revocable", production=production))[0].tier == "revocable"


def test_rule_19_a_missing_container_is_set_to_mesos():
    raw = CONTAINER.drop(codec.encode(config()))
    assert Upgrader().config(raw) == CONTAINER.put(raw, codec.encode(MESOS))
    docker = config(container=api.Container(docker=api.DockerContainer("image")))
    assert same(upgraded(docker)[0], docker)


def test_no_constraint_is_ever_added():
    """Rule 3, which would change where tasks may run, is not applied."""
    found, rules = upgraded(config(isService=True, production=True, constraints=()))
    assert (found.constraints, rules) == (set(), [])


def test_unknown_fields_stay_in_an_upgraded_config():
    raw = codec.encode(config(tier=None, production=True))
    raw = EMAIL.put(fields.put(raw, UNKNOWN, TType.STRING, fields.string(b"\xff\xfe")), fields.string(b"\xff"))
    assert TIER.drop(Upgrader().config(raw)) == raw


def task(status, *events, of=None):
    events = [api.TaskEvent(at, status) for at, status in enumerate(events)]
    return codec.encode(api.ScheduledTask(api.AssignedTask("t", task=of or config()), status, taskEvents=events))


def test_rule_4_a_deleted_sandbox_is_replaced_by_the_status_before_it():
    assert Upgrader().task(task(10, 0, 3, 10)) == task(3, 0, 3)
    assert Upgrader().task(task(10, 10)) == task(10, 10)
    assert Upgrader().task(task(10, 10, 10)) == task(10, 10, 10)


def test_rule_4_is_idempotent():
    """An upgraded task is stored, and upgraded again by the next start."""
    for events in ((0, 10, 0), (0, 3, 10, 10), (10, 10, 0), (0, 10, 10, 5)):
        once = Upgrader().task(task(10, *events))
        assert Upgrader().task(once) == once


def test_only_the_config_of_a_task_is_upgraded():
    assert same(Upgrader().task(task(2, 0, 2, of=config(tier=None))), task(2, 0, 2, of=config(tier="preemptible")))
    raw = task(2, 0, 2)
    assert Upgrader().task(raw) is raw


def test_rule_14_the_manager_of_a_cron_job_is_removed():
    job = api.JobConfiguration(key=JOB, taskConfig=config(tier=None, production=True))
    raw = codec.encode(storage.StoredJob("CRON", job))
    job.taskConfig.tier = "preferred"
    assert same(Upgrader().cron_job(raw), codec.encode(storage.StoredCronJob(job)))


def test_rule_10_the_resources_of_a_quota_are_set_from_its_amounts():
    old = storage.QuotaConfiguration("www", api.ResourceAggregate(numCpus=2.5, ramMb=3, diskMb=4))
    new = [api.Resource(numCpus=2.5), api.Resource(ramMb=3), api.Resource(diskMb=4)]
    for resources in (None, ()):
        old.quota.resources = resources
        found = codec.decode(storage.QuotaConfiguration, Upgrader().quota(codec.encode(old)))
        assert same(found.quota, api.ResourceAggregate(numCpus=2.5, ramMb=3, diskMb=4, resources=new))
    raw = codec.encode(storage.QuotaConfiguration("www", api.ResourceAggregate(numCpus=0.0, resources=new)))
    assert Upgrader().quota(raw) is raw


def update(summary=None, settings=None, events=(), instance_events=(), of=None):
    """A StoredJobUpdateDetails in the current format, except for what is given."""
    summary = summary or api.JobUpdateSummary(key=api.JobUpdateKey(JOB, "u"), state=api.JobUpdateState())
    queue = api.JobUpdateStrategy(queueStrategy=api.QueueJobUpdateStrategy(1))
    group = api.InstanceTaskConfig(of or config(), [api.Range(0, 1)])
    instructions = api.JobUpdateInstructions(
        initialState=[group], desiredState=group, settings=settings or api.JobUpdateSettings(updateStrategy=queue)
    )
    events = [api.JobUpdateEvent(status, at) for status, at in events]
    instance_events = [api.JobInstanceUpdateEvent(0, at, 1) for at in instance_events]
    details = api.JobUpdateDetails(api.JobUpdate(summary, instructions), events, instance_events)
    return codec.encode(storage.StoredJobUpdateDetails(details))


def details(raw):
    return codec.decode(storage.StoredJobUpdateDetails, Upgrader().update(raw)).details


def test_an_update_in_the_current_format_stays_byte_for_byte():
    summary = api.JobUpdateSummary(key=api.JobUpdateKey(JOB, "u"), state=api.JobUpdateState(4, 1, 7))
    raw = update(summary, events=[(0, 1), (4, 7)], instance_events=[3])
    assert Upgrader().update(raw) is raw


def test_rule_6_a_missing_key_is_set_from_the_legacy_id_and_job():
    found = details(update(api.JobUpdateSummary(updateId="u", jobKey=JOB))).update.summary
    assert same(found.key, api.JobUpdateKey(JOB, "u"))
    with pytest.raises(WireError, match="neither a key"):
        details(update(api.JobUpdateSummary(updateId="u")))
    both = api.JobUpdateSummary(updateId="old", jobKey=JOB, key=api.JobUpdateKey(JOB, "new"))
    assert details(update(both)).update.summary.key.id == "new"


@pytest.mark.parametrize(
    ("batch", "strategy"),
    [
        (False, api.JobUpdateStrategy(queueStrategy=api.QueueJobUpdateStrategy(3))),
        (True, api.JobUpdateStrategy(batchStrategy=api.BatchJobUpdateStrategy(3, autopauseAfterBatch=False))),
    ],
)
def test_rule_12_a_missing_strategy_is_set_from_group_size_and_batches(batch, strategy):
    settings = api.JobUpdateSettings(updateGroupSize=3, waitForBatchCompletion=batch)
    assert same(details(update(settings=settings)).update.instructions.settings.updateStrategy, strategy)


@pytest.mark.parametrize("pulses", [0, 30000, None])
def test_a_pulse_timeout_is_kept_0_included(pulses):
    settings = api.JobUpdateSettings(updateGroupSize=1, blockIfNoPulsesAfterMs=pulses)
    assert details(update(settings=settings)).update.instructions.settings.blockIfNoPulsesAfterMs == pulses


@pytest.mark.parametrize("name", ["small-022", "jobs-10k-022.gz"])
def test_no_record_of_a_real_0_22_is_changed(fixtures, name):
    """It would be written into the next snapshot in another form than the scheduler's own, for nothing."""
    raw = (fixtures / "backups" / name).read_bytes()
    snapshot = gzip.decompress(raw) if name.endswith(".gz") else raw
    upgrader, checked = Upgrader(), 0
    for number in SECTIONS:
        for record in elements(snapshot, number):
            assert upgrader.record(number, record) == record
            checked += 1
    for task in elements(snapshot, TASKS):
        assert upgrader.task(task) == task
        checked += 1
    assert checked > 0
    assert upgrader.applied == {}


def elements(snapshot, section):
    spec = storage.Snapshot.thrift_spec[section]
    return path(storage.Snapshot, spec[2]).elements(snapshot)


def test_rule_18_events_are_sorted_and_the_state_is_set_from_them():
    wrong = api.JobUpdateSummary(key=api.JobUpdateKey(JOB, "u"), state=api.JobUpdateState(0, 99, 99))
    found = details(update(wrong, events=[(4, 7), (0, 5), (1, 7)], instance_events=[9, 8]))
    assert same(found.update.summary.state, api.JobUpdateState(1, 5, 9))
    assert [event.timestampMs for event in found.updateEvents] == [5, 7, 7]
    assert [event.status for event in found.updateEvents] == [0, 4, 1]
    assert [event.timestampMs for event in found.instanceEvents] == [8, 9]


def test_the_configs_of_both_sides_of_an_update_are_upgraded():
    found = details(update(of=config(tier=None, production=True))).update.instructions
    assert {group.task.tier for group in (*found.initialState, found.desiredState)} == {"preferred"}


def test_the_summary_says_what_was_changed():
    upgrader = Upgrader()
    upgrader.config(codec.encode(config(tier=None, resources=None, numCpus=1.0)))
    assert upgrader.summary == (
        "set the resources of tasks from numCpus, ramMb, diskMb and requestedPorts; set the tier from production"
    )
