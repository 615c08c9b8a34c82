"""What both commands have in common: arguments, options, and the jobs that have an SLA."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aurora_admin.client.sla_tasks import sla_tasks
from aurora_admin.sla import Domain

if TYPE_CHECKING:
    from collections.abc import Collection

    from aurora_admin.command import Context


def read_domain(context: Context, cluster: str, hosts: Collection[str] | None, min_instance_count: int) -> Domain:
    """Query the live tasks of a cluster, or of the jobs on some hosts; return those that have an SLA now.

    Raises:
        AdminError: the cluster is unknown, or the scheduler does not reply, or not with tasks.
    """
    tasks = sla_tasks(context.scheduler(cluster), context.check, cluster, hosts)
    return Domain(tasks, time.time(), min_instance_count)
