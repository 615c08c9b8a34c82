"""A job update whose events are being added to, put together once at the end (docs/storage.md 2.4)."""

from thrift.Thrift import TType

from aurora_admin.snapshot.upgrade import EVENTS, INSTANCE_EVENTS, Upgrader, elements
from aurora_admin.wire import fields

LOCK_TOKEN = 2


class History:
    """A StoredJobUpdateDetails and the events that came after it was stored."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._added: dict[tuple[int, int], list[bytes]] = {EVENTS: [], INSTANCE_EVENTS: []}

    def add(self, event: bytes) -> None:
        """Add a JobUpdateEvent."""
        self._added[EVENTS].append(event)

    def add_instance(self, event: bytes) -> None:
        """Add a JobInstanceUpdateEvent."""
        self._added[INSTANCE_EVENTS].append(event)

    def record(self) -> bytes:
        """Return the record: events by their times, those of one time as they came, and the state that they make."""
        raw = self._raw
        for path, events in self._added.items():
            if events:
                whole = fields.container(TType.STRUCT, elements(raw, *path) + events)
                raw = fields.put(raw, path, TType.LIST, whole)
        return Upgrader().update(raw)

    @staticmethod
    def tells_a_lock(raw: bytes) -> bool:
        """Tell whether a stored job update has the token of a lock."""
        return fields.get(raw, LOCK_TOKEN) is not None
