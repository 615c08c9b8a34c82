"""The thrift library's decoder and encoder in C, or the pure Python ones if it is missing; their exceptions."""

import struct

from thrift.Thrift import TException

from aurora_admin.wire.errors import WireError, truncated
from aurora_admin.wire.limits import DEPTH

try:
    from thrift.protocol import fastbinary

    decode, encode, ACCELERATED = fastbinary.decode_binary, fastbinary.encode_binary, True
except ImportError:
    from aurora_admin.wire import slow

    decode, encode, ACCELERATED = slow.decode, slow.encode, False

# All exceptions that they raise for malformed bytes (docs/wire.md 5.6).
FAILURES = (EOFError, TypeError, ValueError, OverflowError, SystemError, TException, struct.error)


def failure(error: Exception, before: bytes, offset: int, left: int | None) -> WireError:
    """Return the WireError for an exception of the decoder.

    `before` ends with the bytes that were read last; `left` is the number of bytes that follow, or None if unknown.
    """
    if isinstance(error, EOFError):
        return truncated(offset)
    text = str(error)
    if "depth" in text:
        return too_deep(offset)
    if isinstance(error, OverflowError) or "length" in text.lower():
        return length_error(int.from_bytes(before[-4:], "big", signed=True), offset, left)
    return WireError(f"damaged data ({text})", offset)


def length_error(length: int, offset: int, left: int | None = None) -> WireError:
    """Return the error for an impossible length or count; for a negative one in the words of a real scheduler."""
    if length < 0:
        return WireError(f"Negative length: {length}", offset)
    if left is not None and length > left:
        return truncated(offset)
    return WireError(f"a length of {length} is over the limit", offset)


def too_deep(offset: int) -> WireError:
    return WireError(f"structs and containers are nested more than {DEPTH} deep", offset)
