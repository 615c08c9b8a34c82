"""The quota of a role, and what the role uses: getQuota and setQuota of every release (docs/api.md 1.5)."""

from __future__ import annotations

from http import HTTPStatus
from json import loads
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from aurora_admin.client.failures import Failure
from aurora_admin.client.reply import NO_RESULT
from aurora_admin.errors import AdminError, BadReply
from aurora_admin.gen.api.ttypes import Resource, ResourceAggregate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aurora_admin.client.reply import Reply
    from aurora_admin.client.scheduler import Scheduler

# The members of the union Resource, in the order in which they are shown. A quota has the first three.
CPUS, RAM, DISK = QUOTA_MEMBERS = ("numCpus", "ramMb", "diskMb")
PORT = "namedPort"
MEMBERS = (*QUOTA_MEMBERS, PORT, "numGpus", "ipAddr")
# What a role uses, in GetQuotaResult. Releases up to 0.9 do not have the dedicated ones (docs/wire.md 3.1).
CONSUMPTIONS = (
    "prodSharedConsumption",
    "prodDedicatedConsumption",
    "nonProdSharedConsumption",
    "nonProdDedicatedConsumption",
)
QUOTAS_PAGE = "quotas"


class Amount(NamedTuple):
    """How much of one resource; of a port its name."""

    member: str
    value: float | int | str


class Amounts(NamedTuple):
    """How much of each resource: a quota, or what a role uses.

    Attributes:
        amounts: those that are present, in the order of MEMBERS. All but ports are there once.
        is_complete: whether there is no resource that this program does not know, which it could not send back.
    """

    amounts: tuple[Amount, ...] = ()
    is_complete: bool = True

    def get(self, member: str) -> float | int | None:
        """Return how much there is of a resource, and of ports how many; None if it is not present."""
        found = [value for name, value in self.amounts if name == member]
        if member == PORT:
            return len(found) or None
        return next((value for value in found if not isinstance(value, str)), None)

    @property
    def cpus(self) -> float:
        return float(self.get(CPUS) or 0)

    @property
    def ram_mb(self) -> int:
        return int(self.get(RAM) or 0)

    @property
    def disk_mb(self) -> int:
        return int(self.get(DISK) or 0)

    @property
    def others(self) -> tuple[Amount, ...]:
        """The resources beside cores, memory and disk: GPUs, for example."""
        return tuple(one for one in self.amounts if one.member not in QUOTA_MEMBERS)


def quota_of(cpus: float, ram_mb: int, disk_mb: int, others: tuple[Amount, ...] = ()) -> Amounts:
    """Return a quota.

    >>> quota_of(1.5, 1024, 2048).get("ramMb")
    1024
    """
    return Amounts((Amount(CPUS, cpus), Amount(RAM, ram_mb), Amount(DISK, disk_mb), *others))


def get_quota(scheduler: Scheduler, role: str) -> Reply:
    """Ask for the quota of a role; raise as Scheduler.call. A role that has none has a quota of zeros."""
    return scheduler.call("getQuota", ownerRole=role)


def set_quota(scheduler: Scheduler, role: str, quota: Amounts) -> Reply:
    """Replace the quota of a role; raise as Scheduler.call. After an OK it is in the scheduler's log."""
    return scheduler.call("setQuota", ownerRole=role, quota=_aggregate(quota))


def allocated(reply: Reply) -> Amounts:
    """Return the quota in a reply to getQuota that is OK.

    Raises:
        BadReply: it has no quota.
    """
    result = reply.result.getQuotaResult if reply.result else None
    if result is None or result.quota is None:
        raise BadReply(NO_RESULT)
    return _amounts(result.quota)


def consumption(reply: Reply) -> list[Amounts | None]:
    """Return what a role uses, in the order of CONSUMPTIONS; None for what the scheduler's release does not report."""
    result = reply.result.getQuotaResult if reply.result else None
    found = [getattr(result, name, None) for name in CONSUMPTIONS]
    return [None if aggregate is None else _amounts(aggregate) for aggregate in found]


def is_set(scheduler: Scheduler, role: str) -> bool | None:
    """Return whether the scheduler that replied last has a quota of the role, even one of zeros.

    getQuota does not tell. The page /quotas does (docs/api.md 5.1); None if the scheduler does not serve it.
    """
    try:
        status, text = scheduler.page(f"{QUOTAS_PAGE}?role={quote(role, safe='')}")
        found = loads(text if status == HTTPStatus.OK else "")
    except (AdminError, Failure, ValueError):
        return None
    return role in found if isinstance(found, dict) else None


def _amounts(aggregate: ResourceAggregate) -> Amounts:
    """Return the amounts of an aggregate: those of the set, or of the older fields if the set is empty."""
    present = [_present(resource, MEMBERS) for resource in aggregate.resources or ()]
    if not present:
        present = [_present(aggregate, QUOTA_MEMBERS)]
        return Amounts(_summed(present[0]))
    return Amounts(_summed(one for found in present for one in found), is_complete=all(present))


def _present(holder: Any, members: tuple[str, ...]) -> list[Amount]:
    return [Amount(name, value) for name in members if (value := getattr(holder, name)) is not None]


def _summed(found: Iterable[Amount]) -> tuple[Amount, ...]:
    """Return each resource once. A set has equal elements once; different ones of a resource are added up."""
    distinct = set(found)
    summed = []
    for member in MEMBERS:
        values = [value for name, value in distinct if name == member]
        if member == PORT:
            summed += [Amount(PORT, value) for value in sorted(map(str, values))]
        elif values:
            summed.append(Amount(member, sum(value for value in values if not isinstance(value, str))))
    return tuple(summed)


def _aggregate(quota: Amounts) -> ResourceAggregate:
    """Return the struct, with the set of resources, and with the fields that releases up to 0.13 read instead.

    Later releases fill these fields from the set, or skip them (docs/cli.md 4.3).
    """
    resources = tuple(Resource(**{member: value}) for member, value in quota.amounts)  # type: ignore[arg-type]
    return ResourceAggregate(resources=resources, numCpus=quota.cpus, ramMb=quota.ram_mb, diskMb=quota.disk_mb)
