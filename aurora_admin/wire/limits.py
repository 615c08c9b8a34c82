"""The one place of limits against hostile or damaged input (docs/wire.md 5.6)."""

from typing import NamedTuple

# Structs and containers in each other; the C decoder has this limit built in. The contract itself needs 13.
DEPTH = 64
# The longest request body a server takes in, in bytes: ids of a million tasks to delete fit in.
MAX_REQUEST = 64 << 20
# Elements of one container, whatever holds it: an element can be one byte on the wire and a hundred in memory.
MAX_ELEMENTS = 4_000_000


class Limits(NamedTuple):
    """How long a string may be, in bytes, and a container, in elements."""

    string: int
    container: int

    @classmethod
    def of_length(cls, length: int) -> "Limits":
        """Return the limits for a message or file of so many bytes: nothing is longer than what holds it."""
        return cls(length, min(length, MAX_ELEMENTS))


# For what arrives on a connection, where only the sender knows how much follows.
UNKNOWN_LENGTH = Limits(MAX_REQUEST, MAX_ELEMENTS)
