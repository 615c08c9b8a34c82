"""A job update whose events are being added to, put together once at the end (docs/storage.md 2.4)."""

from aurora_admin.snapshot.consistency import LOCK_TOKEN
from aurora_admin.snapshot.upgrade import EVENTS, INSTANCE_EVENTS, Upgrader
from aurora_admin.wire.path import Path


class History:
    """A StoredJobUpdateDetails and the events that came after it was stored."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._added: dict[Path, list[bytes]] = {EVENTS: [], INSTANCE_EVENTS: []}

    def add(self, event: bytes) -> None:
        """Add a JobUpdateEvent."""
        self._added[EVENTS].append(event)

    def add_instance(self, event: bytes) -> None:
        """Add a JobInstanceUpdateEvent."""
        self._added[INSTANCE_EVENTS].append(event)

    def record(self) -> bytes:
        """Return the record: events by their times, those of one time as they came, and the state that they make."""
        raw = self._raw
        for field, events in self._added.items():
            if events:
                raw = field.put_elements(raw, field.elements(raw) + events)
        return Upgrader().update(raw)

    @staticmethod
    def tells_a_lock(raw: bytes) -> bool:
        """Tell whether a stored job update has the token of a lock."""
        return LOCK_TOKEN.get(raw) is not None
