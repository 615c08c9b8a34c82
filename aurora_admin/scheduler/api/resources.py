"""What quotas count of a task config, read from its bytes: its other strings need not be UTF-8."""

from collections.abc import Sequence
from typing import NamedTuple

from aurora_admin.gen.api.ttypes import Constraint, Resource, TaskConfig
from aurora_admin.snapshot.paths import PRODUCTION, RESOURCES
from aurora_admin.wire.path import path

CONSTRAINTS = path(TaskConfig, "constraints")
CONSTRAINT_NAME = path(Constraint, "name")
DEDICATED = "dedicated"
# The members of the Resource union that quotas count.
COUNTED = (path(Resource, "numCpus"), path(Resource, "ramMb"), path(Resource, "diskMb"))


class ResourceAmounts(NamedTuple):
    """What quotas count: cores, and MiB of memory and of disk."""

    cpus: float = 0.0
    ram_mb: int = 0
    disk_mb: int = 0

    def plus(self, other: "ResourceAmounts") -> "ResourceAmounts":
        return ResourceAmounts(self.cpus + other.cpus, self.ram_mb + other.ram_mb, self.disk_mb + other.disk_mb)

    def times(self, count: int) -> "ResourceAmounts":
        return ResourceAmounts(self.cpus * count, self.ram_mb * count, self.disk_mb * count)

    def maximum(self, other: "ResourceAmounts") -> "ResourceAmounts":
        """Return the larger amount of each resource."""
        return ResourceAmounts(
            max(self.cpus, other.cpus), max(self.ram_mb, other.ram_mb), max(self.disk_mb, other.disk_mb)
        )


class QuotaClass(NamedTuple):
    """The class in which consumption is counted; a quota limits that of production on shared hosts."""

    production: bool
    dedicated: bool


LIMITED_BY_QUOTA = QuotaClass(production=True, dedicated=False)


class Demand(NamedTuple):
    """What one instance of a config needs, and the class in which that is counted."""

    quota_class: QuotaClass
    amounts: ResourceAmounts


def demand(config: bytes) -> Demand:
    """Return what one instance of a TaskConfig needs."""
    constraints = map(CONSTRAINT_NAME.value, CONSTRAINTS.elements(config))
    quota_class = QuotaClass(PRODUCTION.value(config) is True, DEDICATED.encode() in constraints)
    return Demand(quota_class, amounts_of(RESOURCES.elements(config)))


def amounts_of(resources: Sequence[bytes]) -> ResourceAmounts:
    """Return the sum of Resources, without those that quotas do not count."""
    return ResourceAmounts(*(sum(member.value(resource) or 0 for resource in resources) for member in COUNTED))
