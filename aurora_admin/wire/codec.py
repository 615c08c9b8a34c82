"""Whole structs: to bytes and back."""

from typing import TypeVar

from aurora_admin.wire import decoder
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.struct import Struct
from aurora_admin.wire.window import Window

S = TypeVar("S", bound=Struct)


def accelerated() -> bool:
    """Tell whether the library's C module is there; without it the log says at first use that all is slow."""
    return decoder.ACCELERATED


def encode(value: Struct) -> bytes:
    """Return the bytes of a struct, STOP included.

    Raises:
        OverflowError: a number does not fit its field.
        UnicodeEncodeError: a text has no UTF-8 form, such as an argument of a command that was not UTF-8.
        TypeError: a value is of another type than its field.
    """
    raw: bytes = decoder.encode(value, [type(value), value.thrift_spec])
    return raw


def decode(cls: type[S], raw: bytes, limits: Limits | None = None) -> S:
    """Return the struct whose bytes these are, all of them.

    Raises:
        WireError: they are not.
    """
    window = Window.of_bytes(raw)
    value = Reader(window, limits or Limits.of_length(len(raw))).struct(cls)
    if window.position != len(raw):
        raise WireError(f"{len(raw) - window.position} bytes follow the end of the struct", window.position)
    return value
