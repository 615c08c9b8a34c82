"""Structs in the types of JSON: objects by the names of the IDL, with the names of enum values."""

from __future__ import annotations

from typing import Any

from aurora_admin.gen.api.ttypes import Mode, ScheduledTask, ScheduleStatus, TaskEvent, Volume
from aurora_admin.wire.struct import Struct

# The C decoder knows no enums: their values are numbers.
ENUMS: dict[tuple[type, str], dict[int, str]] = {
    (ScheduledTask, "status"): ScheduleStatus._VALUES_TO_NAMES,  # noqa: SLF001 - the compiler's name for it
    (TaskEvent, "status"): ScheduleStatus._VALUES_TO_NAMES,  # noqa: SLF001
    (Volume, "mode"): Mode._VALUES_TO_NAMES,  # noqa: SLF001
}
SCALARS = (str, int, float)


def plain(value: Any) -> Any:
    """Return a value in the types of JSON. Fields that are not set are left out; a set is a sorted list.

    >>> plain(TaskEvent(timestamp=1, status=ScheduleStatus.RUNNING))
    {'timestamp': 1, 'status': 'RUNNING'}
    """
    if isinstance(value, SCALARS):  # first, because most values are
        return value
    if isinstance(value, Struct):
        return plain_fields(value)
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, set):
        return sorted(map(plain, value), key=repr)
    return list(map(plain, value))


def plain_fields(struct: Struct) -> dict[str, Any]:
    """Return the fields of a struct that are set, in the order of their numbers, each as `plain` returns it."""
    kind, found = type(struct), dict[str, Any]()
    slots: tuple[str, ...] = kind.__slots__
    for name in slots:
        value = getattr(struct, name)
        if value is not None:
            names = ENUMS.get((kind, name))
            found[name] = names.get(value, value) if names else plain(value)
    return found
