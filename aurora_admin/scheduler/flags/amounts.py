"""Amounts as a real scheduler's flags spell them: digits and a unit, nothing between (docs/api.md 8.1)."""

import re
from argparse import ArgumentTypeError

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "secs": 1, "mins": 60, "hrs": 3600, "days": 86400}
BYTES = {
    "BITS": 1 / 8,
    **{f"{prefix}b": 1024**power / 8 for power, prefix in enumerate("KMG", 1)},
    "BYTES": 1,
    **{f"{prefix}B": 1024**power for power, prefix in enumerate("KMGTP", 1)},
}
# No thread can wait for much longer (threading.TIMEOUT_MAX).
LONGEST_SECONDS = 36500 * 86400
MOST_DIGITS = 18
AMOUNT = re.compile(r"(\d+)([A-Za-z]+)", re.ASCII)


def seconds(text: str) -> float:
    """Read a time amount, such as 15secs or 1hrs.

    Raises:
        ArgumentTypeError: the text is not one, or it is more than a hundred years.
    """
    value = _amount(text, SECONDS, "1ns, 2secs, etc.")
    if value > LONGEST_SECONDS:
        raise ArgumentTypeError(f"{text!r} is longer than 36500days, the longest time there is here")
    return value


def data_size(text: str) -> int:
    """Read a data amount, such as 512KB, in bytes.

    Raises:
        ArgumentTypeError: the text is not one.
    """
    return int(_amount(text, BYTES, "1KB, 2GB, etc."))


def count(text: str) -> int:
    """Read how many there are to be: one at least.

    Raises:
        ArgumentTypeError: the text says no such number.
    """
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _amount(text: str, units: dict[str, float], example: str) -> float:
    match = AMOUNT.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} must be of the format {example}")
    number, unit = match.groups()
    if unit not in units:
        raise ArgumentTypeError(f"{text!r} has no known unit; it must be one of [{', '.join(units)}]")
    if len(number) > MOST_DIGITS:
        raise ArgumentTypeError(f"{text!r} has more than {MOST_DIGITS} digits")
    return int(number) * units[unit]


def boolean(text: str) -> bool:
    """Read true or false.

    Raises:
        ArgumentTypeError: the text is neither.
    """
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ArgumentTypeError(f"{text!r} is neither true nor false")
    return word == "true"
