"""What quotas count of task configs, read from their bytes: other strings need not even be text."""

from typing import NamedTuple

from aurora_admin.wire import fields

# Fields of a TaskConfig, and of a Constraint.
PRODUCTION, CONSTRAINTS, RESOURCES = 18, 20, 32
NAME = 1
# Members of the union Resource that quotas count.
CPUS, RAM_MB, DISK_MB = 1, 2, 3
DEDICATED = fields.string(b"dedicated")
TRUE = fields.boolean(True)


class Amounts(NamedTuple):
    """How much of what quotas count: cores, and MiB of memory and of disk."""

    cpus: float = 0.0
    ram_mb: int = 0
    disk_mb: int = 0

    def plus(self, other: "Amounts") -> "Amounts":
        return Amounts(self.cpus + other.cpus, self.ram_mb + other.ram_mb, self.disk_mb + other.disk_mb)

    def times(self, count: int) -> "Amounts":
        return Amounts(self.cpus * count, self.ram_mb * count, self.disk_mb * count)

    def or_more(self, other: "Amounts") -> "Amounts":
        """Return the larger amount of each."""
        return Amounts(max(self.cpus, other.cpus), max(self.ram_mb, other.ram_mb), max(self.disk_mb, other.disk_mb))


class QuotaClass(NamedTuple):
    """Consumption is told apart by these; only that of production on shared hosts is held against a quota."""

    production: bool
    dedicated: bool


class Demand(NamedTuple):
    """What one instance of a config takes, and in which class it is counted."""

    kind: QuotaClass
    amounts: Amounts


def integer(value: bytes) -> int:
    """Return the number whose i32 or i64 bytes these are."""
    return int.from_bytes(value, "big", signed=True)


def elements(value: bytes | None) -> list[bytes]:
    """Return the elements of a list or set that may be missing."""
    return fields.elements(value)[1] if value else []


def demand(config: bytes) -> Demand:
    """Return what a TaskConfig asks for."""
    members = {field.id: field.value for field in fields.parse(config)}
    names = [fields.get(constraint, NAME) for constraint in elements(members.get(CONSTRAINTS))]
    kind = QuotaClass(members.get(PRODUCTION) == TRUE, DEDICATED in names)
    return Demand(kind, amounts_of(members.get(RESOURCES)))


def amounts_of(resources: bytes | None) -> Amounts:
    """Return the sum of a set of Resources; what quotas don't count is left out."""
    given = [field for resource in elements(resources) for field in fields.parse(resource)]
    return Amounts(
        sum(fields.DOUBLE.unpack(field.value)[0] for field in given if field.id == CPUS),
        sum(integer(field.value) for field in given if field.id == RAM_MB),
        sum(integer(field.value) for field in given if field.id == DISK_MB),
    )
