"""What a log engine offers: an ordered list of byte strings with one writer (docs/replicated-log.md 2)."""

from collections.abc import Iterable, Iterator
from typing import Protocol

FORMAT = 1
RESTORE_ADVICE = "Create a new log and restore a backup into it (aurora-reference-log initialize and restore)."


class LogError(Exception):
    """The log cannot be opened, read or written. The text says what failed, where, and what to do."""


class LogFull(LogError):
    """There was no space: nothing was written and the log is still usable."""


class FatalLogError(LogError):
    """An append may or may not be durable, or another process has taken over the log. This process must end."""


class LogEngine(Protocol):
    """An ordered list of records with one writer at a time.

    - Positions ascend without gaps from the first record that was not truncated.
    - Only the process that called fence() last can append or truncate. An earlier writer is refused from then on,
      however late its requests arrive.
    - append() returns only when all records are durable, in the order given.
    - After a FatalLogError nothing more is written by this process. Appends are never retried: the next writer finds
      out what is in the log by reading it.

    Attributes:
        warn_above_bytes: the size of the log from which on a warning is logged; None for an engine without such a size.
        timeout_error: the exception that is the cause of a LogError if the engine's server did not respond in time.
    """

    warn_above_bytes: int | None
    timeout_error: type[Exception]

    def fence(self) -> int:
        """Become the only writer and return the new epoch; every earlier writer is refused from now on."""

    def append(self, records: Iterable[bytes]) -> int:
        """Write records in order and return the position of the first once all are durable.

        Raises:
            LogFull: nothing was written.
            FatalLogError: it is unknown how many of the records are durable; those that are come first; or
                another process has taken over the log.
        """

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        """Yield every record that was not truncated, with its position.

        Raises:
            LogError: a position is missing.
        """

    def truncate_before(self, position: int) -> None:
        """Delete all records before a position; durable on return."""

    def check_space(self, size: int) -> None:
        """Check that an entry of this many bytes can be written, as far as that can be known beforehand.

        Raises:
            LogFull: there is no space for it.
        """

    def close(self) -> None: ...
