"""The rules for new jobs, with the defaults of a real scheduler's flags (docs/api.md 1.8 and 8.5)."""

import re
from collections import Counter
from collections.abc import Callable

from aurora_admin.gen.api.constants import AURORA_EXECUTOR_NAME
from aurora_admin.gen.api.ttypes import Container, CountSlaPolicy, JobConfiguration, PercentageSlaPolicy, TaskConfig
from aurora_admin.scheduler.api import java_text, thrift_text
from aurora_admin.scheduler.api.normalise import normalised
from aurora_admin.scheduler.api.outcome import error, invalid_request
from aurora_admin.scheduler.api.query import is_identifier, is_valid_key
from aurora_admin.scheduler.api.resources import DEDICATED
from aurora_admin.scheduler.api.tiers import DEFAULT_TIER, TIERS

ALLOWED_ENVIRONMENTS = re.compile(r"^(prod|devel|test|staging\d*)$", re.ASCII)
EXECUTORS = frozenset((AURORA_EXECUTOR_NAME,))
ALLOWED_CONTAINERS = frozenset(("mesos",))
MIN_INSTANCES_FOR_SLA = 20
MAX_SLA_DURATION_SECONDS = 7200
ANY_ROLE = "*"
# The resources of which a task may have one value; of named ports it may have any number.
SINGLE = {"numCpus": "CPU", "ramMb": "RAM", "diskMb": "disk", "numGpus": "GPU"}
REQUIRED = {"numCpus": "num_cpus", "ramMb": "ram_mb", "diskMb": "disk_mb"}
LINKED_PORTS = ("health", "http")


def validated(description: JobConfiguration) -> JobConfiguration:
    """Return a job as it is stored: normalised, and with defaults for what was not given.

    Raises:
        Refusal: it breaks a rule; the text is that of the first such rule.
    """
    job = normalised(description)
    config = _checked_config(job)
    if job.cronSchedule and config.isService:
        raise invalid_request(f"A service task may not be run on a cron schedule: {thrift_text.text(job)}")
    config.production = TIERS[config.tier or DEFAULT_TIER].is_production
    if not config.taskLinks:
        ports = {resource.namedPort for resource in config.resources or ()}
        config.taskLinks = {port: f"http://%host%:%port:{port}%" for port in LINKED_PORTS if port in ports}
    return job


def _checked_config(job: JobConfiguration) -> TaskConfig:
    config, instances = job.taskConfig, job.instanceCount or 0
    if config is None:
        raise invalid_request("Job configuration must have taskConfig set.")
    if instances <= 0:
        raise invalid_request("Instance count must be positive.")
    _check_names(job)
    _check_tier(config)
    if not is_valid_key(config.job):
        raise invalid_request(f"Job key {java_text.key(config.job)} is invalid.")
    for check in _CHECKS:
        check(config)
    _check_sla(config, instances)
    return config


def _check_names(job: JobConfiguration) -> None:
    key = job.key
    if key is None or not is_valid_key(key):
        raise invalid_request(f"Job key {java_text.key(key)} is invalid.")
    if not ALLOWED_ENVIRONMENTS.fullmatch(key.environment or ""):
        raise invalid_request(f"Job environment {key.environment} doesn't match: {ALLOWED_ENVIRONMENTS.pattern}")
    if job.owner and not is_identifier(job.owner.user):
        raise invalid_request(f"Job user contains illegal characters: {job.owner.user}")


def _check_tier(config: TaskConfig) -> None:
    """Check the tier, and set the default tier if none was given."""
    if config.tier is None:
        config.tier = DEFAULT_TIER
    if not is_identifier(config.tier):
        raise invalid_request(f"Tier contains illegal characters: {config.tier}")
    if config.tier not in TIERS:
        raise invalid_request(f"Invalid tier '{config.tier}' in TaskConfig.")


def _check_executor(config: TaskConfig) -> None:
    executor = config.executorConfig
    if executor is None:
        if config.container and config.container.docker:
            return
        raise invalid_request("Configuration may not be null.")
    if executor.name is None:
        raise invalid_request("Executor name may not be left unset.")
    if executor.name not in EXECUTORS:
        raise invalid_request(f"Configuration for executor '{executor.name}' doesn't exist.")


def _check_dedicated(config: TaskConfig) -> None:
    constraints = config.constraints or ()
    # A real scheduler fails with an exception that has no message.
    if any(constraint.name is None for constraint in constraints):
        raise error()
    found = next((constraint for constraint in constraints if constraint.name == DEDICATED), None)
    if found is None:
        return
    if found.constraint is None:
        raise error()
    if found.constraint.value is None:
        raise invalid_request("A dedicated constraint must be of value type.")
    values = tuple(found.constraint.value.values or ())
    if len(values) != 1:
        raise invalid_request("A dedicated constraint must have exactly one value")
    role = values[0].split("/")[0]
    if role not in (ANY_ROLE, config.job and config.job.role):
        raise invalid_request(f"Only {role} may use hosts dedicated for that role.")


def _check_container(config: TaskConfig) -> None:
    container = config.container or Container()
    if container.docker:
        if container.docker.image is None:
            raise invalid_request("A container must specify an image.")
        if container.docker.parameters:
            raise invalid_request("This scheduler is configured to disallow Docker parameters.")
        if config.executorConfig is None:
            raise invalid_request("This scheduler is configured to require an executor for Docker-based tasks.")
    kind = "docker" if container.docker else "mesos"
    if kind not in ALLOWED_CONTAINERS:
        raise invalid_request(f"This scheduler is not configured to allow the container type {kind.upper()}")


def _check_resources(config: TaskConfig) -> None:
    amounts = [(name, getattr(resource, name)) for resource in config.resources or () for name in SINGLE]
    given = [(name, amount) for name, amount in amounts if amount is not None]
    repeated = sorted(SINGLE[name] for name, count in Counter(name for name, _ in given).items() if count > 1)
    if repeated:
        raise invalid_request(f"Multiple resource values are not supported for {', '.join(repeated)}")
    for name, shown in REQUIRED.items():
        # Not "amount <= 0", which is false for NaN.
        if not dict(given).get(name, 0) > 0:
            raise invalid_request(f"{shown} must be greater than 0.0")


def _check_disabled(config: TaskConfig) -> None:
    """Refuse what a real scheduler allows only by a flag that is off by default."""
    if any(resource.numGpus is not None for resource in config.resources or ()):
        raise invalid_request("GPU resource support is disabled in this cluster.")
    if config.mesosFetcherUris:
        raise invalid_request("Mesos Fetcher for individual jobs is disabled in this cluster.")
    if config.container and config.container.mesos and config.container.mesos.volumes:
        raise invalid_request("This scheduler is configured to disallow container volumes.")


def _check_sla(config: TaskConfig, instances: int) -> None:
    policy = config.slaPolicy
    if policy is None:
        return
    if not TIERS[config.tier or DEFAULT_TIER].is_production:
        raise invalid_request(f"Tier '{config.tier}' does not support SlaPolicy.")
    counted = policy.percentageSlaPolicy or policy.countSlaPolicy
    if counted is None:
        return
    if instances < MIN_INSTANCES_FOR_SLA:
        raise invalid_request(
            f"Job with fewer than {MIN_INSTANCES_FOR_SLA} instances cannot have Percentage/Count SlaPolicy."
        )
    _check_admits_kill(counted, instances)
    seconds = counted.durationSecs or 0
    if seconds > MAX_SLA_DURATION_SECONDS:
        raise invalid_request(
            f"{type(counted).__name__}: durationSecs={seconds} must be less than cluster-wide maximum of "
            f"{MAX_SLA_DURATION_SECONDS} secs."
        )


def _check_admits_kill(policy: PercentageSlaPolicy | CountSlaPolicy, instances: int) -> None:
    if isinstance(policy, CountSlaPolicy):
        shown, limit = f"count={policy.count}", f"instanceCount={instances}"
        admits = (policy.count or 0) < instances
    else:
        percentage = policy.percentage or 0.0
        shown, limit = f"percentage={percentage:f}", f"{(instances - 1) / instances * 100:f}"
        admits = instances * (100 - percentage) / 100 >= 1
    if not admits:
        raise invalid_request(
            f"Current {type(policy).__name__}: {shown} will not allow any instances to be killed. "
            f"Must be less than {limit}."
        )


_CHECKS: tuple[Callable[[TaskConfig], None], ...] = (
    _check_executor,
    _check_dedicated,
    _check_container,
    _check_resources,
    _check_disabled,
)
