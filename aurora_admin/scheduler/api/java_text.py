"""Values as a real scheduler prints them in its messages (docs/api.md 0, Notation)."""

import math
from decimal import Decimal

from aurora_admin.gen.api.ttypes import JobKey, Resource, ResourceAggregate
from aurora_admin.scheduler.api.resources import ResourceAmounts


def double(value: float) -> str:
    """Return a floating-point number: with an exponent if it is below 0.001, or ten millions and more."""
    if not math.isfinite(value):
        return str(Decimal(value))
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    mantissa, exponent = f"{Decimal(repr(float(value))).normalize():E}".split("E")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}E{int(exponent)}"


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


def _resource(resource: Resource) -> str:
    if resource.numCpus is not None:
        return f"IResource{{setField=NUM_CPUS, value={double(resource.numCpus)}}}"
    kind, amount = ("RAM_MB", resource.ramMb) if resource.ramMb is not None else ("DISK_MB", resource.diskMb)
    return f"IResource{{setField={kind}, value={amount}}}"


def _text(text: str | None) -> str:
    return "null" if text is None else text
