"""getQuota and setQuota, and the check of what a new job may take (docs/api.md 1.1 and 1.5)."""

from thrift.Thrift import TType

from aurora_admin.gen.api.AuroraAdmin import setQuota_args
from aurora_admin.gen.api.ReadOnlyScheduler import getQuota_args
from aurora_admin.gen.api.ttypes import Resource, ResourceAggregate
from aurora_admin.scheduler.api import java
from aurora_admin.scheduler.api.consumption import consumption
from aurora_admin.scheduler.api.demand import Amounts, QuotaClass, amounts_of, demand
from aurora_admin.scheduler.api.normalise import normalised
from aurora_admin.scheduler.api.response import OK, Answer, error, invalid_request
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.sections import QUOTAS
from aurora_admin.wire import codec, fields

GET_QUOTA_RESULT = 5
# Field 1 of a GetQuotaResult is the quota, these are the others.
CONSUMPTIONS = {
    2: QuotaClass(production=True, dedicated=False),
    3: QuotaClass(production=False, dedicated=False),
    4: QuotaClass(production=True, dedicated=True),
    5: QuotaClass(production=False, dedicated=True),
}
# A sum beyond what an i64 holds is told as that.
LARGEST = 2**63 - 1
HELD_AGAINST_QUOTA = CONSUMPTIONS[2]
# Paths inside a QuotaConfiguration.
QUOTA, QUOTA_RESOURCES = (2,), (2, 4)


def get_quota(services: Services, arguments: getQuota_args) -> Answer:
    """A role without a quota has one of nothing."""
    role = _role(arguments.ownerRole)
    with services.storage.read() as stores:
        record = stores.sections[QUOTAS].get(role)
        used = consumption(stores, role)
    quota = fields.get(record, *QUOTA) if record else None
    members = {1: quota or _aggregate(Amounts())}
    members.update({number: _aggregate(used[kind]) for number, kind in CONSUMPTIONS.items()})
    result = fields.join(fields.Field(number, TType.STRUCT, value) for number, value in members.items())
    return Answer(result=(GET_QUOTA_RESULT, [result]))


def set_quota(services: Services, arguments: setQuota_args) -> Answer:
    """Written to the log every time, also when nothing changes."""
    role = _role(arguments.ownerRole)
    if arguments.quota is None or arguments.quota.resources is None:
        raise error()
    quota = normalised(arguments.quota)
    wanted = _checked(quota)
    with services.storage.transaction() as transaction:
        used = consumption(transaction.stores, role)[HELD_AGAINST_QUOTA]
        if wanted.or_more(used) != wanted:
            raise invalid_request(
                f"Quota: {java.aggregate(quota)} is less then current prod reservation: {java.bag(used)}"
            )
        transaction.ops.append(ops.save_quota(role, codec.encode(quota)))
    return OK


def check_quota(stores: Stores, role: bytes, config: bytes, instances: int) -> None:
    """Hold new instances against their role's quota, if they are of the class that it is for.

    Raises:
        Refusal: the quota does not suffice.
    """
    kind, each = demand(config)
    if kind != HELD_AGAINST_QUOTA:
        return
    record = stores.sections[QUOTAS].get(role)
    quota = amounts_of(fields.get(record, *QUOTA_RESOURCES)) if record else Amounts()
    lacking = consumption(stores, role)[kind].plus(each.times(instances)).plus(quota.times(-1))
    items = [
        f"{what} quota exceeded by {amount:.2f} {unit}"
        for what, unit, amount in zip(("CPU", "RAM", "disk"), ("core(s)", "MB", "MB"), lacking, strict=True)
        if amount > 0
    ]
    if items:
        raise invalid_request(f"Insufficient resource quota: {'; '.join(items)}")


def _role(role: str | None) -> bytes:
    if role is None or not role.strip():
        raise error("Argument cannot be blank")
    return role.encode()


def _checked(quota: ResourceAggregate) -> Amounts:
    """Return what somebody wants as a quota.

    Raises:
        Refusal: it is not exactly cores, memory and disk, none of them negative.
    """
    resources = quota.resources or ()
    if len(resources) > len(Amounts._fields):
        raise error("Too many resource values in quota.")
    cpus, ram_mb, disk_mb = (
        next((value for resource in resources if (value := getattr(resource, name)) is not None), None)
        for name in ("numCpus", "ramMb", "diskMb")
    )
    if cpus is None or ram_mb is None or disk_mb is None:
        raise error("Quota resources must be exactly: [CPUS, RAM_MB, DISK_MB]")
    if min(cpus, ram_mb, disk_mb) < 0:
        raise invalid_request(f"Negative values in: {java.aggregate(quota)}")
    return Amounts(cpus, ram_mb, disk_mb)


def _aggregate(amounts: Amounts) -> bytes:
    ram_mb, disk_mb = min(amounts.ram_mb, LARGEST), min(amounts.disk_mb, LARGEST)
    resources = (Resource(numCpus=amounts.cpus), Resource(ramMb=ram_mb), Resource(diskMb=disk_mb))
    return codec.encode(ResourceAggregate(resources=resources))
