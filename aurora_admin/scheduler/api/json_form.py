"""Structs as /apibeta has them: objects with the names of the fields, and enums by name (docs/api.md 5.4)."""

import math
import sys
from collections.abc import Mapping
from typing import Any

from thrift.Thrift import TType

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.api.AuroraAdmin import forceTaskState_args
from aurora_admin.scheduler.api.java_text import double

# The generated code has enums as numbers. This says which fields, or their elements, are of which enum.
ENUMS: Mapping[tuple[Any, str], Any] = {
    (api.Volume, "mode"): api.Mode,
    (api.JobConfiguration, "cronCollisionPolicy"): api.CronCollisionPolicy,
    (api.TaskEvent, "status"): api.ScheduleStatus,
    (api.ScheduledTask, "status"): api.ScheduleStatus,
    (api.TaskQuery, "statuses"): api.ScheduleStatus,
    (api.HostAttributes, "mode"): api.MaintenanceMode,
    (api.HostStatus, "mode"): api.MaintenanceMode,
    (api.JobUpdateState, "status"): api.JobUpdateStatus,
    (api.JobUpdateEvent, "status"): api.JobUpdateStatus,
    (api.JobInstanceUpdateEvent, "action"): api.JobUpdateAction,
    (api.JobUpdateQuery, "updateStatuses"): api.JobUpdateStatus,
    (api.PulseJobUpdateResult, "status"): api.JobUpdatePulseStatus,
    (api.Response, "responseCode"): api.ResponseCode,
    (forceTaskState_args, "status"): api.ScheduleStatus,
}
LARGEST_DOUBLE = sys.float_info.max
BITS = {TType.BYTE: 8, TType.I16: 16, TType.I32: 32, TType.I64: 64}


class JsonFormError(Exception):
    """A value does not have the type of its field; the text says which."""


def to_json(value: Any) -> dict[str, Any]:
    """Return the object of a struct; fields that are not set are left out."""
    kind = type(value)
    fields = ((spec, getattr(value, spec[2])) for spec in filter(None, kind.thrift_spec))
    return {spec[2]: _shown(member, ENUMS.get((kind, spec[2]))) for spec, member in fields if member is not None}


def _shown(value: Any, enum: Any) -> Any:
    if hasattr(value, "thrift_spec"):
        return to_json(value)
    if isinstance(value, dict):
        return {str(key): _shown(member, enum) for key, member in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_shown(element, enum) for element in value]
    if isinstance(value, float):
        return number(value)
    return value if enum is None else enum._VALUES_TO_NAMES.get(value, value)  # noqa: SLF001  the compiler's name


def number(value: float) -> float | str:
    """Return a double as JSON has it: NaN and the infinities, which it has not, are the texts that Java prints."""
    return value if math.isfinite(value) else double(value)


def from_json(kind: Any, document: Any) -> Any:
    """Return the struct of an object; members that the struct does not have are ignored.

    Raises:
        JsonFormError: it is no object, or a member has another type than its field.
    """
    if not isinstance(document, dict):
        raise JsonFormError(f"expected an object for {kind.__name__}, not {_brief(document)}")
    return kind(**{spec[2]: field_from_json(kind, spec[2], document.get(spec[2])) for spec in _given(kind, document)})


def _given(kind: Any, document: dict[str, Any]) -> list[Any]:
    return [spec for spec in filter(None, kind.thrift_spec) if document.get(spec[2]) is not None]


def field_from_json(kind: Any, name: str, value: Any) -> Any:
    """Return the value of one field of a struct.

    Raises:
        JsonFormError: the value has another type than the field.
    """
    spec = next(one for one in kind.thrift_spec if one and one[2] == name)
    enum = ENUMS.get((kind, name))
    return None if value is None else _value(spec[1], spec[3], value, enum)


def _value(ttype: int, inner: Any, value: Any, enum: Any) -> Any:
    if enum is not None and ttype == TType.I32:
        return _enum_number(enum, value)
    if ttype == TType.STRUCT:
        return from_json(inner[0], value)
    if ttype in (TType.LIST, TType.SET) and isinstance(value, list):
        elements = [_value(inner[0], inner[1], element, enum) for element in value]
        return elements if ttype == TType.LIST else set(elements)
    if ttype == TType.MAP and isinstance(value, dict):
        return {key: _value(inner[2], inner[3], member, enum) for key, member in value.items()}
    return _scalar(ttype, value)


def _enum_number(enum: Any, value: Any) -> int:
    numbers = enum._NAMES_TO_VALUES  # noqa: SLF001  the compiler's name
    found = numbers.get(value) if isinstance(value, str) else None
    if found is None:
        raise JsonFormError(f"{_brief(value)} is not the name of a {enum.__name__}")
    return int(found)


def _scalar(ttype: int, value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if ttype == TType.STRING and isinstance(value, str):
        return value
    if ttype == TType.BOOL and isinstance(value, bool):
        return value
    if ttype == TType.DOUBLE and (is_number or isinstance(value, float)) and abs(value) <= LARGEST_DOUBLE:
        return float(value)
    if ttype in BITS and is_number and -(1 << BITS[ttype] - 1) <= value < 1 << BITS[ttype] - 1:
        return value
    raise JsonFormError(f"{_brief(value)} has another type than its field")


def _brief(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
