"""The rules for new jobs, and the defaults that are filled in (docs/api.md 0 and 1.8)."""

import gzip

import pytest

from aurora_admin.gen.api.ttypes import (
    Constraint,
    Container,
    CoordinatorSlaPolicy,
    CountSlaPolicy,
    CronCollisionPolicy,
    DockerContainer,
    DockerParameter,
    ExecutorConfig,
    Identity,
    LimitConstraint,
    MesosContainer,
    MesosFetcherURI,
    Metadata,
    Mode,
    PercentageSlaPolicy,
    Resource,
    ResponseCode,
    SlaPolicy,
    TaskConfig,
    TaskConstraint,
    ValueConstraint,
    Volume,
)
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.api.normalise import normalised
from aurora_admin.scheduler.api.outcome import Refusal
from aurora_admin.scheduler.api.validation import validated
from aurora_admin.wire.canonical import same
from aurora_admin.wire.codec import decode, encode
from tests.support.jobs import config, dedicated, job, key, resources

NO_SUCH_KEY = "IJobKey{role=www, environment=prod, name=a b}"


def job_with(**members):
    """Return a job with other members than those of its config."""
    description = job()
    for name, value in members.items():
        setattr(description, name, value)
    return description


def sla(instances=20, tier="preferred", **policy):
    return job(instances=instances, tier=tier, slaPolicy=SlaPolicy(**policy))


def percentage(number, seconds=0):
    return {"percentageSlaPolicy": PercentageSlaPolicy(number, seconds)}


def count(number, seconds=0):
    return {"countSlaPolicy": CountSlaPolicy(number, seconds)}


def docker(**members):
    return Container(docker=DockerContainer(**{"image": "i:1", **members}))


VOLUMES = Container(mesos=MesosContainer(volumes=[Volume("/in", "/out", Mode.RO)]))
ANY_VALUE = TaskConstraint(value=ValueConstraint(negated=False, values={"a"}))
LIMIT = {Constraint("dedicated", TaskConstraint(limit=LimitConstraint(1)))}
TWO_VALUES = {Constraint("dedicated", TaskConstraint(value=ValueConstraint(negated=False, values={"www/a", "www/b"})))}


@pytest.mark.parametrize(
    ("description", "text"),
    [
        (job_with(taskConfig=None), "Job configuration must have taskConfig set."),
        (job_with(instanceCount=0), "Instance count must be positive."),
        (job_with(instanceCount=None), "Instance count must be positive."),
        (job_with(key=None), "Job key null is invalid."),
        (job_with(key=key("a b")), f"Job key {NO_SUCH_KEY} is invalid."),
        (job_with(key=key(None)), "Job key IJobKey{role=www, environment=prod, name=null} is invalid."),
        (
            job(environment="production"),
            r"Job environment production doesn't match: ^(prod|devel|test|staging\d*)$",
        ),
        (job_with(owner=Identity(user="a b")), "Job user contains illegal characters: a b"),
        (job(tier="a b"), "Tier contains illegal characters: a b"),
        (job(tier="gold"), "Invalid tier 'gold' in TaskConfig."),
        (job_with(taskConfig=config(key("a b"))), f"Job key {NO_SUCH_KEY} is invalid."),
        (job(executorConfig=None), "Configuration may not be null."),
        (job(executor=None), "Executor name may not be left unset."),
        (job(executor="mine"), "Configuration for executor 'mine' doesn't exist."),
        (job(constraints=LIMIT), "A dedicated constraint must be of value type."),
        (job(constraints=TWO_VALUES), "A dedicated constraint must have exactly one value"),
        (job(constraints=dedicated("db/x")), "Only db may use hosts dedicated for that role."),
        (job(container=docker(image=None)), "A container must specify an image."),
        (
            job(container=docker(parameters=[DockerParameter("env", "A=b")])),
            "This scheduler is configured to disallow Docker parameters.",
        ),
        (
            job(container=docker(), executorConfig=None),
            "This scheduler is configured to require an executor for Docker-based tasks.",
        ),
        (job(container=docker()), "This scheduler is not configured to allow the container type DOCKER"),
        (
            job(resources={*resources(), Resource(ramMb=1), Resource(numCpus=9.0)}),
            "Multiple resource values are not supported for CPU, RAM",
        ),
        (job(resources=resources(cpus=0.0)), "num_cpus must be greater than 0.0"),
        (job(resources=resources(cpus=float("nan"))), "num_cpus must be greater than 0.0"),
        (job(resources={Resource(numCpus=1.0), Resource(diskMb=1)}), "ram_mb must be greater than 0.0"),
        (job(resources=resources(disk_mb=-1)), "disk_mb must be greater than 0.0"),
        (job(resources={*resources(), Resource(numGpus=1)}), "GPU resource support is disabled in this cluster."),
        (
            job(mesosFetcherUris={MesosFetcherURI("http://here/")}),
            "Mesos Fetcher for individual jobs is disabled in this cluster.",
        ),
        (job(container=VOLUMES), "This scheduler is configured to disallow container volumes."),
        (sla(tier=None, **count(1)), "Tier 'preemptible' does not support SlaPolicy."),
        (
            sla(19, **percentage(50.0)),
            "Job with fewer than 20 instances cannot have Percentage/Count SlaPolicy.",
        ),
        (
            sla(20, **count(20)),
            (
                "Current CountSlaPolicy: count=20 will not allow any instances to be killed. "
                "Must be less than instanceCount=20."
            ),
        ),
        (
            sla(20, **percentage(96.0)),
            (
                "Current PercentageSlaPolicy: percentage=96.000000 will not allow any instances to be killed. "
                "Must be less than 95.000000."
            ),
        ),
        (
            sla(20, **percentage(50.0, 7201)),
            "PercentageSlaPolicy: durationSecs=7201 must be less than cluster-wide maximum of 7200 secs.",
        ),
        (
            sla(20, **count(5, 7201)),
            "CountSlaPolicy: durationSecs=7201 must be less than cluster-wide maximum of 7200 secs.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_job_that_breaks_a_rule_is_refused_with_its_text(description, text):
    with pytest.raises(Refusal) as refusal:
        validated(description)
    assert (refusal.value.code, refusal.value.text) == (ResponseCode.INVALID_REQUEST, text)


@pytest.mark.parametrize(
    "constraints",
    [{Constraint(None, ANY_VALUE)}, {Constraint(None, ANY_VALUE), *dedicated("www/db")}, {Constraint("dedicated")}],
    ids=["no name", "no name beside dedicated", "no constraint"],
)
def test_a_constraint_without_its_parts_is_an_error_without_a_text(constraints):
    with pytest.raises(Refusal) as refusal:
        validated(job(constraints=constraints))
    assert (refusal.value.code, refusal.value.text) == (ResponseCode.ERROR, None)


def test_a_service_cannot_be_a_cron_job():
    nightly = job(isService=True, metadata={Metadata("a", "b")}, priority=7)
    nightly.cronSchedule = "0 0 * * *"
    nightly.cronCollisionPolicy = CronCollisionPolicy.CANCEL_NEW
    with pytest.raises(Refusal) as refusal:
        validated(nightly)
    begin, _, shown = str(refusal.value).partition(": ")
    assert begin == "A service task may not be run on a cron schedule"
    assert shown.startswith(
        "JobConfiguration(cronSchedule:0 0 * * *, cronCollisionPolicy:CANCEL_NEW, taskConfig:TaskConfig("
    )
    assert "isService:true" in shown
    assert "priority:7" in shown
    assert "metadata:[Metadata(key:a, value:b)]" in shown
    assert "Resource(numCpus:1.0)" in shown
    assert shown.endswith("instanceCount:2, key:JobKey(role:www, environment:prod, name:web))")


@pytest.mark.parametrize(
    "description",
    [
        job(constraints=dedicated("www/db")),
        job(constraints=dedicated("*/db")),
        job(resources={*resources(), Resource(namedPort="a"), Resource(namedPort="b")}),
        job(environment="staging"),
        job(environment="staging7"),
        sla(20, **count(19)),
        sla(20, **percentage(95.0, 7200)),
        sla(1, coordinatorSlaPolicy=CoordinatorSlaPolicy("http://here/")),
    ],
)
def test_a_job_at_the_limit_of_a_rule_is_accepted(description):
    assert same(validated(description).key, description.key)


@pytest.mark.parametrize(
    ("tier", "kept", "production"),
    [(None, "preemptible", False), ("preferred", "preferred", True), ("revocable", "revocable", False)],
)
def test_production_follows_from_the_tier(tier, kept, production):
    stored = validated(job(tier=tier, production=not production)).taskConfig
    assert (stored.tier, stored.production) == (kept, production)


def test_named_ports_get_links_unless_links_are_given():
    ports = {*resources(), Resource(namedPort="health"), Resource(namedPort="admin")}
    assert validated(job(resources=ports)).taskConfig.taskLinks == {"health": "http://%host%:%port:health%"}
    assert validated(job(resources=ports, taskLinks={"a": "b"})).taskConfig.taskLinks == {"a": "b"}


def without_defaults(value):
    """Return a copy without what is empty, zero or false, as a client leaves it out."""
    kept = {}
    for name in value.__slots__:
        member = getattr(value, name)
        if hasattr(member, "thrift_spec"):
            kept[name] = without_defaults(member)
        elif isinstance(member, (list, set)) and member:
            kept[name] = type(member)(without_defaults(one) if hasattr(one, "thrift_spec") else one for one in member)
        elif member:
            kept[name] = member
    return type(value)(**kept)


@pytest.mark.parametrize("name", ["small-022", "jobs-10k-022.gz"])
def test_missing_values_are_filled_in_as_by_a_real_scheduler(fixtures, name):
    raw = (fixtures / "backups" / name).read_bytes()
    snapshot = decode(Snapshot, gzip.decompress(raw) if name.endswith(".gz") else raw)
    configs = {encode(task.assignedTask.task): task.assignedTask.task for task in snapshot.tasks}
    crons = [stored.jobConfiguration for stored in snapshot.cronJobs]
    assert len(configs) > 10
    assert crons
    for one in [*configs.values(), *(cron.taskConfig for cron in crons)]:
        sent = without_defaults(one)
        assert not same(sent, one)
        assert same(normalised(sent), one)


def test_enums_and_strings_that_are_not_set_stay_unset():
    stored = normalised(job_with(owner=None))
    assert (stored.cronCollisionPolicy, stored.cronSchedule, stored.owner) == (None, None, None)
    assert stored.taskConfig.contactEmail is None
    volume = normalised(job(container=Container(mesos=MesosContainer(volumes=[Volume("/in")]))))
    assert volume.taskConfig.container.mesos.volumes[0].mode is None


def test_a_set_has_each_value_once_and_in_a_fixed_order():
    pairs = [("a", "1"), ("b", "2"), ("a", "1"), ("c", "3")]
    one = normalised(config(metadata={Metadata(*pair) for pair in pairs}))
    other = normalised(config(metadata={Metadata(*pair) for pair in reversed(pairs)}))
    assert len(one.metadata) == 3
    assert encode(one) == encode(other)


def test_retired_fields_are_dropped():
    old = config(jobName="web", numCpus=1.0, ramMb=1, diskMb=1, environment="prod", requestedPorts={"http"})
    assert same(normalised(old), normalised(config()))


@pytest.mark.parametrize("broken", [Resource(), Resource(numCpus=1.0, ramMb=1)])
def test_a_union_with_no_member_or_two_is_refused(broken):
    with pytest.raises(Refusal) as refusal:
        normalised(TaskConfig(executorConfig=ExecutorConfig("AuroraExecutor"), resources={broken}))
    assert (refusal.value.code, refusal.value.text) == (ResponseCode.ERROR, None)
