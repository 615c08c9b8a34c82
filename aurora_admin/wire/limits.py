"""Limits for hostile or damaged input (docs/wire.md 5.6)."""

from typing import NamedTuple

# Nested structs and containers. The C decoder has this limit built in; Aurora's structs need 13.
DEPTH = 64
# The longest request body that a server accepts, in bytes. The ids of a million tasks to delete fit in.
MAX_REQUEST = 64 << 20
# Elements of one container. An element can be one byte on the wire and a hundred in memory.
MAX_ELEMENTS = 4_000_000


class Limits(NamedTuple):
    """The longest string, in bytes, and the longest container, in elements."""

    string: int
    container: int

    @classmethod
    def of_length(cls, length: int) -> "Limits":
        """Return the limits for a message or file of `length` bytes."""
        return cls(length, min(length, MAX_ELEMENTS))


# For data from a connection, whose length is unknown.
UNKNOWN_LENGTH = Limits(MAX_REQUEST, MAX_ELEMENTS)
