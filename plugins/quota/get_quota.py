"""Print the quota of a role, and what its tasks use of the cluster, a row for each resource.

The quota limits the production tasks on shared hosts: the scheduler accepts a job if prod_shared stays within
allocated. Production tasks on dedicated hosts, and tasks that are not production, may use what there is.

A role that has no quota is like one whose quota is zero. If the scheduler tells which it is, a line on standard error
says that no quota is set.

Schedulers before 0.10 do not tell dedicated hosts from others: the columns of dedicated hosts are unknown there.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aurora_admin.client.quota import Amounts
    from aurora_admin.plugins.quota.show import Cell

EXAMPLES = """\
aurora_admin get_quota west www-data
aurora_admin get_quota west www-data --output=json
"""

COLUMNS = {
    "resource": "cpu (cores), ram_mb, disk_mb, or a further resource that the scheduler reports, such as gpu",
    "allocated": "the quota",
    "prod_shared": "used by production tasks on shared hosts, which the quota limits",
    "prod_dedicated": "used by production tasks on dedicated hosts",
    "non_prod_shared": "used by the other tasks on shared hosts",
    "non_prod_dedicated": "used by the other tasks on dedicated hosts",
}
IF_REFUSED = "The role cannot be empty. It is the first part of a job's name: www-data of www-data/prod/hello"


def run(context: Context, args: Namespace) -> None:
    """Print the quota."""
    from aurora_admin.client.quota import allocated, consumption, get_quota, is_set

    scheduler, out = context.scheduler(args.cluster), context.out
    reply = get_quota(scheduler, args.role)
    if not reply.ok:
        context.check(reply)
    quota, used = allocated(reply), consumption(reply)
    out.rows(tuple(COLUMNS), rows((quota, *used)))
    if not quota.is_complete:
        out.warn("The quota has a resource that this program does not know: it is not printed")
    if not any(value for _, value in quota.amounts) and is_set(scheduler, args.role) is False:
        out.info(f"No quota is set for {args.role}: set one with aurora_admin set_quota")


def rows(columns: tuple[Amounts | None, ...]) -> Iterator[tuple[Cell, ...]]:
    """Yield the row of each resource that a quota has, or that is reported; None is unknown."""
    from aurora_admin.client.quota import MEMBERS, QUOTA_MEMBERS
    from aurora_admin.plugins.quota.show import NAMES, cell

    for member in MEMBERS:
        cells = [cell(amounts.get(member)) if amounts else None for amounts in columns]
        if member in QUOTA_MEMBERS or any(one is not None for one in cells):
            yield NAMES[member], *cells
