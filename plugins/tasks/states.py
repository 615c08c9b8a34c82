"""States of tasks, as an operator names them (docs/cli.md 3.9)."""

from __future__ import annotations

from aurora_admin.errors import AdminError


class UnknownState(AdminError):
    """There is no state of that name. The message has a second line with the names, as the original's."""

    is_multiline = True


def states_of(text: str) -> list[str]:
    """Return the states in a list with commas, each once.

    Raises:
        UnknownState: there is no such state.
    """
    from aurora_admin.client.selection import STATUSES

    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in STATUSES:
            raise UnknownState(f"Unknown state '{name}' specified.  Valid states are:\n{','.join(sorted(STATUSES))}")
    return names
