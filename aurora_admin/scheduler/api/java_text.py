"""Values as a real scheduler prints them in its messages (docs/api.md 0, Notation)."""

import math
from decimal import Decimal
from typing import Any

from aurora_admin.gen.api.ttypes import JobKey, Resource, ResourceAggregate, ScheduleStatus, TaskQuery
from aurora_admin.scheduler.api.resources import ResourceAmounts

# The fields of a TaskQuery in the order in which they are printed.
QUERY_FIELDS = "role environment jobName taskIds statuses instanceIds slaveHosts jobKeys offset limit".split()


def double(value: float) -> str:
    """Return a floating-point number: with an exponent if it is below 0.001, or ten millions and more."""
    if not math.isfinite(value):
        return str(Decimal(value))
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    mantissa, exponent = f"{Decimal(repr(float(value))).normalize():E}".split("E")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}E{int(exponent)}"


def fixed(value: float) -> str:
    """Return a number with two digits after the point."""
    return f"{value:.2f}" if math.isfinite(value) else double(value)


def key(job: JobKey | None) -> str:
    """Return a job key that need not be valid."""
    if job is None:
        return "null"
    parts = (f"{name}={_text(getattr(job, name))}" for name in ("role", "environment", "name"))
    return f"IJobKey{{{', '.join(parts)}}}"


def aggregate(quota: ResourceAggregate) -> str:
    """Return a quota; its resources are printed in no particular order."""
    return f"IResourceAggregate{{resources=[{', '.join(map(_resource, quota.resources or ()))}]}}"


def bag(amounts: ResourceAmounts) -> str:
    """Return amounts by the names of the resources, in no particular order."""
    kinds = zip(("CPUS", "RAM_MB", "DISK_MB"), amounts, strict=True)
    return f"ResourceBag{{resourceVectors={{{', '.join(f'{kind}={double(amount)}' for kind, amount in kinds)}}}}}"


def query(query: TaskQuery) -> str:
    """Return a query as the client sent it; the elements of its sets are printed in no particular order."""
    given = [(name, getattr(query, name)) for name in QUERY_FIELDS]
    return f"TaskQuery({', '.join(f'{name}:{_member(name, value)}' for name, value in given if value is not None)})"


def _member(name: str, value: Any) -> str:
    if not isinstance(value, (set, frozenset)):
        return str(value)
    if name == "statuses":
        texts = [ScheduleStatus._VALUES_TO_NAMES.get(status, "null") for status in value]  # noqa: SLF001  its name
    elif name == "jobKeys":
        texts = [f"JobKey(role:{key.role}, environment:{key.environment}, name:{key.name})" for key in value]
    else:
        texts = list(map(str, value))
    return f"[{', '.join(sorted(texts))}]"


def _resource(resource: Resource) -> str:
    if resource.numCpus is not None:
        return f"IResource{{setField=NUM_CPUS, value={double(resource.numCpus)}}}"
    kind, amount = ("RAM_MB", resource.ramMb) if resource.ramMb is not None else ("DISK_MB", resource.diskMb)
    return f"IResource{{setField={kind}, value={amount}}}"


def _text(text: str | None) -> str:
    return "null" if text is None else text
