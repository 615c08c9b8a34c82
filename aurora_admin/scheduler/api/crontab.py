"""When a cron job runs next: the five fields of a crontab, in GMT (docs/api.md 1.9)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

ITEM = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", re.ASCII)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()
# 29 February comes back after eight years at the latest, as in 1896 to 1904.
YEARS_AHEAD = 9


class Crontab(NamedTuple):
    """The minutes, hours, days of the month, months and days of the week (0 is Sunday) on which a job runs."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def runs_on(self, day: datetime) -> bool:
        """Return whether the job runs on this day; where both kinds of days are restricted, one of them is enough."""
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (in_month or in_week if self.either_day else in_month and in_week)


def next_run_ms(schedule: str, now_ms: int) -> int | None:
    """Return the time of the next run in ms since the epoch; None if the text is no crontab, or never comes true.

    >>> next_run_ms("*/15 3 * * *", 1_700_000_000_000) == 1_700_017_200_000  # 2023-11-15 03:00
    True
    >>> next_run_ms("0 0 31 2 *", 0) is None
    True
    """
    try:
        crontab = parse(schedule)
    except ValueError:
        return None
    after = datetime.fromtimestamp(now_ms // 1000, timezone.utc).replace(second=0) + timedelta(minutes=1)
    for day in _days_from(after):
        if crontab.runs_on(day):
            first = (day.hour, day.minute) if day == after else (0, 0)
            for time in sorted((hour, minute) for hour in crontab.hours for minute in crontab.minutes):
                if time >= first:
                    return int(day.replace(hour=time[0], minute=time[1]).timestamp()) * 1000
    return None


def _days_from(moment: datetime) -> Iterator[datetime]:
    yield moment
    midnight = moment.replace(hour=0, minute=0)
    for ahead in range(1, YEARS_AHEAD * 366):
        yield midnight + timedelta(days=ahead)


def parse(schedule: str) -> Crontab:
    """Return a crontab.

    Raises:
        ValueError: it has not five fields, or one of them is malformed.
    """
    minutes, hours, days, months, weekdays = schedule.lower().split()
    return Crontab(
        _field(minutes, 0, 59),
        _field(hours, 0, 23),
        _field(days, 1, 31),
        _field(_numbered(months, MONTHS, 1), 1, 12),
        frozenset(day % 7 for day in _field(_numbered(weekdays, DAYS, 0), 0, 7)),
        either_day=not (days.startswith("*") or weekdays.startswith("*")),
    )


def _numbered(text: str, names: list[str], first: int) -> str:
    for number, name in enumerate(names, first):
        text = text.replace(name, str(number))
    return text


def _field(text: str, lowest: int, highest: int) -> frozenset[int]:
    """Return the numbers of a list of ranges: `*`, `5`, `1-5`, each of them perhaps with a step, `*/15`."""
    found: set[int] = set()
    for item in text.split(","):
        parts = ITEM.fullmatch(item)
        if parts is None:
            raise ValueError(item)
        first, last, step = (None if number is None else int(number) for number in parts.groups())
        begin = lowest if first is None else first
        end = last if last is not None else highest if first is None or step is not None else begin
        if not lowest <= begin <= end <= highest or step == 0:
            raise ValueError(item)
        found.update(range(begin, end + 1, step or 1))
    return frozenset(found)
