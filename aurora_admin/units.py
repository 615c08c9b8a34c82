"""Numbers as an operator types them: durations, sizes, amounts, percentages (docs/cli.md 3.5 to 3.7).

The texts of errors that the original printed are the original's; a hint says what to give instead.
"""

from __future__ import annotations

from math import isfinite

from aurora_admin.errors import AdminError

SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
LONGEST_SECONDS = 2**63 - 1  # the calls have 64 bits for it
UNITS_OF_TIME = (("days", 86400), ("hrs", 3600), ("mins", 60), ("secs", 1))
# In the order in which the original lists them.
BYTES = {"kb": 1 << 10, "gb": 1 << 30, "g": 1 << 30, "mb": 1 << 20, "tb": 1 << 40, "k": 1 << 10, "m": 1 << 20}
BYTES["t"] = BYTES["tb"]
MEGABYTE = BYTES["m"]
MAX_I32 = 2**31 - 1
SIZE_HINT = "Give a whole number with a unit, for example 512M, 20G or 1T"


def duration(text: str) -> int:
    """Return the seconds of a duration such as 1d3h45m; an empty text is 0.

    >>> duration("1d3h45m"), duration("30 M"), duration("0s")
    (99900, 1800, 0)

    Raises:
        AdminError: it is no duration, or negative, or longer than a call can carry.
    """
    try:
        total = _seconds(text.lower())
    except ValueError:
        total = -1
    if not 0 <= total <= LONGEST_SECONDS:
        raise AdminError(
            f"Invalid time span: {text}", "Give whole numbers with the units d, h, m and s, for example 30m or 1d12h"
        )
    return total


def _seconds(rest: str) -> int:
    total = 0
    for letter, seconds in SECONDS.items():
        amount, found, after = rest.partition(letter)
        if found:
            total, rest = total + integer(amount) * seconds, after
    return total if not rest else -1


def duration_text(seconds: int) -> str:
    """Return a duration in the largest unit that gives a whole number.

    >>> duration_text(1800), duration_text(5400), duration_text(3600), duration_text(0)
    ('30 mins', '90 mins', '1 hrs', '0 days')
    """
    name, size = next((name, size) for name, size in UNITS_OF_TIME if seconds % size == 0)
    return f"{seconds // size} {name}"


def whole_megabytes(size: int) -> int:
    """Return the whole megabytes in a number of bytes, truncated towards zero.

    >>> whole_megabytes(2097151), whole_megabytes(-2097151)
    (1, -1)
    """
    return size // MEGABYTE if size >= 0 else -(-size // MEGABYTE)


def size_bytes(text: str) -> int:
    """Return the bytes of a size such as 20G; without a unit it is bytes.

    >>> size_bytes("1k"), size_bytes("1 gb"), size_bytes("30"), size_bytes("-1G")
    (1024, 1073741824, 30, -1073741824)

    Raises:
        AdminError: it is no size.
    """
    size = text.strip().lower()
    unit = next((unit for unit in sorted(BYTES, key=len, reverse=True) if size.endswith(unit)), "")
    amount = size.removesuffix(unit)
    try:
        return integer(amount) * BYTES.get(unit, 1)
    except ValueError:
        problem = (
            f"Could not parse amount: invalid literal for int() with base 10: {amount!r}"
            if unit
            else f"Amount did not have a valid base: {size}.  Valid bases: {' '.join(BYTES)}"
        )
        raise AdminError(f"Invalid size: {problem}", SIZE_HINT) from None


def number(text: str) -> float:
    """Return a number such as 1.5.

    >>> number("1.5")
    1.5

    Raises:
        AdminError: it is no number, or not a finite one.
    """
    found = _float(text)
    if not isfinite(found):
        raise _no_number(text)
    return found


def percentage(text: str) -> float:
    """Return a percentage above 0, up to 100.

    >>> percentage("99.5")
    99.5

    Raises:
        AdminError: it is no number, or out of range.
    """
    found = _float(text)
    if not 0 < found <= 100:  # nor is nan
        raise AdminError(f"Invalid percentage {text}. Must be within (0, 100].")
    return found


def integer(text: str) -> int:
    """Return a whole number in decimal digits, with a sign and blanks around it if need be.

    Raises:
        ValueError: it is none. Unlike int(), this takes no underscores, and no digits of other scripts.
    """
    return int(_plain(text))


def whole_number(text: str) -> int:
    """Return the value of an option, as the original read it: decimal, 0x10, 0b10, or octal with a leading 0.

    >>> whole_number("10"), whole_number("-1"), whole_number("0x10"), whole_number("0b10"), whole_number("010")
    (10, -1, 16, 2, 8)

    Raises:
        ArgumentTypeError: it is none.
    """
    from argparse import ArgumentTypeError

    try:
        return int(_plain(text), {"0x": 16, "0b": 2}.get(text[:2].lower(), 8 if text[:1] == "0" else 10))
    except ValueError:
        raise ArgumentTypeError(f"invalid integer value: {text!r}") from None


def sendable(option: str, number: int) -> int:
    """Return a number that a call has as 32 bits.

    Raises:
        AdminError: it is too large or too small; nothing was sent.
    """
    if not -MAX_I32 <= number <= MAX_I32:
        raise AdminError(f"{option}: {number} is out of range, the largest number is {MAX_I32}. Nothing was sent")
    return number


def _float(text: str) -> float:
    try:
        return float(_plain(text))
    except ValueError:
        raise _no_number(text) from None


def _no_number(text: str) -> AdminError:
    is_begun = text.lstrip().lstrip("+-")[:1].isdecimal()
    problem = "invalid literal for float()" if is_begun else "could not convert string to float"
    return AdminError(f"{problem}: {text}", "Give a number, for example 2 or 0.5")


def _plain(text: str) -> str:
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return text
