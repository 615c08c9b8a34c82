"""What the tasks, job updates and cron jobs of a role take of what quotas count (docs/api.md 1.5)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product
from typing import cast

from aurora_admin.gen.api import constants
from aurora_admin.scheduler.api.demand import Amounts, QuotaClass, demand, integer
from aurora_admin.scheduler.api.updates import Group, Update, active_updates
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.sections import CRON_JOBS
from aurora_admin.snapshot.task_table import JobName, TaskFilter
from aurora_admin.wire import fields

ACTIVE = frozenset(constants.ACTIVE_STATES)
# Paths inside a StoredCronJob.
CRON_CONFIG, CRON_INSTANCES = (3, 6), (3, 8)

# How many instances run which config.
Counts = Counter[bytes]
Consumption = dict[QuotaClass, Amounts]


def consumption(stores: Stores, role: bytes) -> Consumption:
    """Return what a role takes, for every class.

    An update takes what it replaces, or what it makes if that is more; a cron job what its next run will take, or what
    runs of it if that is more.
    """
    meter = _Meter()
    updates, crons = active_updates(stores, role), _crons(stores, role)
    running = _running(stores, role, updates)
    for key in running.keys() - crons.keys():
        meter.add(meter.measure(running[key]))
    for update in updates.values():
        before, after = (meter.measure(_counts(groups)) for groups in update)
        meter.add({kind: before[kind].or_more(after[kind]) for kind in meter.total})
    for key, template in crons.items():
        now = meter.measure(running[key])
        meter.add({kind: amounts.or_more(now[kind]) for kind, amounts in meter.measure(template).items()})
    return meter.total


class _Meter:
    """Adds up by class; each distinct config is read once."""

    def __init__(self) -> None:
        self._demand = cache(demand)
        self.total: Consumption = {QuotaClass(*kind): Amounts() for kind in product((True, False), repeat=2)}

    def measure(self, counts: Mapping[bytes, int]) -> defaultdict[QuotaClass, Amounts]:
        found: defaultdict[QuotaClass, Amounts] = defaultdict(Amounts)
        for config, instances in counts.items():
            kind, amounts = self._demand(config)
            found[kind] = found[kind].plus(amounts.times(instances))
        return found

    def add(self, used: Consumption) -> None:
        for kind, amounts in used.items():
            self.total[kind] = self.total[kind].plus(amounts)


def _running(stores: Stores, role: bytes, updates: Mapping[JobName, Update]) -> defaultdict[JobName, Counts]:
    """Count the active tasks of a role by job and config, but for those that an update works on."""
    found: defaultdict[JobName, Counts] = defaultdict(Counter)
    tasks = stores.tasks
    for row in tasks.select(TaskFilter(role=role, statuses=ACTIVE)):
        key = tasks.job_of(row)
        if key not in updates or not updates[key].has(tasks.instance[row]):
            found[key][tasks.config_of(row)] += 1
    return found


def _counts(groups: Iterable[Group]) -> Counts:
    found: Counts = Counter()
    for group in groups:
        found[group.config] += group.instances
    return found


def _crons(stores: Stores, role: bytes) -> dict[JobName, Counts]:
    """Return the cron jobs of a role: what each starts at a time."""
    records = cast(dict[JobName, bytes], stores.sections[CRON_JOBS])
    return {key: _template(raw) for key, raw in records.items() if key.role == role}


def _template(raw: bytes) -> Counts:
    config, instances = fields.get(raw, *CRON_CONFIG), fields.get(raw, *CRON_INSTANCES)
    return Counter({config or b"\x00": integer(instances or b"")})
