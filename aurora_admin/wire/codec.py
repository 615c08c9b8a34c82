"""Encoding and decoding of complete structs."""

from typing import TypeVar

from aurora_admin.wire import decoder
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.struct import Struct
from aurora_admin.wire.window import Window

S = TypeVar("S", bound=Struct)


def accelerated() -> bool:
    """Return whether the library's C module is available; without it the first use logs a warning."""
    return decoder.ACCELERATED


def encode(value: Struct) -> bytes:
    """Return the encoding of a struct, including its STOP byte.

    Raises:
        OverflowError: a number does not fit its field.
        UnicodeEncodeError: a text has no UTF-8 form, such as a command's argument that was not UTF-8.
        TypeError: a value has another type than its field.
    """
    raw: bytes = decoder.encode(value, [type(value), value.thrift_spec])
    return raw


def decode(cls: type[S], raw: bytes, limits: Limits | None = None) -> S:
    """Return the struct that these bytes encode.

    Raises:
        WireError: they are malformed, or more bytes follow.
    """
    window = Window.of_bytes(raw)
    value = Reader(window, limits or Limits.of_length(len(raw))).struct(cls)
    if window.position != len(raw):
        raise WireError(f"{len(raw) - window.position} bytes follow the end of the struct", window.position)
    return value
