"""The state of a job update, which follows from its events (rule 18 of docs/wire.md 3.3)."""

from typing import Any, NamedTuple

from aurora_admin.gen.api.ttypes import JobUpdate, JobUpdateState
from aurora_admin.wire import fields
from aurora_admin.wire.path import path

STATE = path(JobUpdate, "summary.state")
STATUS = path(JobUpdateState, "status")
CREATED = path(JobUpdateState, "createdTimestampMs")
MODIFIED = path(JobUpdateState, "lastModifiedTimestampMs")


class UpdateState(NamedTuple):
    """A JobUpdateState; times are in ms since the epoch, and None is a missing field."""

    status: int | None = None
    created_ms: int | None = None
    modified_ms: int | None = None


def state_from_events(details: Any) -> UpdateState:
    """Return the state of a slim JobUpdateDetails as its events imply it."""
    events = sorted(details.updateEvents or (), key=lambda event: event.timestampMs or 0)
    times = [event.timestampMs or 0 for event in (*events[-1:], *(details.instanceEvents or ()))]
    if not events:
        return UpdateState(modified_ms=max(times, default=None))
    return UpdateState(events[-1].status or 0, events[0].timestampMs or 0, max(times))


def stored_state(summary: Any) -> UpdateState:
    """Return the state that a slim JobUpdateSummary has."""
    state = summary.state
    if state is None:
        return UpdateState()
    return UpdateState(state.status, state.createdTimestampMs, state.lastModifiedTimestampMs)


def put_state(update: bytes, state: UpdateState) -> bytes:
    """Return the encoded JobUpdate with this state in its summary; unknown fields of the old state stay."""
    raw = STATE.get(update) or fields.STOP
    parts = ((STATUS, fields.i32, state.status), (CREATED, fields.i64, state.created_ms))
    for field, encode, value in (*parts, (MODIFIED, fields.i64, state.modified_ms)):
        raw = field.drop(raw) if value is None else field.put(raw, encode(value))
    return STATE.put(update, raw)
