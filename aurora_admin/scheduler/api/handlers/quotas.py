"""getQuota and setQuota (docs/api.md 1.5)."""

from aurora_admin.gen.api.AuroraAdmin import setQuota_args
from aurora_admin.gen.api.ReadOnlyScheduler import getQuota_args
from aurora_admin.gen.api.ttypes import GetQuotaResult, Resource, ResourceAggregate, Result
from aurora_admin.gen.storage.ttypes import QuotaConfiguration
from aurora_admin.scheduler.api import java_text
from aurora_admin.scheduler.api.normalise import normalised
from aurora_admin.scheduler.api.outcome import OK, Outcome, error, invalid_request
from aurora_admin.scheduler.api.quota import claims, consumption
from aurora_admin.scheduler.api.resources import LIMITED_BY_QUOTA, QuotaClass, ResourceAmounts
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.state import ops
from aurora_admin.wire import codec, fields
from aurora_admin.wire.path import path

GET_QUOTA_RESULT = path(Result, "getQuotaResult")
QUOTA = path(GetQuotaResult, "quota")
CONSUMPTIONS = {
    LIMITED_BY_QUOTA: path(GetQuotaResult, "prodSharedConsumption"),
    QuotaClass(production=False, dedicated=False): path(GetQuotaResult, "nonProdSharedConsumption"),
    QuotaClass(production=True, dedicated=True): path(GetQuotaResult, "prodDedicatedConsumption"),
    QuotaClass(production=False, dedicated=True): path(GetQuotaResult, "nonProdDedicatedConsumption"),
}
STORED_QUOTA = path(QuotaConfiguration, "quota")
# A larger sum is returned as this.
MAX_I64 = 2**63 - 1


def get_quota(services: Services, arguments: getQuota_args) -> Outcome:
    """Return a role's quota, as it is stored, and what it takes; a role without a quota has a quota of zeros."""
    role = _checked_role(arguments.ownerRole)
    with services.storage.read() as stores:
        record = stores.quotas.get(role)
        claimed = claims(stores, role)
    used = consumption(claimed)
    quota = STORED_QUOTA.get(record) if record else None
    members = [QUOTA.field(quota or _aggregate(ResourceAmounts()))]
    members += [member.field(_aggregate(used[kind])) for kind, member in CONSUMPTIONS.items()]
    return Outcome(result=(GET_QUOTA_RESULT, [fields.join(members)]))


def set_quota(services: Services, arguments: setQuota_args) -> Outcome:
    """Set a quota; it is written to the log even when it is the same as before."""
    role = _checked_role(arguments.ownerRole)
    if arguments.quota is None or arguments.quota.resources is None:
        raise error()
    quota = normalised(arguments.quota)
    wanted = _checked_amounts(quota)
    with services.storage.transaction() as transaction:
        used = consumption(claims(transaction.stores, role))[LIMITED_BY_QUOTA]
        if wanted.maximum(used) != wanted:
            raise invalid_request(
                f"Quota: {java_text.aggregate(quota)} is less then current prod reservation: {java_text.bag(used)}"
            )
        transaction.ops.append(ops.save_quota(role, codec.encode(quota)))
    return OK


def _checked_role(role: str | None) -> bytes:
    if role is None or not role.strip():
        raise error("Argument cannot be blank")
    return role.encode()


def _checked_amounts(quota: ResourceAggregate) -> ResourceAmounts:
    """Return the amounts of a new quota.

    Raises:
        Refusal: it is not exactly cores, memory and disk, or one of these is negative.
    """
    resources = quota.resources or ()
    if len(resources) > len(ResourceAmounts._fields):
        raise error("Too many resource values in quota.")
    cpus, ram_mb, disk_mb = (
        next((value for resource in resources if (value := getattr(resource, name)) is not None), None)
        for name in ("numCpus", "ramMb", "diskMb")
    )
    if cpus is None or ram_mb is None or disk_mb is None:
        raise error("Quota resources must be exactly: [CPUS, RAM_MB, DISK_MB]")
    # Not by the smallest: NaN is neither smaller nor larger than any number.
    if any(amount < 0 for amount in (cpus, ram_mb, disk_mb)):
        raise invalid_request(f"Negative values in: {java_text.aggregate(quota)}")
    return ResourceAmounts(cpus, ram_mb, disk_mb)


def _aggregate(amounts: ResourceAmounts) -> bytes:
    """Return the bytes of a ResourceAggregate."""
    ram_mb, disk_mb = min(amounts.ram_mb, MAX_I64), min(amounts.disk_mb, MAX_I64)
    resources = (Resource(numCpus=amounts.cpus), Resource(ramMb=ram_mb), Resource(diskMb=disk_mb))
    return codec.encode(ResourceAggregate(resources=resources))
