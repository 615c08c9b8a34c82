"""The records of a section by their keys, and keys as text."""

from collections.abc import Hashable, Iterable, MutableMapping
from typing import Any

from aurora_admin.snapshot.sections import SECTIONS
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire import codec
from aurora_admin.wire.errors import WireError, printable

# The records of one section, and of all sections by their field ids in a snapshot.
Records = dict[Hashable, bytes]
Sections = MutableMapping[int, Records]
MOST_NAMED = 5


def keyed_record(number: int, raw: bytes, upgrader: Upgrader, decoded: Any = None) -> tuple[Hashable, bytes]:
    """Return the key of a section's record, and the upgraded record.

    `decoded` is the record as a slim struct, if the caller has it.

    Raises:
        WireError: the record has no key or cannot be upgraded.
    """
    section = SECTIONS[number]
    upgraded = upgrader.record(number, raw)
    if decoded is None or upgraded is not raw:
        decoded = codec.decode(section.slim, upgraded)
    try:
        return section.key(decoded), upgraded
    except AttributeError:
        raise WireError(f"a record of the {section.name} has no key", 0) from None


def format_keys(keys: Iterable[Hashable]) -> str:
    """Return the first few keys in sorted order as text."""
    names = sorted(format_key(key) for key in keys)
    return ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")


def format_key(key: Any) -> str:
    """Return the key of a record as text."""
    if isinstance(key, tuple):
        return "/".join(format_key(part) for part in key)
    return printable(key) if isinstance(key, bytes) else "one without a job"
