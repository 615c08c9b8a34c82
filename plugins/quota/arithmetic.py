"""The quota that a command is to set: from what was typed, and from the quota before (docs/cli.md 4.3 and 4.4)."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, TypeVar

from aurora_admin.client.quota import Amounts, quota_of
from aurora_admin.errors import AdminError
from aurora_admin.units import MEGABYTE, size_bytes, whole_megabytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from aurora_admin.output import Output

N = TypeVar("N", int, float)

MIN_I64, MAX_I64 = -(1 << 63), (1 << 63) - 1


def new_quota(cpus: float, ram_bytes: int, disk_bytes: int) -> Amounts:
    """Return a quota of these sizes, truncated to megabytes; raise as `in_range`."""
    return in_range(quota_of(cpus, whole_megabytes(ram_bytes), whole_megabytes(disk_bytes)))


def increased(quota: Amounts, cpus: float, ram_bytes: int, disk_bytes: int) -> Amounts:
    """Return a quota with more cores, memory and disk; the sums are truncated to megabytes. Other resources stay.

    Raises:
        AdminError: a sum is out of range, or there is a resource that this program does not know.
    """
    ram_mb = whole_megabytes(quota.ram_mb * MEGABYTE + ram_bytes)
    disk_mb = whole_megabytes(quota.disk_mb * MEGABYTE + disk_bytes)
    return with_others(in_range(quota_of(quota.cpus + cpus, ram_mb, disk_mb)), quota)


def with_others(quota: Amounts, before: Amounts) -> Amounts:
    """Return a quota with the further resources of the quota before, such as GPUs.

    Raises:
        AdminError: one of these is a resource that this program does not know.
    """
    if not before.is_complete:
        raise AdminError(
            "The quota has a resource that this program does not know, and so could not keep. Nothing was set: use a "
            "later release of this program, or set_quota, which replaces the whole quota"
        )
    return quota._replace(amounts=quota.amounts + before.others)


def in_range(quota: Amounts) -> Amounts:
    """Return the quota.

    Raises:
        AdminError: a number does not fit the call that would set it.
    """
    if not isfinite(quota.cpus):
        raise AdminError(
            f"cpu would be {quota.cpus}, but a quota needs a finite number of cores: give another one, or set the "
            "whole quota with set_quota"
        )
    for name, megabytes in (("ram", quota.ram_mb), ("disk", quota.disk_mb)):
        if not MIN_I64 <= megabytes <= MAX_I64:
            raise AdminError(
                f"{name} would be {megabytes} MB, but a scheduler can store at most {MAX_I64} MB: give a smaller size"
            )
    return quota


def refuse_negative(quota: Amounts) -> None:
    """Return if a scheduler takes these numbers (docs/api.md 1.5); a dry run does not ask it.

    Raises:
        AdminError: a number is negative.
    """
    for name, amount in (("cpu", quota.cpus), ("ram", quota.ram_mb), ("disk", quota.disk_mb)):
        if amount < 0:
            unit = "" if name == "cpu" else " MB"
            raise AdminError(f"{name} would be {amount}{unit}, but a scheduler refuses a negative quota")


def argument(name: str, parse: Callable[[str], N], text: str) -> N:
    """Return the number in an argument. The hint of an error names the argument; the text stays the original's.

    Raises:
        AdminError: it is none.
    """
    try:
        return parse(text)
    except AdminError as error:
        hint = error.hint or "give another number"
        error.hint = f"The argument {name}: {hint[:1].lower()}{hint[1:]}"
        raise


def warn_of_lost_sizes(out: Output, old: Amounts, new: Amounts, ram: str, disk: str, *, place: str = "") -> None:
    """Log a warning for each size that is not zero and, truncated to megabytes, changes nothing (docs/cli.md 8, Q18).

    `place` says where the sizes are, if they are not on the command line.
    """
    for name, text, before, after in (("ram", ram, old.ram_mb, new.ram_mb), ("disk", disk, old.disk_mb, new.disk_mb)):
        if before == after and size_bytes(text):
            out.warn(
                f"{place}{name} {text} is less than 1 MB, and counts as 0 MB. A size without a unit is in bytes: "
                "give M, G or T"
            )
