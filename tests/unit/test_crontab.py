"""When a cron job runs next."""

from datetime import datetime, timezone

import pytest

from aurora_admin.scheduler.api.crontab import next_run_ms


def milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        ("* * * * *", "2026-11-28 10:00:30", "2026-11-28 10:01"),
        ("0 * * * *", "2026-11-28 10:00:00", "2026-11-28 11:00"),
        ("0 * * * *", "2026-11-28 09:59:59", "2026-11-28 10:00"),
        ("*/15 3 * * *", "2026-11-28 03:45:00", "2026-11-29 03:00"),
        ("5-59/20 * * * *", "2026-11-28 10:25:00", "2026-11-28 10:45"),
        ("30/15 12 * * *", "2026-11-28 12:30:00", "2026-11-28 12:45"),
        ("1,3 0 * * *", "2026-12-31 23:59:00", "2027-01-01 00:01"),
        ("0 0 29 2 *", "2026-11-28 00:00", "2028-02-29 00:00"),
        ("0 0 * * SUN", "2026-11-28 00:00", "2026-11-29 00:00"),
        ("0 0 * * 7", "2026-11-28 00:00", "2026-11-29 00:00"),
        ("0 0 * * mon-fri", "2026-11-28 00:00", "2026-11-30 00:00"),
        ("0 12 1 jan,JUL *", "2026-11-28 00:00", "2027-01-01 12:00"),
        ("0 0 1 * fri", "2026-11-28 00:00", "2026-12-01 00:00"),
    ],
)
def test_the_next_run_is_the_first_time_after_now(schedule, now, due):
    assert next_run_ms(schedule, milliseconds(now)) == milliseconds(due)


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "*/x * * * *",
        "*-5 * * * *",
        "1- * * * *",
        "-1 * * * *",
        "a * * * *",
        "1,,2 * * * *",
        "0 0 31 2 *",
    ],
)
def test_what_never_comes_has_no_next_run(schedule):
    assert next_run_ms(schedule, 0) is None
