"""Whether the policy of a task lets it be drained now (docs/api.md 1.6)."""

from collections.abc import Iterable

from aurora_admin.gen.api.ttypes import ScheduleStatus, SlaPolicy, TaskConfig
from aurora_admin.scheduler.api.tiers import DEFAULT_TIER, TIERS
from aurora_admin.scheduler.api.validation import MIN_INSTANCES_FOR_SLA
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.transitions import ACTIVE
from aurora_admin.snapshot.paths import EVENT_TIME, TASK_EVENTS
from aurora_admin.snapshot.task_table import TaskFilter
from aurora_admin.snapshot.upgrade import EVENT_STATUS, TIER
from aurora_admin.wire import codec
from aurora_admin.wire.path import path

OWN_POLICY = path(TaskConfig, "slaPolicy")


def allows_drain(stores: Stores, row: int, default: bytes | None, now_ms: int) -> bool:
    """Return whether a task may be drained: by its own policy, or else by the default.

    A policy that names a coordinator allows nothing, because this scheduler asks none: only the time-out does.
    """
    raw = OWN_POLICY.get(stores.tasks.config_of(row)) or default
    policy = codec.decode(SlaPolicy, raw) if raw else SlaPolicy()
    if policy.coordinatorSlaPolicy:
        return False
    counted = policy.percentageSlaPolicy or policy.countSlaPolicy
    if counted is None or not _is_production(stores.tasks.config_of(row)):
        return True
    job = TaskFilter(jobs=frozenset([stores.tasks.job_of(row)]), statuses=ACTIVE)
    active = stores.tasks.select(job)
    if len(active) < MIN_INSTANCES_FOR_SLA:
        return True
    others = (other for other in active if other != row)
    up = _running_since(stores, others, now_ms - (counted.durationSecs or 0) * 1000)
    # A policy that would never allow anything allows one instance at a time.
    return up >= min(_required(policy, len(active)), len(active) - 1)


def _is_production(config: bytes) -> bool:
    tier = TIERS.get((TIER.value(config) or DEFAULT_TIER.encode()).decode(errors="replace"))
    return tier is not None and tier.is_production


def _required(policy: SlaPolicy, active: int) -> float:
    """Return how many instances must be up."""
    if policy.percentageSlaPolicy:
        return active * (policy.percentageSlaPolicy.percentage or 0.0) / 100
    return (policy.countSlaPolicy.count or 0) if policy.countSlaPolicy else 0


def _running_since(stores: Stores, rows: Iterable[int], before_ms: int) -> int:
    """Count the tasks that have been running since before this time."""
    tasks = stores.tasks
    running = [row for row in rows if tasks.status[row] == ScheduleStatus.RUNNING]
    return sum(_became_running(raw) < before_ms for _, raw in tasks.partial_records(running))


def _became_running(task: bytes) -> int:
    events = TASK_EVENTS.elements(task)
    times = [EVENT_TIME.value(event) or 0 for event in events if EVENT_STATUS.value(event) == ScheduleStatus.RUNNING]
    return max(times, default=0)
