"""Job updates that have not ended: what they hold back, and what they take (docs/api.md 1.1 and 1.5)."""

from typing import NamedTuple, cast

from aurora_admin.gen.api.constants import ACTIVE_JOB_UPDATE_STATES
from aurora_admin.gen.api.ttypes import ResponseCode
from aurora_admin.scheduler.api.demand import elements, integer
from aurora_admin.scheduler.api.response import Refusal
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.sections import JOB_UPDATES
from aurora_admin.snapshot.task_table import JobName
from aurora_admin.wire import fields

# Paths inside a StoredJobUpdateDetails.
EVENTS = (1, 2)
INITIAL_STATE = (1, 1, 2, 1)
DESIRED_STATE = (1, 1, 2, 2)
EVENT_STATUS = 1
# An InstanceTaskConfig and its Ranges.
CONFIG, RANGES = 1, 2
FIRST, LAST = 1, 2


class Group(NamedTuple):
    """Instances that share a config; a range ends with its last member."""

    config: bytes
    ranges: list[tuple[int, int]]

    @property
    def instances(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)


class Update(NamedTuple):
    """What an update replaces, and by what; `desired` is empty where instances only go away."""

    initial: list[Group]
    desired: list[Group]

    def has(self, instance: int) -> bool:
        """Tell whether the update works on this instance."""
        ranges = (span for group in (*self.initial, *self.desired) for span in group.ranges)
        return any(first <= instance <= last for first, last in ranges)


def check_not_updating(stores: Stores, key: JobName) -> None:
    """Hold back what must not happen to a job while it is being updated.

    Raises:
        Refusal: it has an update that has not ended, paused ones included.
    """
    if any(job == key and _is_active(raw) for (job, _), raw in _records(stores).items()):
        raise Refusal(ResponseCode.JOB_UPDATING_ERROR, "Job is currently updating")


def active_updates(stores: Stores, role: bytes) -> dict[JobName, Update]:
    """Return the updates of a role that have not ended; a job has one at most."""
    return {job: _update(raw) for (job, _), raw in _records(stores).items() if job.role == role and _is_active(raw)}


def _records(stores: Stores) -> dict[tuple[JobName, bytes], bytes]:
    return cast(dict[tuple[JobName, bytes], bytes], stores.sections[JOB_UPDATES])


def _is_active(raw: bytes) -> bool:
    """An update is where its latest event took it; the state in its summary is only for show."""
    events = elements(fields.get(raw, *EVENTS))
    status = fields.get(events[-1], EVENT_STATUS) if events else None
    return status is not None and integer(status) in ACTIVE_JOB_UPDATE_STATES


def _update(raw: bytes) -> Update:
    initial, desired = fields.get(raw, *INITIAL_STATE), fields.get(raw, *DESIRED_STATE)
    return Update([_group(item) for item in elements(initial)], [_group(desired)] if desired else [])


def _group(raw: bytes) -> Group:
    return Group(fields.get(raw, CONFIG) or b"\x00", [_range(item) for item in elements(fields.get(raw, RANGES))])


def _range(raw: bytes) -> tuple[int, int]:
    first, last = (integer(fields.get(raw, number) or b"") for number in (FIRST, LAST))
    return first, last
