"""The job updates, with the events that were added since they were last read (docs/storage.md 2.4)."""

from collections import defaultdict
from typing import Any

from aurora_admin.scheduler.state.store import Store
from aurora_admin.snapshot.paths import INSTANCE_EVENTS, UPDATE_EVENTS
from aurora_admin.snapshot.sections import JOB_UPDATES
from aurora_admin.snapshot.task_table import JobName
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire.path import Path

# A job, and the id of the update.
UpdateKey = tuple[JobName, bytes]


class JobUpdates(Store[UpdateKey]):
    """The job updates.

    Events that are added wait until a record is read next, and are merged into their records then: a replay adds
    thousands to one update, and a merge encodes all of its events anew. So a read may change this store. Reads take the
    lock of the storage, as those of every store.
    """

    def __init__(self, upgrader: Upgrader) -> None:
        super().__init__(JOB_UPDATES, upgrader)
        self._waiting: defaultdict[UpdateKey, dict[Path, list[bytes]]] = defaultdict(_no_events)

    def save(self, raw: bytes) -> UpdateKey:
        """Add a job update, or replace the one with the same key together with its events; return the key."""
        key = super().save(raw)
        self._waiting.pop(key, None)
        return key

    def remove(self, key: UpdateKey) -> None:
        super().remove(key)
        self._waiting.pop(key, None)

    def add_event(self, key: UpdateKey, event: bytes) -> None:
        """Add a JobUpdateEvent to a job update that is there."""
        self._waiting[key][UPDATE_EVENTS].append(event)

    def add_instance_event(self, key: UpdateKey, event: bytes) -> None:
        """Add a JobInstanceUpdateEvent to a job update that is there."""
        self._waiting[key][INSTANCE_EVENTS].append(event)

    def _current(self) -> dict[Any, bytes]:
        for key, events in self._waiting.items():
            self._records[key] = _with_events(self._records[key], events)
        self._waiting.clear()
        return self._records


def _no_events() -> dict[Path, list[bytes]]:
    return {UPDATE_EVENTS: [], INSTANCE_EVENTS: []}


def _with_events(raw: bytes, added: dict[Path, list[bytes]]) -> bytes:
    """Return the record with more events.

    Events are sorted by time; events with the same time keep their order of arrival. The state of the update follows
    from them.
    """
    for member, events in added.items():
        if events:
            raw = member.put_elements(raw, member.elements(raw) + events)
    return Upgrader().update(raw)
