"""TaskQueries and job keys, checked, and in the form that the task tables take (docs/api.md 2)."""

from collections.abc import Iterable, Sequence

from aurora_admin.gen.api import constants
from aurora_admin.gen.api.ttypes import JobKey, ScheduleStatus, TaskQuery
from aurora_admin.scheduler.api import java_text
from aurora_admin.scheduler.api.outcome import error
from aurora_admin.snapshot.task_table import JobName, TaskFilter
from aurora_admin.snapshot.upgrade import IDENTIFIER

STATUSES = frozenset((*constants.ACTIVE_STATES, *constants.TERMINAL_STATES, ScheduleStatus.INIT))


def is_identifier(text: str | None) -> bool:
    return text is not None and IDENTIFIER.fullmatch(text.encode(errors="replace")) is not None


def is_valid_key(key: JobKey | None) -> bool:
    return key is not None and all(map(is_identifier, (key.role, key.environment, key.name)))


def job_key(key: JobKey | None) -> JobName:
    """Return a job key that is an argument of a call.

    Raises:
        Refusal: it is missing or invalid.
    """
    if key is None or not is_valid_key(key):
        raise error()
    return _name(key)


def _name(key: JobKey) -> JobName:
    return JobName(*(as_bytes(part or "") for part in (key.role, key.environment, key.name)))


def task_filter(query: TaskQuery | None) -> TaskFilter:
    """Return the filter of a query; its offset and limit are for `page`.

    Raises:
        Refusal: the query is missing, or one of the combinations that every scheduler refuses.
    """
    if query is None or any(status not in STATUSES for status in query.statuses or ()):
        raise error()
    if not query.taskIds:
        _check_jobs(query)
    return TaskFilter(
        role=_optional(query.role),
        environment=_optional(query.environment),
        name=_optional(query.jobName),
        task_ids=_set(query.taskIds),
        statuses=frozenset(query.statuses or ()),
        instances=frozenset(query.instanceIds or ()),
        hosts=_set(query.slaveHosts),
        jobs=frozenset(map(_name, query.jobKeys or ())),
    )


def _check_jobs(query: TaskQuery) -> None:
    triple = (query.role, query.environment, query.jobName)
    scoped = None not in triple or (query.jobKeys and query.jobName is not None)
    if scoped and not all(map(is_identifier, triple)):
        raise error()
    for key in query.jobKeys or ():
        if not is_valid_key(key):
            raise error(f"Invalid job key format: {java_text.key(key)}")


def page(rows: Sequence[int], query: TaskQuery) -> Sequence[int]:
    """Return the rows that the offset and the limit of a query leave; zero and negative numbers mean none."""
    rows = rows[max(query.offset or 0, 0) :]
    return rows[: query.limit] if (query.limit or 0) > 0 else rows


def as_bytes(text: str) -> bytes:
    """Return a text of a call as the stores have it."""
    return text.encode("utf-8", "surrogateescape")


def _optional(text: str | None) -> bytes | None:
    return None if text is None else as_bytes(text)


def _set(texts: Iterable[str] | None) -> frozenset[bytes]:
    return frozenset(map(as_bytes, texts or ()))
