"""The values of flags: times and sizes as a real scheduler spells them, counts and booleans (docs/api.md 8.1).

Every function is a `type` for argparse, and raises ArgumentTypeError with a text for the operator.
"""

import re
from argparse import ArgumentTypeError

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "secs": 1, "mins": 60, "hrs": 3600, "days": 86400}
BYTES = {
    "BITS": 1 / 8,
    **{f"{prefix}b": 1024**power / 8 for power, prefix in enumerate("KMG", 1)},
    "BYTES": 1,
    **{f"{prefix}B": 1024**power for power, prefix in enumerate("KMGTP", 1)},
}
# A hundred years. threading.TIMEOUT_MAX, the longest time that a thread can wait, is about three times as much.
MAX_SECONDS = 36500 * 86400
MAX_DIGITS = 18
AMOUNT = re.compile(r"(\d+)([A-Za-z]+)", re.ASCII)


def seconds(text: str) -> float:
    """Return a time, such as 15secs or 1hrs, in seconds.

    Raises:
        ArgumentTypeError: the text is not a time, or it is more than a hundred years.
    """
    value = _amount(text, SECONDS, "1ns, 2secs, etc.")
    if value > MAX_SECONDS:
        raise ArgumentTypeError(f"{text!r} is longer than the maximum of 36500days")
    return value


def positive_seconds(text: str) -> float:
    """Return a time above zero, in seconds.

    Raises:
        ArgumentTypeError: the text is not a time, or it is zero or more than a hundred years.
    """
    value = seconds(text)
    if value <= 0:
        raise ArgumentTypeError(f"{text!r} must be more than zero")
    return value


def data_size(text: str) -> int:
    """Return a size, such as 512KB, in bytes.

    Raises:
        ArgumentTypeError: the text is not a size.
    """
    return int(_amount(text, BYTES, "1KB, 2GB, etc."))


def positive_size(text: str) -> int:
    """Return a size of at least one byte, in bytes.

    Raises:
        ArgumentTypeError: the text is not a size, or it is less than a byte.
    """
    value = data_size(text)
    if value < 1:
        raise ArgumentTypeError(f"{text!r} must be more than zero")
    return value


def count(text: str) -> int:
    """Return a number of things, at least one.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def boolean(text: str) -> bool:
    """Return true or false.

    Raises:
        ArgumentTypeError: the text is neither.
    """
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ArgumentTypeError(f"{text!r} is neither true nor false")
    return word == "true"


def _amount(text: str, units: dict[str, float], example: str) -> float:
    match = AMOUNT.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} must be of the format {example}")
    number, unit = match.groups()
    if unit not in units:
        raise ArgumentTypeError(f"{text!r} has an unknown unit; it must be one of [{', '.join(units)}]")
    if len(number) > MAX_DIGITS:
        raise ArgumentTypeError(f"{text!r} has more than {MAX_DIGITS} digits")
    return int(number) * units[unit]
