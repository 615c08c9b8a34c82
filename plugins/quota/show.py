"""Quotas and changes of them as text and as rows."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from aurora_admin.client.quota import MEMBERS, QUOTA_MEMBERS, Amount, Amounts
from aurora_admin.output import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aurora_admin.output import Output

# How each resource is named in rows, and how the original shows it: its label and its unit.
NAMES = dict(zip(MEMBERS, ("cpu", "ram_mb", "disk_mb", "ports", "gpu", "ip_addresses"), strict=True))
LABELS = dict(zip(MEMBERS, ("CPU", "RAM", "Disk", "Port", "GPU", "IP"), strict=True))
UNITS = dict(zip(MEMBERS, (" core(s)", " MB", " MB", "", " GPU(s)", " address(es)"), strict=True))

Cell = float | str | None

CHANGES = {
    "role": "the role",
    "resource": "cpu (cores), ram_mb, disk_mb, or a further resource such as gpu",
    "old": "how much the role has now; empty if the quota does not have the resource",
    "new": "how much it will have; empty if the quota will not have the resource",
}


def change_rows(role: str, old: Amounts, new: Amounts, *, all_resources: bool) -> Iterator[tuple[str, str, Cell, Cell]]:
    """Yield a row of CHANGES for each resource; for those that do not change only if `all_resources`."""
    for member in MEMBERS:
        before, after = old.get(member), new.get(member)
        is_listed = member in QUOTA_MEMBERS or before is not None
        if is_listed and (all_resources or before != after):
            yield role, NAMES[member], cell(before), cell(after)


def cell(number: float | None) -> Cell:
    """Return a number as rows have it: JSON has none that is not finite, but schedulers store such cores.

    >>> cell(1.5), cell(None), cell(float("nan"))
    (1.5, None, 'nan')
    """
    return str(number) if isinstance(number, float) and not isfinite(number) else number


def log_quota(out: Output, heading: str, quota: Amounts, *, cpu_unit: str = "") -> None:
    """Log a quota as the original does: one record, with a line for each resource."""
    lines = "\n\t".join(_line(amount, cpu_unit) for amount in quota.amounts)
    out.info(f"{escaped(heading, '')}\n\t{lines}", is_multiline=True)


def log_setting(out: Output, role: str, quota: Amounts) -> None:
    """Log what is about to be set, as the original does."""
    out.info(f"Setting quota for user:{role} cpu:{quota.cpus:f} ram:{quota.ram_mb} disk: {quota.disk_mb}")


def _line(amount: Amount, cpu_unit: str) -> str:
    member, value = amount
    if isinstance(value, float):
        return f"{LABELS[member]}\t{python2_text(value)}{cpu_unit}"
    return f"{LABELS[member]}\t{escaped(str(value), '')}{UNITS[member]}"


def python2_text(number: float) -> str:
    """Return a float as the original printed it, with 12 digits.

    >>> python2_text(0.1 + 0.2), python2_text(100000000.0), python2_text(1e16)
    ('0.3', '100000000.0', '1e+16')
    """
    text = f"{number:.12g}"
    return f"{text}.0" if text.lstrip("-").isdigit() else text
