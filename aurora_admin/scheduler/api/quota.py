"""What the tasks, job updates and cron jobs of a role take of its quota, and the check of that (docs/api.md 1.5)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product
from typing import NamedTuple

from aurora_admin.gen.storage.ttypes import StoredCronJob
from aurora_admin.scheduler.api import java_text
from aurora_admin.scheduler.api.active_updates import ActiveUpdate, InstanceGroup, active_updates
from aurora_admin.scheduler.api.outcome import invalid_request
from aurora_admin.scheduler.api.resources import LIMITED_BY_QUOTA, QuotaClass, ResourceAmounts, amounts_of, demand
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.transitions import ACTIVE
from aurora_admin.snapshot.paths import CRON_CONFIG, QUOTA_RESOURCES
from aurora_admin.snapshot.task_table import JobName, TaskFilter
from aurora_admin.wire import fields
from aurora_admin.wire.path import path

CRON_INSTANCES = path(StoredCronJob, "jobConfiguration.instanceCount")

# How many instances run each config.
InstanceCounts = Counter[bytes]
Consumption = dict[QuotaClass, ResourceAmounts]


def check_quota(stores: Stores, role: bytes, config: bytes, instances: int) -> None:
    """Check new instances against the quota of their role, if they are of the class that it limits.

    Raises:
        Refusal: the quota does not suffice.
    """
    quota_class, each = demand(config)
    if quota_class != LIMITED_BY_QUOTA:
        return
    record = stores.quotas.get(role)
    quota = amounts_of(QUOTA_RESOURCES.elements(record)) if record else ResourceAmounts()
    lacking = consumption(claims(stores, role))[quota_class].plus(each.times(instances)).plus(quota.times(-1))
    items = [
        f"{name} quota exceeded by {java_text.fixed(amount)} {unit}"
        for name, unit, amount in zip(("CPU", "RAM", "disk"), ("core(s)", "MB", "MB"), lacking, strict=True)
        # A quota of NaN suffices for nothing: compared the other way round it would be no limit.
        if not amount <= 0
    ]
    if items:
        raise invalid_request(f"Insufficient resource quota: {'; '.join(items)}")


class Claims(NamedTuple):
    """What counts against the quota of a role, by job; it is not added up yet.

    Attributes:
        running: the active tasks, without the instances that updates work on.
        updates: the active updates.
        crons: what one run of each cron job starts.
    """

    running: defaultdict[JobName, InstanceCounts]
    updates: Mapping[JobName, ActiveUpdate]
    crons: Mapping[JobName, InstanceCounts]


def claims(stores: Stores, role: bytes) -> Claims:
    """Return what counts against the quota of a role now."""
    updates = active_updates(stores, role)
    return Claims(_running(stores, role, updates), updates, _cron_jobs(stores, role))


def consumption(found: Claims) -> Consumption:
    """Return what a role takes in each class; this takes longer than `claims`, and needs no lock.

    A job under update counts, for each resource, the larger of its old and new amounts. A cron job counts the larger of
    its next run and its active tasks.
    """
    total = _Total()
    running, updates, crons = found
    for key in running.keys() - crons.keys():
        total.add(total.amounts(running[key]))
    for update in updates.values():
        before, after = (total.amounts(_instance_counts(groups)) for groups in update)
        total.add({kind: before[kind].maximum(after[kind]) for kind in total.consumption})
    for key, next_run in crons.items():
        now = total.amounts(running[key])
        total.add({kind: amounts.maximum(now[kind]) for kind, amounts in total.amounts(next_run).items()})
    return total.consumption


class _Total:
    """Consumption, added up by class; each distinct config is decoded once."""

    def __init__(self) -> None:
        self._demand = cache(demand)
        self.consumption: Consumption = {
            QuotaClass(*kind): ResourceAmounts() for kind in product((True, False), repeat=2)
        }

    def amounts(self, counts: Mapping[bytes, int]) -> defaultdict[QuotaClass, ResourceAmounts]:
        """Return what these instances take, without adding it."""
        found: defaultdict[QuotaClass, ResourceAmounts] = defaultdict(ResourceAmounts)
        for config, instances in counts.items():
            kind, each = self._demand(config)
            found[kind] = found[kind].plus(each.times(instances))
        return found

    def add(self, amounts: Consumption) -> None:
        for kind, added in amounts.items():
            self.consumption[kind] = self.consumption[kind].plus(added)


def _running(
    stores: Stores, role: bytes, updates: Mapping[JobName, ActiveUpdate]
) -> defaultdict[JobName, InstanceCounts]:
    """Count the active tasks of a role by job and config, without the instances that updates work on.

    Only the tasks of jobs under update are looked at.
    """
    found: defaultdict[JobName, InstanceCounts] = defaultdict(Counter)
    tasks = stores.tasks
    for number, configs in tasks.active_configs(role):
        key = tasks.job_names[number]
        counts = _without(updates[key], tasks, key) if key in updates else configs
        for config, count in counts.items():
            found[key][tasks.configs.raw[config]] += count
    return found


def _without(update: ActiveUpdate, tasks: LiveTasks, key: JobName) -> Mapping[int, int]:
    """Count the active tasks of a job by config, without the instances that its update works on."""
    rows = tasks.select(TaskFilter(jobs=frozenset([key]), statuses=ACTIVE))
    return Counter(tasks.config[row] for row in rows if not update.has(tasks.instance[row]))


def _instance_counts(groups: Iterable[InstanceGroup]) -> InstanceCounts:
    found: InstanceCounts = Counter()
    for group in groups:
        found[group.config] += group.instances
    return found


def _cron_jobs(stores: Stores, role: bytes) -> dict[JobName, InstanceCounts]:
    """Return for each cron job of a role what one run starts."""
    return {key: _one_run(raw) for key, raw in stores.cron_jobs.items() if key.role == role}


def _one_run(cron_job: bytes) -> InstanceCounts:
    return Counter({CRON_CONFIG.get(cron_job) or fields.STOP: CRON_INSTANCES.value(cron_job) or 0})
