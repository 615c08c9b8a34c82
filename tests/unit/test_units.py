"""Durations, sizes, numbers and percentages, as docs/cli.md 3.5 to 3.7 has them."""

from argparse import ArgumentTypeError

import pytest

from aurora_admin import units
from aurora_admin.errors import AdminError


def megabytes(text: str) -> int:
    return units.whole_megabytes(units.size_bytes(text))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("1d3h45m", 99900),
        ("2H", 7200),
        ("90s", 90),
        ("1d2h3m4s", 93784),
        ("1d 2h", 93600),
        ("30 m", 1800),
        ("0s", 0),
        ("", 0),
    ],
)
def test_a_duration(text, seconds):
    assert units.duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "30",
        "1h1d",
        "1d1d",
        "5m10",
        "1.5h",
        "5ms",
        "5min",
        "30secs",
        "1w",
        "d",
        "-5m",
        "1_0m",
        "٣m",
        "5m ",
        " ",
        "106751991167301d",
    ],
)
def test_no_duration(text):
    with pytest.raises(AdminError, match=r"^Invalid time span: "):
        units.duration(text)


@pytest.mark.parametrize(("seconds", "text"), [(86401, "86401 secs"), (172800, "2 days"), (90, "90 secs")])
def test_a_duration_is_shown_in_the_largest_whole_unit(seconds, text):
    assert units.duration_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [("1024M", 1024), ("1024mb", 1024), ("01G", 1024), ("+1G", 1024), ("1T", 1 << 20), ("0m", 0), ("30", 0), ("2k", 0)],
)
def test_a_size(text, found):
    assert megabytes(text) == found


def test_a_size_beyond_the_precision_of_a_float_is_exact():
    assert megabytes(f"{2**60 + 1}M") == 2**60 + 1
    assert megabytes("-1025k") == -1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1.5G", "Could not parse amount: invalid literal for int() with base 10: '1.5'"),
        ("G", "Could not parse amount: invalid literal for int() with base 10: ''"),
        ("1 0G", "Could not parse amount: invalid literal for int() with base 10: '1 0'"),
        ("1_0M", "Could not parse amount: invalid literal for int() with base 10: '1_0'"),
        ("1X", "Amount did not have a valid base: 1x.  Valid bases: kb gb g mb tb k m t"),
        ("1B", "Amount did not have a valid base: 1b.  Valid bases: kb gb g mb tb k m t"),
        ("", "Amount did not have a valid base: .  Valid bases: kb gb g mb tb k m t"),
    ],
)
def test_no_size(text, problem):
    with pytest.raises(AdminError) as error:
        megabytes(text)
    assert error.value.message == f"Invalid size: {problem}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x", "could not convert string to float"),
        ("", "could not convert string to float"),
        ("1,5", "invalid literal for float()"),
        ("50%", "invalid literal for float()"),
        ("1cpu", "invalid literal for float()"),
    ],
)
def test_no_number(text, problem):
    for read in (units.number, units.percentage):
        with pytest.raises(AdminError) as error:
            read(text)
        assert error.value.message == f"{problem}: {text}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nan", "could not convert string to float"),
        ("-inf", "could not convert string to float"),
        ("1e999", "invalid literal for float()"),
    ],
)
def test_a_number_is_finite(text, problem):
    with pytest.raises(AdminError) as error:
        units.number(text)
    assert error.value.message == f"{problem}: {text}"


@pytest.mark.parametrize("text", ["0", "-1", "100.1", "nan", "inf", "-inf", "1e999"])
def test_no_percentage(text):
    with pytest.raises(AdminError) as error:
        units.percentage(text)
    assert error.value.message == f"Invalid percentage {text}. Must be within (0, 100]."


@pytest.mark.parametrize(("text", "found"), [("10", 10), ("-3", -3), ("0", 0), ("0X1f", 31), ("0b101", 5), ("017", 15)])
def test_the_value_of_a_whole_option(text, found):
    assert units.whole_number(text) == found


@pytest.mark.parametrize("text", ["", "abc", "1.5", "08", "0x", "1_000", "٣", "1k"])
def test_no_whole_value(text):
    with pytest.raises(ArgumentTypeError, match="invalid integer value: "):
        units.whole_number(text)
