"""Errors for malformed bytes, and text to print of such bytes."""

# Valid names are shorter. A damaged one may be as long as the file.
MOST_PRINTED = 200


class WireError(Exception):
    """Malformed bytes: what is wrong, and where.

    Attributes:
        offset: the position, in bytes from the start of the input (or of the value that was passed to a function).
        java_class: what a real scheduler raises: TTransportException if the input ends too early, else
            TProtocolException. Both mean that a request was not carried out (docs/connection.md 3.4).
    """

    def __init__(self, text: str, offset: int, java_class: str = "TProtocolException") -> None:
        super().__init__(text)
        self.offset = offset
        self.java_class = java_class

    @property
    def java_text(self) -> str:
        """The exception as a real scheduler prints it; a TTransportException has no message."""
        if self.java_class == "TTransportException":
            return "org.apache.thrift.transport.TTransportException"
        return f"org.apache.thrift.protocol.{self.java_class}: {self}"


class NewerFormat(WireError):
    """Valid data that only a newer version of this program can read."""


def truncated(offset: int, text: str = "the input ends in the middle of a value") -> WireError:
    """Return the error for input that ends too early."""
    return WireError(text, offset, "TTransportException")


def printable(raw: bytes) -> str:
    """Return text of one line for bytes: shortened, and without control characters."""
    text = raw[:MOST_PRINTED].decode("utf-8", "replace")
    line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return line if len(raw) <= MOST_PRINTED else f"{line}..."
