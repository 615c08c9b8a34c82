"""What is staged on a scheduler, in words, for the commands that change or commit it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeVar

from aurora_admin.client.totals import totals
from aurora_admin.errors import BadReply

if TYPE_CHECKING:
    from collections.abc import Callable

    from aurora_admin.client.reply import TasksReply
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.client.totals import Totals
    from aurora_admin.output import Output

T = TypeVar("T")
NOTHING_STAGED = "No backup loaded"  # how a scheduler refuses to query or commit what is not staged (docs/api.md 1.2)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def is_staged(reply: TasksReply) -> bool:
    """Return whether a reply to queryRecovery has what is staged.

    Raises:
        BadReply: the scheduler refused the query for another reason than an empty slot.
    """
    if not reply.ok and NOTHING_STAGED not in reply.message:
        raise BadReply(f"The reply to queryRecovery is {reply.code_name}: {reply.message}")
    return reply.ok


def staged_totals(scheduler: Scheduler) -> Totals | None:
    """Count what is staged; None if nothing is.

    Raises:
        AdminError: the scheduler does not reply, or refuses the query.
    """
    reply = scheduler.query_recovery(None)
    return totals(reply) if is_staged(reply) else None


def describe(found: Totals) -> str:
    """Return the totals as one line.

    >>> from aurora_admin.client.totals import Totals
    >>> describe(Totals(60, 1, 2))
    '60 tasks, 1 of them active, of 2 jobs; the tasks have no events'
    >>> describe(Totals())
    'no tasks'
    """
    if not found.tasks:
        return "no tasks"
    text = f"{counted(found.tasks, 'task')}, {found.active} of them active, of {counted(found.jobs, 'job')}"
    if found.newest_event_ms is None:
        return f"{text}; the tasks have no events"
    return f"{text}; newest task event {event_time(found.newest_event_ms)}"


def event_time(time_ms: int, now: float | None = None) -> str:
    """Return a time and its age; `now` is the time in seconds, by default that of this machine.

    >>> event_time(1_795_000_000_000, 1_795_100_000), event_time(1_000, 0)
    ('2026-11-18T11:06:40Z, 1 day 03:46:40 ago', '1970-01-01T00:00:01Z, 00:00:01 from now: compare the clocks')
    """
    age = age_seconds(time_ms, now)
    return f"{utc(time_ms)}, " + (f"{span(age)} ago" if age >= 0 else f"{span(-age)} from now: compare the clocks")


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def age_seconds(time_ms: int, now: float | None = None) -> int:
    """Return the seconds since a time; negative if it is in the future."""
    return round((time.time() if now is None else now) - time_ms / 1000)


def utc(time_ms: int) -> str:
    """Return a time in ms since 1970 as text; a time outside the calendar as its number.

    >>> utc(0), utc(2**62)
    ('1970-01-01T00:00:00Z', '4611686018427387904 ms after 1970')
    """
    try:
        return f"{EPOCH + timedelta(milliseconds=time_ms):%Y-%m-%dT%H:%M:%S}Z"
    except OverflowError:
        return f"{time_ms} ms after 1970"


def span(seconds: int) -> str:
    """Return a number of seconds as days, hours, minutes and seconds.

    >>> span(3661), span(90061)
    ('01:01:01', '1 day 01:01:01')
    """
    days, rest = divmod(seconds, 86400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{counted(days, 'day')} {clock}" if days else clock


def counted_before(count: Callable[[], T], out: Output) -> T | None:
    """Count what is staged before it is changed; None, with a warning, if it cannot be counted.

    Raises:
        AdminError: the scheduler does not reply or serves no calls, so that the change would fail too.
    """
    try:
        return count()
    except BadReply as error:
        out.warn(f"The staged tasks could not be counted. {error.message}")
        return None
