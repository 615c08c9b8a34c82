"""Send the records of one append to ZooKeeper, several at a time."""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from kazoo.client import KazooClient

from aurora_admin.scheduler.storage.zookeeper.connection import transaction_error
from aurora_admin.scheduler.storage.zookeeper.layout import SEGMENT, Layout

WINDOW = 16
WINDOW_BYTES = 8 << 20
ANY_VERSION = -1


class _Pending(NamedTuple):
    """A record that was sent: the result to wait for, and its size in bytes."""

    result: Any
    size: int


class Pipeline:
    """The records of one append, which get the positions after `last`.

    - Each record is a transaction of its own that checks two things: R/epoch still has the version `epoch_version`,
      and the record before it exists. So no record of a deposed leader is accepted, and there are no gaps.
    - At most WINDOW records and WINDOW_BYTES are sent without a response.
    - Nothing is sent twice, and nothing after an error. After finish() all records are durable on a majority of
      servers; after an error the first ones may be.

    `check` raises if no more may be sent. `seconds` is the time-out of each response.
    """

    def __init__(
        self,
        client: KazooClient,
        layout: Layout,
        epoch_version: int,
        *,
        last: int,
        seconds: float,
        check: Callable[[], None],
    ) -> None:
        self._client = client
        self._layout = layout
        self._epoch_version = epoch_version
        self._seconds = seconds
        self._check = check
        self._pending: deque[_Pending] = deque()
        self._pending_bytes = 0
        self.last = last
        self.sent = 0

    def send(self, record: bytes) -> None:
        """Send a record after the earlier ones, as soon as the window has space for it.

        Raises:
            KazooException, KazooTimeoutError: an earlier record was refused, or its outcome is unknown.
        """
        while self._pending and (len(self._pending) >= WINDOW or self._pending_bytes + len(record) > WINDOW_BYTES):
            self._wait_for_oldest()
        self._check()
        self._pending.append(_Pending(self._transaction(self.last + 1, record).commit_async(), len(record)))
        self._pending_bytes += len(record)
        self.last += 1
        self.sent += 1

    def _transaction(self, position: int, record: bytes) -> Any:
        """Return the transaction that creates the node of a record.

        The check of R/epoch keeps a deposed leader out. The check of the record before prevents a gap if the
        connection is lost in the middle of a series and the rest of it is sent over the next one. Both were tested to
        be necessary (docs/replicated-log.md 2.4).
        """
        transaction = self._client.transaction()
        transaction.check(self._layout.epoch, self._epoch_version)
        if position:
            transaction.check(self._layout.record(position - 1), ANY_VERSION)
        if position % SEGMENT == 0:
            transaction.create(self._layout.segment(position))
        transaction.create(self._layout.record(position), record)
        return transaction

    def finish(self) -> None:
        """Wait until every record is durable.

        Raises:
            KazooException, KazooTimeoutError: a record was refused, or its outcome is unknown.
        """
        while self._pending:
            self._wait_for_oldest()

    def _wait_for_oldest(self) -> None:
        oldest = self._pending.popleft()
        error = transaction_error(oldest.result.get(timeout=self._seconds))
        if error:
            raise error
        self._pending_bytes -= oldest.size
