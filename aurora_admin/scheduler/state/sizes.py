"""How much the stores hold, by the names of /vars (docs/storage.md 1.7); to be asked without a lock."""

from aurora_admin.gen.api.ttypes import ScheduleStatus
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.sections import CRON_JOBS, HOSTS, JOB_UPDATES, MAINTENANCE_REQUESTS, QUOTAS

MEMORY = {
    HOSTS: "attribute",
    CRON_JOBS: "cron",
    QUOTAS: "quota",
    MAINTENANCE_REQUESTS: "maintenance",
    JOB_UPDATES: "update",
}
STATUS_NAMES = ScheduleStatus._VALUES_TO_NAMES  # noqa: SLF001 - what the compiler calls it


def sizes(stores: Stores) -> dict[str, int]:
    """Return how many records and tasks there are; what an index of tasks has are tasks, by their job or host."""
    records = {f"mem_storage_{name}_size": stores.count(number) for number, name in MEMORY.items()}
    tasks = stores.tasks
    return {**records, "task_store_index_job_items": len(tasks), "task_store_index_host_items": tasks.placed}


def tasks_by_status(stores: Stores) -> dict[str, int]:
    """Return how many tasks are in each state, those that none is in included."""
    counts = stores.tasks.statuses
    return {f"task_store_{name}": counts[status] for status, name in STATUS_NAMES.items()}
