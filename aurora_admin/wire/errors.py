"""What is wrong with bytes that cannot be read."""

# A name is shorter; what is longer is damage, and may be as long as the file.
MOST_SHOWN = 200


class WireError(Exception):
    """Bytes that are not the Thrift they should be: what is wrong, and where.

    Attributes:
        offset: where reading stood, in bytes from the start of the input (or of the value that a function was given).
        java_class: what a real scheduler raises here: TTransportException where the input ends too early, else
            TProtocolException. Both mean that a request was not carried out (docs/connection.md 3.4).
    """

    def __init__(self, text: str, offset: int, java_class: str = "TProtocolException") -> None:
        super().__init__(text)
        self.offset = offset
        self.java_class = java_class

    @property
    def java_text(self) -> str:
        """The exception as a real scheduler prints it; a TTransportException comes without words."""
        if self.java_class == "TTransportException":
            return "org.apache.thrift.transport.TTransportException"
        return f"org.apache.thrift.protocol.{self.java_class}: {self}"


class NewerFormat(WireError):
    """Bytes that are whole, and mean something that only a newer version knows."""


def ended(offset: int, text: str = "the input ends in the middle of a value") -> WireError:
    """Return the error for input that is cut short."""
    return WireError(text, offset, "TTransportException")


def printable(raw: bytes) -> str:
    """Return bytes as a piece of one line: no more than a name is long, and nothing that a terminal obeys."""
    text = raw[:MOST_SHOWN].decode("utf-8", "replace")
    line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return line if len(raw) <= MOST_SHOWN else f"{line}..."
