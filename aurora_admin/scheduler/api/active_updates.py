"""Job updates that have not ended: what they hold back, and which instances they work on (docs/api.md 1.1 and 1.5)."""

from typing import NamedTuple

from aurora_admin.gen.api.constants import ACTIVE_JOB_UPDATE_STATES
from aurora_admin.gen.api.ttypes import JobUpdateEvent, Range, ResponseCode
from aurora_admin.gen.storage.ttypes import StoredJobUpdateDetails
from aurora_admin.scheduler.api.outcome import Refusal
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.paths import GROUP_CONFIG, GROUP_RANGES, UPDATE_EVENTS
from aurora_admin.snapshot.task_table import JobName
from aurora_admin.wire import fields
from aurora_admin.wire.path import path

INITIAL_STATE = path(StoredJobUpdateDetails, "details.update.instructions.initialState")
DESIRED_STATE = path(StoredJobUpdateDetails, "details.update.instructions.desiredState")
UPDATE_STATUS = path(JobUpdateEvent, "status")
RANGE_FIRST = path(Range, "first")
RANGE_LAST = path(Range, "last")


class InstanceGroup(NamedTuple):
    """Instances that share a config, as pairs of the first and the last instance of a range."""

    config: bytes
    ranges: list[tuple[int, int]]

    @property
    def instances(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)


class ActiveUpdate(NamedTuple):
    """The configs before and after an update; `desired` is empty if the update only removes instances."""

    initial: list[InstanceGroup]
    desired: list[InstanceGroup]

    def has(self, instance: int) -> bool:
        """Return whether the update works on this instance."""
        ranges = (limits for group in (*self.initial, *self.desired) for limits in group.ranges)
        return any(first <= instance <= last for first, last in ranges)


def check_not_updating(stores: Stores, key: JobName) -> None:
    """Refuse to change a job while an update of it is active, paused ones included.

    Raises:
        Refusal: it has an active update.
    """
    if any(job == key and _is_active(raw) for (job, _), raw in stores.job_updates.items()):
        raise Refusal(ResponseCode.JOB_UPDATING_ERROR, "Job is currently updating")


def active_updates(stores: Stores, role: bytes) -> dict[JobName, ActiveUpdate]:
    """Return the active updates of a role; a job has one at most."""
    return {
        job: _active_update(raw) for (job, _), raw in stores.job_updates.items() if job.role == role and _is_active(raw)
    }


def _is_active(raw: bytes) -> bool:
    """Return whether the update is active after its latest event; the state in its summary is only for display."""
    events = UPDATE_EVENTS.elements(raw)
    return bool(events) and UPDATE_STATUS.value(events[-1]) in ACTIVE_JOB_UPDATE_STATES


def _active_update(raw: bytes) -> ActiveUpdate:
    desired = DESIRED_STATE.get(raw)
    return ActiveUpdate(list(map(_group, INITIAL_STATE.elements(raw))), [_group(desired)] if desired else [])


def _group(raw: bytes) -> InstanceGroup:
    ranges = [(RANGE_FIRST.value(item) or 0, RANGE_LAST.value(item) or 0) for item in GROUP_RANGES.elements(raw)]
    return InstanceGroup(GROUP_CONFIG.get(raw) or fields.STOP, ranges)
