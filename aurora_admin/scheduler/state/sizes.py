"""How much the stores hold, by the names of /vars (docs/storage.md 1.7).

Everything here is safe without the lock of the storage: counts are read, and nothing is iterated over.
"""

from aurora_admin.gen.api.ttypes import ScheduleStatus
from aurora_admin.scheduler.state.stores import Stores

STATUS_NAMES = ScheduleStatus._VALUES_TO_NAMES  # noqa: SLF001 - the compiler gives it this name


def sizes(stores: Stores) -> dict[str, int]:
    """Return how many records and tasks there are.

    A real scheduler has two indexes of its tasks: one by job, with every task, and one by host, with those that have
    a host.
    """
    return {
        "mem_storage_attribute_size": len(stores.hosts),
        "mem_storage_cron_size": len(stores.cron_jobs),
        "mem_storage_quota_size": len(stores.quotas),
        "mem_storage_maintenance_size": len(stores.maintenance_requests),
        "mem_storage_update_size": len(stores.job_updates),
        "task_store_index_job_items": len(stores.tasks),
        "task_store_index_host_items": stores.tasks.placed,
    }


def tasks_by_status(stores: Stores) -> dict[str, int]:
    """Return how many tasks are in each status, including those that no task is in."""
    counts = stores.tasks.statuses
    return {f"task_store_{name}": counts[status] for status, name in STATUS_NAMES.items()}
