"""The format language of query (docs/cli.md 4.2): `%role%/%name%`, and what Python does with a % and a dictionary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aurora_admin.errors import AdminError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

DEFAULT = "%role%/%name%/%instanceId% %status%"
WORD = re.compile(r"%(\w+)%", re.ASCII)
# A format of nothing but named fields, with a width if need be: the names are all that it needs to know of a task.
NAMED = re.compile(r"(?:[^%]|%%|%\(\w+\)[- 0-9]*[sd])*", re.ASCII)
NAME = re.compile(r"%%|%\((\w+)\)", re.ASCII)


class UnknownField(AdminError):
    """The format has a field that the tasks do not have. A second line has those that they have, as the original's."""

    is_multiline = True


class ListFormat:
    """A format, as it was typed.

    >>> ListFormat("%role%: %(instanceId)03d %%").line({"role": "www", "instanceId": 7})
    'www: 007 %'
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._converted = WORD.sub(r"%(\1)s", text)

    def needs_only(self, known: Collection[str]) -> bool:
        """Return whether these fields of a task are all that the format needs.

        >>> ListFormat("%role%").needs_only({"role"}), ListFormat("%role% %(all)s %s").needs_only({"role", "all"})
        (True, False)
        """
        names = (match[1] for match in NAME.finditer(self._converted))
        return bool(NAMED.fullmatch(self._converted)) and all(name is None or name in known for name in names)

    def line(self, fields: Mapping[str, Any]) -> str:
        """Return the line of a task.

        Raises:
            UnknownField: the task does not have a field.
            AdminError: the format is invalid.
        """
        try:
            return self._converted % fields
        except KeyError:
            text = f"Unknown key in format string.  Valid keys are:\n{','.join(sorted(fields))}"
            raise UnknownField(text) from None
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            problem = str(error) or "a number in it is too large"
            text = f"The format {self.text!r} cannot be used: {problem}. Write a per cent sign as %%"
            raise AdminError(text) from error
