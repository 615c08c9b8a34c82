"""Quotas of a running scheduler, and replies to getQuota."""

from aurora_admin.gen.api.ttypes import GetQuotaResult, Resource, ResourceAggregate, Result
from tests.support.thrift_calls import call

MEMBERS = ("numCpus", "ramMb", "diskMb")


def quota_of(running, role):
    """Return cores, MiB of memory and MiB of disk of a role's quota."""
    found = call(running.url, "getQuota", ownerRole=role).result.getQuotaResult.quota.resources
    return tuple(next(value for one in found if (value := getattr(one, name)) is not None) for name in MEMBERS)


def quota_reply(resources):
    """Return the reply to getQuota with these resources, as an expression of a recorded script."""
    quota = f"ResourceAggregate(resources=[{resources}])"
    return f"Response(responseCode=1, details=[], result=Result(getQuotaResult=GetQuotaResult(quota={quota})))"


def quota_result(cpus, ram_mb, disk_mb):
    """Return the result of getQuota with this quota."""
    resources = [Resource(numCpus=cpus), Resource(ramMb=ram_mb), Resource(diskMb=disk_mb)]
    return Result(getQuotaResult=GetQuotaResult(quota=ResourceAggregate(resources=resources)))
