"""One section of the state: its records by their keys."""

from collections.abc import Hashable, ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Generic, TypeVar, cast

from aurora_admin.snapshot.records import keyed_record
from aurora_admin.snapshot.upgrade import Upgrader

Key = TypeVar("Key", bound=Hashable)


class Store(Mapping[Key, bytes], Generic[Key]):
    """The records of one section of a snapshot, each as the bytes of its struct in the current format.

    Only `replay.apply` and the loading of a snapshot call `save`, `remove` and `fill`; everything else reads, under
    the lock of the storage. Two things are safe without the lock: `len()`, and a record once it was handed out, as a
    record is replaced and never changed.

    Attributes:
        section: the id of the snapshot's field that holds these records.
    """

    def __init__(self, section: int, upgrader: Upgrader) -> None:
        self.section = section
        self._upgrader = upgrader
        self._records: dict[Any, bytes] = {}

    def __getitem__(self, key: Key) -> bytes:
        return self._current()[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, key: object) -> bool:
        return key in self._records

    def items(self) -> ItemsView[Key, bytes]:
        return self._current().items()

    def values(self) -> ValuesView[bytes]:
        return self._current().values()

    def copy(self) -> dict[Hashable, bytes]:
        """Return the records as they are now."""
        return self._current().copy()

    def save(self, raw: bytes) -> Key:
        """Add a record, or replace the one with the same key; return the key.

        Raises:
            WireError: it is malformed, or has no key.
        """
        found, record = keyed_record(self.section, raw, self._upgrader)
        key = cast(Key, found)
        self._records[key] = record
        return key

    def remove(self, key: Key) -> None:
        """Remove a record; an unknown key is ignored."""
        self._records.pop(key, None)

    def fill(self, records: dict[Any, bytes]) -> None:
        """Take over the records of a snapshot, by their keys and in the current format; the store must be new."""
        self._records = records

    def _current(self) -> dict[Any, bytes]:
        """Return the records for reading; where a subclass defers changes, they are made now."""
        return self._records
