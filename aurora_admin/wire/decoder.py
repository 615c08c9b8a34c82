"""The decoder and encoder of the thrift library in C, or ours in pure Python where it is missing; their failures."""

import struct

from thrift.Thrift import TException

from aurora_admin.wire.errors import WireError, ended
from aurora_admin.wire.limits import DEPTH

try:
    from thrift.protocol import fastbinary

    decode, encode, ACCELERATED = fastbinary.decode_binary, fastbinary.encode_binary, True
except ImportError:
    from aurora_admin.wire import slow

    decode, encode, ACCELERATED = slow.decode, slow.encode, False

# Everything that they raise at bytes that are wrong (docs/wire.md 5.6).
FAILURES = (EOFError, TypeError, ValueError, OverflowError, SystemError, TException, struct.error)


def failure(error: Exception, before: bytes, offset: int, left: int | None) -> WireError:
    """Return a failure of theirs as ours.

    `before` ends with the bytes that were read last; `left` is how many follow, or None where nobody knows.
    """
    if isinstance(error, EOFError):
        return ended(offset)
    text = str(error)
    if "depth" in text:
        return too_deep(offset)
    if isinstance(error, OverflowError) or "length" in text.lower():
        return length_error(int.from_bytes(before[-4:], "big", signed=True), offset, left)
    return WireError(f"damaged data ({text})", offset)


def length_error(length: int, offset: int, left: int | None = None) -> WireError:
    """Return the error for a length or count that cannot be; a real scheduler has the same words for a negative one."""
    if length < 0:
        return WireError(f"Negative length: {length}", offset)
    if left is not None and length > left:
        return ended(offset)
    return WireError(f"a length of {length} is more than there can be", offset)


def too_deep(offset: int) -> WireError:
    return WireError(f"structs and containers are nested more than {DEPTH} deep", offset)
