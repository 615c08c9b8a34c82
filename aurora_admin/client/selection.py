"""Which tasks a call is about: a TaskQuery in the words of the command line (docs/api.md 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from aurora_admin.errors import AdminError
from aurora_admin.gen.api.constants import ACTIVE_STATES, LIVE_STATES, TERMINAL_STATES
from aurora_admin.gen.api.ttypes import JobKey, ScheduleStatus, TaskQuery

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

T = TypeVar("T")
NUMBERS: dict[str, int] = ScheduleStatus._NAMES_TO_VALUES  # noqa: SLF001 - the compiler's name for it
NAMES: dict[int, str] = ScheduleStatus._VALUES_TO_NAMES  # noqa: SLF001


def _names(numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(NAMES[number] for number in sorted(numbers))


ACTIVE, LIVE, TERMINAL = _names(ACTIVE_STATES), _names(LIVE_STATES), _names(TERMINAL_STATES)


def states_of(text: str) -> list[str]:
    """Return the states in a list with commas, each once (docs/cli.md 3.9).

    Raises:
        AdminError: there is no such state. The message has a second line with the names, as the original's.
    """
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in NUMBERS:
            error = AdminError(f"Unknown state '{name}' specified.  Valid states are:\n{','.join(sorted(NUMBERS))}")
            error.is_multiline = True
            raise error
    return names


class Selection(NamedTuple):
    """Tasks that meet all of these conditions. None is no condition, and so is an empty collection.

    Attributes:
        statuses: names of states.
        jobs: keys of jobs: role, environment and name.
        limit: the scheduler takes no more tasks than this.
    """

    statuses: Collection[str] | None = None
    role: str | None = None
    environment: str | None = None
    job: str | None = None
    instances: Collection[int] | None = None
    task_ids: Collection[str] | None = None
    hosts: Collection[str] | None = None
    jobs: Collection[tuple[str, str, str]] | None = None
    limit: int | None = None

    def query(self) -> TaskQuery:
        """Return the TaskQuery; what has no condition is not set."""
        return TaskQuery(
            role=self.role,
            environment=self.environment,
            jobName=self.job,
            taskIds=_set(self.task_ids),
            statuses=None if self.statuses is None else {NUMBERS[name] for name in self.statuses},
            instanceIds=_set(self.instances),
            slaveHosts=_set(self.hosts),
            jobKeys=None if self.jobs is None else {JobKey(*key) for key in self.jobs},
            limit=self.limit,
        )


def _set(values: Collection[T] | None) -> set[T] | None:
    return None if values is None else set(values)
