"""What a log engine offers: an ordered list of byte strings with one writer (docs/replicated-log.md 2)."""

from collections.abc import Iterable, Iterator
from typing import Protocol

FORMAT = 1


class LogError(Exception):
    """The log cannot be opened, read or written: what, where, and what to do."""


class LogFull(LogError):
    """There was no room: nothing was written and the log is still usable."""


class LogBroken(LogError):
    """An append may or may not be durable, or another writer has taken over; this process must end."""


class LogEngine(Protocol):
    """One replicated log. Positions ascend without gaps from `begin`.

    `comfortable_bytes` is how much the log may hold before its site should know; None where only the disk counts.
    `no_answer` is the cause of an error that is one because nothing was heard in time.
    """

    comfortable_bytes: int | None
    no_answer: type[Exception]

    def fence(self) -> int:
        """Become the only writer and return the new epoch; every earlier writer is refused from now on."""

    def append(self, records: Iterable[bytes]) -> int:
        """Write records, in order, and return the position of the first once all are durable.

        Raises:
            LogFull: nothing was written.
            LogBroken: all, none or the first of them may be durable, or the epoch is another's.
        """

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        """Yield every record from `begin` on with its position.

        Raises:
            LogError: a position is missing.
        """

    def truncate_before(self, position: int) -> None:
        """Forget all records before a position; durable on return."""

    def check_room(self, size: int) -> None:
        """Refuse an entry of so many bytes before it is begun, as far as that can be known.

        Raises:
            LogFull: there is no room for it.
        """

    def close(self) -> None: ...
