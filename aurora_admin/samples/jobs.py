"""The sample cluster of generated backups: roles, hosts, and jobs that differ from each other.

A job follows from the seed and its number, so that no jobs have to be kept in memory. Sets are given as tuples, because
Python's sets have no fixed order, and the same seed must give the same bytes.
"""

import json
from random import Random
from typing import NamedTuple

from aurora_admin.gen.api import ttypes as api
from aurora_admin.wire.codec import encode

ROLES = (
    "ads",
    "analytics",
    "billing",
    "catalog",
    "chat",
    "geo",
    "images",
    "mail",
    "maps",
    "media",
    "payments",
    "push",
    "recommend",
    "search",
    "sessions",
    "video",
    "web",
    "www-data",
)
ENVIRONMENTS = ("prod", "prod", "prod", "staging0", "test", "devel")
NAMES = ("api", "cache", "consumer", "frontend", "indexer", "router", "scorer", "shard", "store", "worker")
RACKS = ("rack-a", "rack-b", "rack-c", "rack-d")
TIERS = ("preferred", "preferred", "preemptible", "revocable")
# The config of a template, which is replaced by the config of a job.
BLANK_CONFIG = api.TaskConfig(contactEmail="<config>")


class SampleCluster(NamedTuple):
    """The parameters of a sample cluster."""

    seed: int
    tasks: int

    @property
    def instances(self) -> tuple[int, int]:
        """The fewest and the most instances of a job. The jobs of a small cluster are small, so that it has several."""
        return (30, 70) if self.tasks >= 1000 else (2, 8)


class SampleJob(NamedTuple):
    """A job: its key, its number of instances, and their config, decoded and encoded."""

    key: api.JobKey
    instances: int
    config: api.TaskConfig
    raw_config: bytes


def host_name(number: int) -> str:
    """Return the host name of an agent."""
    return f"agent-{number:05d}.example.org"


def agent_id(number: int) -> str:
    """Return the Mesos agent id of a host."""
    return f"a84e0a40-7e8a-4ee6-b6a1-5d1c0e000000-S{number}"


def make_job(cluster: SampleCluster, number: int) -> SampleJob:
    """Return the job with this number; the result is always the same."""
    rng = Random(f"{cluster.seed} job {number}")  # noqa: S311 - must be reproducible
    instances = rng.randint(*cluster.instances)
    key = api.JobKey(
        role=ROLES[number % len(ROLES)], environment=rng.choice(ENVIRONMENTS), name=f"{rng.choice(NAMES)}-{number:05d}"
    )
    config = make_config(rng, key)
    return SampleJob(key, instances, config, encode(config))


def make_config(rng: Random, key: api.JobKey) -> api.TaskConfig:
    """Return the config of a job, with all fields that the newest release writes."""
    tier = rng.choice(TIERS)
    return api.TaskConfig(
        isService=rng.random() < 0.9,
        priority=rng.choice((0, 0, 10, 100)),
        maxTaskFailures=rng.choice((-1, 1, 5)),
        owner=api.Identity(user=key.role),
        production=tier == "preferred",
        constraints=_constraints(rng),
        taskLinks={"http": "http://%host%:%port:http%"},
        contactEmail=f"{key.role}-oncall@example.org",
        executorConfig=api.ExecutorConfig(name="AuroraExecutor", data=_payload(rng, key)),
        metadata=(
            api.Metadata(key="build", value=str(rng.randrange(10**6))),
            api.Metadata(key="owner", value=rng.choice(("Zoë", "Jürgen", "Олег", "慧", "Ann"))),
        ),
        job=key,
        container=_container(rng, key),
        tier=tier,
        resources=_resources(rng),
        mesosFetcherUris=_fetched(rng, key),
        partitionPolicy=api.PartitionPolicy(reschedule=True, delaySecs=rng.choice((0, 300))),
        slaPolicy=_sla_policy(rng),
    )


def _constraints(rng: Random) -> tuple[api.Constraint, ...]:
    limit = api.Constraint(name="host", constraint=api.TaskConstraint(limit=api.LimitConstraint(limit=1)))
    value = api.ValueConstraint(negated=rng.random() < 0.5, values=rng.sample(RACKS, 2))
    return (limit, api.Constraint(name="rack", constraint=api.TaskConstraint(value=value)))[: rng.randint(0, 2)]


def _container(rng: Random, key: api.JobKey) -> api.Container:
    if rng.random() < 0.7:
        return api.Container(mesos=api.MesosContainer(volumes=[]))
    parameters = [api.DockerParameter(name="env", value=f"ROLE={key.role}")]
    return api.Container(
        docker=api.DockerContainer(image=f"registry.example.org/{key.name}:{rng.randrange(500)}", parameters=parameters)
    )


def _resources(rng: Random) -> tuple[api.Resource, ...]:
    ram = rng.choice((256, 1024, 4096, 16384))
    return (
        api.Resource(numCpus=rng.choice((0.25, 0.5, 1.0, 4.0))),
        api.Resource(ramMb=ram),
        api.Resource(diskMb=4 * ram),
        api.Resource(namedPort="http"),
    )


def _fetched(rng: Random, key: api.JobKey) -> tuple[api.MesosFetcherURI, ...]:
    uri = f"https://artifacts.example.org/{key.role}/{key.name}.tar.gz"
    return (api.MesosFetcherURI(value=uri, extract=True, cache=True),)[: rng.randint(0, 1)]


def _sla_policy(rng: Random) -> api.SlaPolicy:
    if rng.random() < 0.5:
        return api.SlaPolicy(countSlaPolicy=api.CountSlaPolicy(count=rng.randint(1, 25), durationSecs=1800))
    return api.SlaPolicy(
        percentageSlaPolicy=api.PercentageSlaPolicy(percentage=rng.choice((80.0, 95.0)), durationSecs=1800)
    )


def _payload(rng: Random, key: api.JobKey) -> str:
    """Return the data for the executor, the largest part of a task; the scheduler does not read it."""
    release = f"{rng.getrandbits(160):040x}"
    processes = [
        {
            "name": "fetch",
            "cmdline": f"fetch --release {release} --into release && test -x release/bin/{key.name}",
            "daemon": False,
            "max_failures": 3,
        },
        {
            "name": key.name,
            "cmdline": f"exec release/bin/{key.name} --port {{{{thermos.ports[http]}}}} --shard"
            f" {{{{mesos.instance}}}} --threads {rng.randint(2, 64)} --heap {rng.randint(128, 4096)}m",
            "daemon": False,
            "max_failures": 1,
        },
        {
            "name": "rotate",
            "cmdline": "while sleep 3600; do release/bin/rotate --keep 7 logs; done",
            "daemon": True,
            "max_failures": 1,
            "ephemeral": True,
        },
    ]
    health = {
        "initial_interval_secs": rng.randint(5, 60),
        "interval_secs": 10,
        "timeout_secs": 1,
        "max_consecutive_failures": 3,
        "health_checker": {"http": {"endpoint": "/health"}},
    }
    task = {"name": key.name, "processes": processes, "finalization_wait": 30, "max_failures": 1}
    return json.dumps(
        {
            "role": key.role,
            "environment": key.environment,
            "name": key.name,
            "task": task,
            "health_check_config": health,
        }
    )
