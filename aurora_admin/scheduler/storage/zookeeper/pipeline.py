"""Records on their way to ZooKeeper: several at a time, each of which can only follow the one before it."""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from kazoo.client import KazooClient

from aurora_admin.scheduler.storage.zookeeper.connection import refusal
from aurora_admin.scheduler.storage.zookeeper.layout import SEGMENT, Layout

WINDOW = 16
WINDOW_BYTES = 8 << 20
ANY_VERSION = -1


class Fence(NamedTuple):
    """Whose log it is: the nodes, and the version of R/epoch that the writer's takeover made."""

    layout: Layout
    version: int


class _Sent(NamedTuple):
    answer: Any
    size: int


class Pipeline:
    """The records of one append, from the position after `last` on.

    `check` raises where nothing may be sent any more. `seconds` is how long the next answer may take.
    """

    def __init__(self, client: KazooClient, fence: Fence, last: int, seconds: float, check: Callable[[], None]) -> None:
        self._client = client
        self._layout, self._version = fence
        self._seconds = seconds
        self._check = check
        self._flying: deque[_Sent] = deque()
        self._flying_bytes = 0
        self.last = last
        self.sent = 0

    def send(self, record: bytes) -> None:
        """Send a record behind the others, as soon as there is room in the window.

        Raises:
            KazooException: an earlier one was refused, or has no answer.
        """
        while self._flying and (len(self._flying) >= WINDOW or self._flying_bytes + len(record) > WINDOW_BYTES):
            self._land()
        self._check()
        self._flying.append(_Sent(self._transaction(self.last + 1, record).commit_async(), len(record)))
        self._flying_bytes += len(record)
        self.last += 1
        self.sent += 1

    def _transaction(self, position: int, record: bytes) -> Any:
        """Make the record's node, if this is still the leader's epoch and the record before it is there.

        The first check keeps out a deposed leader. The second one leaves no gap where a connection was lost in the
        middle of a series and its rest was sent over the next one (docs/replicated-log.md 2.4, both verified).
        """
        transaction = self._client.transaction()
        transaction.check(self._layout.epoch, self._version)
        if position:
            transaction.check(self._layout.record(position - 1), ANY_VERSION)
        if position % SEGMENT == 0:
            transaction.create(self._layout.segment(position))
        transaction.create(self._layout.record(position), record)
        return transaction

    def finish(self) -> None:
        """Wait until every record is durable.

        Raises:
            KazooException: one was refused, or has no answer.
        """
        while self._flying:
            self._land()

    def _land(self) -> None:
        sent = self._flying.popleft()
        failure = refusal(sent.answer.get(timeout=self._seconds))
        if failure:
            raise failure
        self._flying_bytes -= sent.size
