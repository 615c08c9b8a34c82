"""What a leader does with hosts that are DRAINING, again and again (docs/api.md 1.6)."""

import threading

from aurora_admin.gen.api.ttypes import HostMaintenanceRequest, MaintenanceMode, ScheduleStatus
from aurora_admin.scheduler.api.services import Services, task_moves
from aurora_admin.scheduler.api.sla import allows_drain
from aurora_admin.scheduler.state.host_modes import DRAIN_MESSAGE, active_rows, is_draining, ops_of, set_mode
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.task_table import TaskFilter
from aurora_admin.wire.path import path

DEFAULT_POLICY = path(HostMaintenanceRequest, "defaultSlaPolicy")
TIMEOUT_SECONDS = path(HostMaintenanceRequest, "timeoutSecs")
CREATED_MS = path(HostMaintenanceRequest, "createdTimestampMs")


class DrainPoller:
    """Drains the tasks of hosts as soon as their policies, or the age of the request, allow it.

    Each task and each host is a transaction of its own: what one of them changes counts for the next.

    Attributes:
        wake: set to have the hosts looked at before the interval is over.
    """

    def __init__(self) -> None:
        self.wake = threading.Event()

    def run(self, services: Services) -> None:
        """Look at every host once.

        Raises:
            StorageNotReady, LogError: as Storage.transaction().
        """
        self.wake.clear()
        with services.storage.read() as stores:
            tasks, hosts = stores.tasks, [host for host in stores.hosts if is_draining(stores, host)]
            rows = active_rows(stores, hosts)
        # From disk, and so without the lock.
        task_ids = {host: list(map(tasks.id_of, rows.get(host, ()))) for host in hosts}
        for host, ids in sorted(task_ids.items()):
            for task_id in ids:
                _drain_task(services, host, task_id)
            if not ids:
                _end_drain(services, host)


def _drain_task(services: Services, host: bytes, task_id: bytes) -> None:
    with services.storage.transaction() as transaction:
        stores = transaction.stores
        request = stores.maintenance_requests.get(host)
        if request is None:
            stores.statistics.add("missing_maintenance_request")
            return
        rows = stores.tasks.select(TaskFilter(task_ids=frozenset([task_id])))
        moves = task_moves(services, stores)
        if all(_may_drain(stores, row, request, services.clock_ms()) for row in rows):
            moves.request(rows, ScheduleStatus.DRAINING, DRAIN_MESSAGE)
        transaction.ops.extend(ops_of(stores, moves))


def _may_drain(stores: Stores, row: int, request: bytes, now_ms: int) -> bool:
    """Return whether the request is too old for policies to count, or the policy allows the drain."""
    age_ms = now_ms - (CREATED_MS.value(request) or 0)
    return age_ms > (TIMEOUT_SECONDS.value(request) or 0) * 1000 or allows_drain(
        stores, row, DEFAULT_POLICY.get(request), now_ms
    )


def _end_drain(services: Services, host: bytes) -> None:
    """Make a host DRAINED that has no active task. Its request stays, as a real scheduler leaves it."""
    with services.storage.transaction() as transaction:
        stores = transaction.stores
        if is_draining(stores, host) and not active_rows(stores, [host]):
            transaction.ops.extend(set_mode(stores, host, MaintenanceMode.DRAINED))
