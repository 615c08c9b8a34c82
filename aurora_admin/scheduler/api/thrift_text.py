"""Structs as Java's Thrift prints them in messages: `JobKey(role:www, environment:prod, name:web)` (docs/api.md 0)."""

from typing import Any

from aurora_admin.scheduler.api import java_text
from aurora_admin.scheduler.api.json_form import ENUMS


def text(value: Any) -> str:
    """Return a struct: fields that are set, by their ids. Java has them as they are declared, and sets in any order."""
    kind = type(value)
    given = [(spec[2], getattr(value, spec[2])) for spec in filter(None, kind.thrift_spec)]
    members = (f"{name}:{_member(one, ENUMS.get((kind, name)))}" for name, one in given if one is not None)
    return f"{kind.__name__}({', '.join(members)})"


def _member(value: Any, enum: Any) -> str:
    if hasattr(value, "thrift_spec"):
        return text(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_member(one, None)}' for key, one in value.items())}}}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return f"[{', '.join(_member(one, enum) for one in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return java_text.double(value)
    return str(value if enum is None else enum._VALUES_TO_NAMES.get(value, value))  # noqa: SLF001  the compiler's name
