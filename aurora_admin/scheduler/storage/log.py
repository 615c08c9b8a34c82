"""The scheduler's log on any engine: writes transactions and snapshots, and replays them (docs/storage.md 2)."""

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta, timezone

from thrift.Thrift import TType

from aurora_admin.scheduler.state import ops, replay
from aurora_admin.scheduler.state.loading import load_deduplicated, load_snapshot
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.engine import RESTORE_ADVICE, LogEngine, LogError, LogFull
from aurora_admin.scheduler.storage.frames import Spool, entries
from aurora_admin.scheduler.storage.inflate import inflating_reader
from aurora_admin.snapshot import writer
from aurora_admin.snapshot.log_entry import (
    DEDUPLICATED,
    DEFLATED,
    NOOP,
    NOOP_ENTRY,
    SNAPSHOT,
    TRANSACTION,
)
from aurora_admin.wire import fields
from aurora_admin.wire.errors import NewerFormat, WireError
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.walk import LENGTH_BYTES, STRING_HEADER_BYTES
from aurora_admin.wire.window import Window

logger = logging.getLogger(__name__)

NEWER_VERSION_ADVICE = "A newer version wrote it, and it is not damaged: start that version."
UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Every Aurora since 0.5 can read any entry deflated, and task records compress well (docs/storage.md 2.8).
DEFLATE_ABOVE = 4096


class ReplayStopped(Exception):
    """A replay was stopped before its end; the stores are incomplete and must not be used."""


class Log:
    """The entries of a log: each a transaction, a snapshot or a no-op, in one or more records of an engine.

    - An append_* method returns when the entry is durable. It raises LogFull if nothing was written, and FatalLogError
      if the entry may or may not be durable; the process must end then.
    - An entry is in the log completely or not at all: if its last record is missing, readers skip the others.
    - The records before a snapshot are deleted only after the snapshot is durable.

    Attributes:
        engine: where the records are.
        bytes_since_snapshot: bytes written since the last snapshot, or since the last attempt to write one.

    Args:
        spool_folder: must have space for a deflated snapshot.
        advice: what to do about an entry that cannot be read; it ends the error message.
    """

    def __init__(
        self,
        engine: LogEngine,
        spool_folder: str,
        max_entry_size: int,
        statistics: Statistics | None = None,
        *,
        advice: str = RESTORE_ADVICE,
    ) -> None:
        self._advice = advice
        self.engine = engine
        self._spool_folder = spool_folder
        self._max_entry_size = max_entry_size
        self.bytes_since_snapshot = 0
        self.statistics = Statistics() if statistics is None else statistics
        self._size_warned = False
        self._should_stop: Callable[[], bool] = lambda: False

    def append_transaction(self, transaction: Sequence[Op]) -> None:
        """Write the ops as one entry.

        Raises:
            LogFull: nothing was written.
            FatalLogError: they may or may not be durable.
        """
        with self.statistics.timed("log_entry_serialize"):
            entry = ops.transaction(transaction)
        if len(entry) > min(DEFLATE_ABOVE, self._max_entry_size):
            with self._deflated([entry]) as spool:
                self._append(spool.records(self._max_entry_size), spool.size)
        else:
            self._append([entry], len(entry))
        self.statistics["scheduler_log_un_snapshotted_transactions"] += 1

    def append_snapshot(self, source: writer.Source) -> None:
        """Write the complete state as one entry and delete what is before it.

        Raises:
            LogFull: nothing was written.
            FatalLogError: it may or may not be durable.
        """
        self.bytes_since_snapshot = 0
        with self.prepared_snapshot(source) as spool:
            self.append_prepared(spool)

    @contextmanager
    def prepared_snapshot(self, source: writer.Source) -> Iterator[Spool]:
        """Provide the complete state as an entry for append_prepared(). Nothing is written to the log yet.

        Raises:
            LogFull: there is no space for it.
            BackupError: the source is a file that cannot be read, or was changed in the meantime.
        """
        timed = self.statistics.timed("log_manager_snapshot")
        with timed, self._deflated(writer.deduplicated_entry(source, self.statistics.saving)) as spool:
            source.check()
            yield spool

    def append_prepared(self, spool: Spool) -> None:
        """Write a prepared snapshot and delete what is before it.

        Raises:
            LogFull: nothing was written.
            FatalLogError: it may or may not be durable.
        """
        self.bytes_since_snapshot = 0
        position = self._append(spool.records(self._max_entry_size), spool.size)
        size = self.bytes_since_snapshot
        self.statistics["scheduler_log_snapshots"] += 1
        self._reset_since_snapshot()
        try:
            self.engine.truncate_before(position)
            self.statistics["scheduler_log_live_bytes"] = size
        except LogFull as error:
            # Not an error of this method: replay starts from the snapshot, which is durable, whatever is before it.
            logger.warning("Saved snapshot but failed to truncate entries preceding it, the next one will: %s", error)

    def _reset_since_snapshot(self) -> None:
        self.statistics["scheduler_log_un_snapshotted_transactions"] = 0
        self.bytes_since_snapshot = 0

    @contextmanager
    def _deflated(self, pieces: Iterable[bytes]) -> Iterator[Spool]:
        """Provide a LogEntry, given in pieces, as a deflated entry. Failures before the append are LogFull."""
        with ExitStack() as stack:
            try:
                spool = stack.enter_context(closing(Spool(self._spool_folder, self.statistics)))
                with self.statistics.timed("log_manager_deflate"):
                    spool.deflate(pieces)
                self.engine.check_space(spool.size)
            except WireError as error:
                raise LogFull(f"Failed to encode snapshot: {error}. Nothing was written.") from error
            except OSError as error:
                raise LogFull(
                    f"No space to prepare a log entry in {self._spool_folder} ({error.strerror}): nothing was written. "
                    "Free some space and try again."
                ) from error
            yield spool

    def _append(self, records: Iterable[bytes], size: int) -> int:
        with self.statistics.timed("log_manager_append"):
            position = self.engine.append(map(self._count, records))
        self.statistics["scheduler_log_entries_written"] += 1
        self.statistics["scheduler_log_bytes_written"] += size
        self._warn_if_large()
        return position

    def _count(self, record: bytes) -> bytes:
        """Add a record to the size of the log, and return it."""
        self.bytes_since_snapshot += len(record)
        self.statistics["scheduler_log_live_bytes"] += len(record)
        return record

    def _warn_if_large(self) -> None:
        """Warn each time the log grows beyond `warn_above_bytes`, and not again until it has been smaller."""
        limit = self.engine.warn_above_bytes
        if limit is None:
            return
        live = self.statistics["scheduler_log_live_bytes"]
        if live > limit and not self._size_warned:
            logger.warning(
                "The log holds %d bytes, more than %d: every ZooKeeper server keeps all of it in memory. Take "
                "snapshots more often (-log_snapshot_bytes), or use dedicated ZooKeeper servers for the log",
                live,
                limit,
            )
        self._size_warned = live > limit

    def take_over(self) -> None:
        """Become the only writer and append a no-op, which ends an entry that the previous writer did not complete.

        Raises:
            LogError: another process was faster, or the log cannot be written.
        """
        self.engine.fence()
        self.engine.append([NOOP_ENTRY])
        self.statistics["scheduler_log_live_bytes"] = self.bytes_since_snapshot = 0

    def replay(self, stores: Stores, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Apply every entry in order.

        Raises:
            LogError: an entry cannot be read. The text has its position; the stores are incomplete and must not be
                used.
            ReplayStopped: `should_stop`, called for each record and for each inflated piece, has returned true.
        """
        self._should_stop = should_stop
        records = (self._next_record(*record) for record in self.engine.read_all())
        for entry in entries(records, self._on_skipped):
            self.statistics["scheduler_log_entries_read"] += 1
            self.statistics["scheduler_log_bytes_read"] += len(entry.data)
            try:
                self._apply_entry(stores, entry.data)
            except (WireError, zlib.error) as error:
                advice = NEWER_VERSION_ADVICE if isinstance(error, NewerFormat) else self._advice
                where, text = f"The log entry at position {entry.position}", str(error).rstrip(".")
                raise LogError(f"{where} cannot be read: {text}. {advice}") from error

        self._warn_if_large()

    def _next_record(self, position: int, record: bytes) -> tuple[int, bytes]:
        self._check_stopped()
        return position, self._count(record)

    def _check_stopped(self) -> None:
        if self._should_stop():
            raise ReplayStopped

    def _on_skipped(self, text: str) -> None:
        logger.warning(text)
        self.statistics["scheduler_log_bad_frames_read"] += 1

    def _apply_entry(self, stores: Stores, data: bytes) -> None:
        if not data.startswith(DEFLATED.header):
            self._apply(stores, Reader(Window.of_bytes(data), Limits.of_length(len(data))))
            return
        begin = STRING_HEADER_BYTES
        length = int.from_bytes(data[begin - LENGTH_BYTES : begin], "big")
        if begin + length + 1 != len(data) or data[-1:] != fields.STOP:
            raise WireError("the deflated entry is cut short, or followed by more data", begin)
        self.statistics["scheduler_log_deflated_entries_read"] += 1
        # A view and not a copy: the deflated snapshot of a million tasks is 90 MB.
        with inflating_reader(memoryview(data)[begin:-1], self._check_stopped) as reader:
            self._apply(stores, reader)

    def _apply(self, stores: Stores, reader: Reader) -> None:
        ttype, number = reader.field()
        header = fields.header(ttype, number)
        if header == SNAPSHOT.header:
            load_snapshot(stores, reader)
            self._on_snapshot_read(stores)
        elif header == DEDUPLICATED.header:
            load_deduplicated(stores, reader)
            self._on_snapshot_read(stores)
        elif header == TRANSACTION.header:
            start = reader.mark()
            reader.skip(ttype)
            for op in ops.of_transaction(reader.slice(start, reader.position)):
                replay.apply(stores, op)
            self.statistics["scheduler_log_un_snapshotted_transactions"] += 1
        elif number == NOOP.id:
            reader.skip(ttype)
        else:
            kind = NewerFormat if number > DEDUPLICATED.id else WireError
            raise kind(f"log entry of unknown kind {number}", reader.position)
        if reader.field()[0] != TType.STOP or not reader.window.at_end():
            raise WireError("more follows where the log entry should end", reader.position)

    def _on_snapshot_read(self, stores: Stores) -> None:
        self._reset_since_snapshot()
        logger.info("Applying snapshot taken on %s, with %d tasks", _utc(stores.snapshot_ms or 0), len(stores.tasks))


def _utc(milliseconds: int) -> str:
    try:
        return f"{UNIX_EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:  # a wrong time must not prevent the start
        return f"day {milliseconds // 86_400_000} since 1970"
