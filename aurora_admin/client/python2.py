"""Values as Python 2, the original's, displayed them: `set([u'a'])`, `Metadata(value=u'2', key=u'v')`.

Scripts read these texts. Where the original's order depended on hash values, that of sets and dictionaries, it is
sorted here (docs/cli.md 8, Q38).
"""

from typing import Any

from aurora_admin.wire.struct import Struct

# The order in which Python 2 displayed the fields of these structs. The others have theirs by number.
ORDERS = {
    "JobKey": ("environment", "role", "name"),
    "MesosFetcherURI": ("outputFile", "cache", "extract", "value"),
    "Metadata": ("value", "key"),
    "Resource": ("ramMb", "numGpus", "namedPort", "diskMb", "numCpus"),
    "TaskConstraint": ("limit", "value"),
    "TaskEvent": ("status", "timestamp", "message", "scheduler"),
    "Volume": ("hostPath", "containerPath", "mode"),
}


def display(value: object) -> str:
    r"""Return a value as repr() of Python 2 did.

    >>> display({"http": 31000, "é": None}), display({"b", "a"}), display([True, 0.5])
    ("{u'\\xe9': None, u'http': 31000}", "set([u'a', u'b'])", '[True, 0.5]')
    """
    if isinstance(value, str):
        return f"u{value!a}"
    if isinstance(value, list):
        return f"[{', '.join(map(display, value))}]"
    if isinstance(value, set):
        return f"set([{', '.join(sorted(map(display, value)))}])"
    if isinstance(value, dict):
        return f"{{{', '.join(sorted(f'{display(key)}: {display(item)}' for key, item in value.items()))}}}"
    return _struct(value) if isinstance(value, Struct) else repr(value)


def _struct(value: Struct) -> str:
    name = type(value).__name__
    slots: tuple[str, ...] = type(value).__slots__
    order = ORDERS.get(name, slots)
    # What no release of the original knew, as Resource.ipAddr, is shown only if it is set.
    newer = tuple(slot for slot in slots if slot not in order and getattr(value, slot) is not None)
    return f"{name}({', '.join(f'{slot}={display(getattr(value, slot))}' for slot in order + newer)})"


class Text(str):
    """A text that `%s` shows as it is, and `%r` as Python 2 did."""

    __slots__ = ()

    def __repr__(self) -> str:
        return display(str(self))


class Shown:
    """A list, set, dictionary or struct that `%s` and `%r` show as Python 2 did; the text is made only if needed."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        return display(self._value)
