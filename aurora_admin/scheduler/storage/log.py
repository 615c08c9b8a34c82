"""The scheduler's log on any engine: transactions and snapshots in, entries out (spec/storage.md 2)."""

import logging
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing

from thrift.Thrift import TType

from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.storage import snapshots
from aurora_admin.scheduler.storage.engine import LogEngine, LogError, LogFull
from aurora_admin.scheduler.storage.frames import Spool, entries
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.window import Window

logger = logging.getLogger(__name__)

SNAPSHOT, TRANSACTION, NOOP, DEFLATED, DEDUPLICATED = 1, 2, 3, 5, 6
NOOP_ENTRY = b"\x02\x00\x03\x01\x00"
# Every Aurora since 0.5 inflates any entry, and task records repeat themselves (spec/storage.md 2.8).
DEFLATE_ABOVE = 4096
INFLATE_FEED = 1 << 16
# An inflated snapshot can be a thousand times its size; what it may hold is bounded by what can be addressed.
INFLATED = Limits(string=2**31 - 1, container=2**31 - 1)


class Log:
    """Writes entries, and replays them into the stores.

    `spool_folder` must have room for a deflated snapshot.
    """

    def __init__(self, engine: LogEngine, spool_folder: str, max_entry_size: int) -> None:
        self.engine = engine
        self._spool_folder = spool_folder
        self._max_entry_size = max_entry_size
        self.statistics = dict.fromkeys(
            (
                "scheduler_log_un_snapshotted_transactions",
                "scheduler_log_entries_read",
                "scheduler_log_deflated_entries_read",
                "scheduler_log_bad_frames_read",
                "scheduler_log_entries_written",
                "scheduler_log_bytes_written",
                "scheduler_log_snapshots",
                "scheduler_log_live_bytes",
            ),
            0,
        )
        # Written since the last snapshot, or since one was tried.
        self._fresh_bytes = 0
        self._snapshot_bytes = 0
        self._told = False

    def append_transaction(self, transaction: Sequence[Op]) -> None:
        """Make the ops durable as one entry.

        Raises:
            LogFull: nothing was written.
            LogBroken: they may or may not be durable.
        """
        entry = ops.transaction(transaction)
        if len(entry) > min(DEFLATE_ABOVE, self._max_entry_size):
            self._append_deflated([entry])
        else:
            self._append([entry], len(entry))
        self.statistics["scheduler_log_un_snapshotted_transactions"] += 1

    def append_snapshot(self, source: snapshots.Source) -> None:
        """Make the whole state durable as one entry and forget what came before it.

        Raises:
            LogFull: nothing was written; the disk was checked before.
            LogBroken: it may or may not be durable.
        """
        self._fresh_bytes = 0
        position = self._append_deflated(snapshots.deduplicated_entry(source))
        self.engine.truncate_before(position)
        self.statistics["scheduler_log_live_bytes"] = self._snapshot_bytes = self._fresh_bytes
        self._fresh_bytes = 0
        self.statistics["scheduler_log_snapshots"] += 1
        self.statistics["scheduler_log_un_snapshotted_transactions"] = 0

    def _append_deflated(self, pieces: Iterable[bytes]) -> int:
        try:
            with closing(Spool(self._spool_folder)) as spool:
                spool.deflate(pieces)
                self._check_room(spool.size)
                return self._append(spool.records(self._max_entry_size), spool.size)
        except OSError as error:
            raise LogFull(
                f"No space to prepare a log entry in {self._spool_folder} ({error.strerror}): nothing was written. "
                "Free some space and try again."
            ) from error

    def _check_room(self, size: int) -> None:
        room = self.engine.room()
        if room is not None and room < size:
            raise LogFull(
                f"The log has room for {room} bytes and {size} are needed: nothing was written. "
                "Free some space and try again."
            )

    def _append(self, records: Iterable[bytes], size: int) -> int:
        position = self.engine.append(map(self._count, records))
        self.statistics["scheduler_log_entries_written"] += 1
        self.statistics["scheduler_log_bytes_written"] += size
        self._check_comfort()
        return position

    def _count(self, record: bytes) -> bytes:
        """Note a record that is live from now on."""
        self._fresh_bytes += len(record)
        self.statistics["scheduler_log_live_bytes"] += len(record)
        return record

    def _check_comfort(self) -> None:
        """Warn, once each time, when the log grows beyond what its engine holds with ease."""
        comfortable = self.engine.comfortable_bytes
        if comfortable is None:
            return
        live = self.statistics["scheduler_log_live_bytes"]
        if live > comfortable and not self._told:
            logger.warning(
                "The log holds %d bytes, more than %d: every ZooKeeper server keeps all of it in memory. Take "
                "snapshots more often (-dlog_snapshot_interval), or give the log servers of its own",
                live,
                comfortable,
            )
        self._told = live > comfortable

    @property
    def snapshot_due(self) -> bool:
        """Whether the log would be much smaller for a snapshot, and its engine is the worse for its size."""
        comfortable = self.engine.comfortable_bytes
        return comfortable is not None and self._fresh_bytes > max(comfortable // 4, self._snapshot_bytes)

    def take_over(self) -> None:
        """Become the only writer, and say so in the log: the no-op also ends what a predecessor left half-written."""
        self.engine.fence()
        self.engine.append([NOOP_ENTRY])
        self.statistics["scheduler_log_live_bytes"] = 0

    def replay(self, stores: Stores) -> None:
        """Apply every entry in order.

        Raises:
            LogError: an entry cannot be read; its position is named, and the stores are not to be used.
        """
        records = ((position, self._count(record)) for position, record in self.engine.read_all())
        for entry in entries(records, self._left_out):
            self.statistics["scheduler_log_entries_read"] += 1
            try:
                self._apply(stores, Reader(Window.of_bytes(entry.data), Limits.of_length(len(entry.data))))
            except (WireError, zlib.error) as error:
                raise LogError(
                    f"The log entry at position {entry.position} cannot be read: {error}. "
                    "Start from an empty log and restore a backup (see scheduler_stage_recovery)."
                ) from error

        self._check_comfort()

    def _left_out(self, text: str) -> None:
        logger.warning(text)
        self.statistics["scheduler_log_bad_frames_read"] += 1

    def _apply(self, stores: Stores, reader: Reader, *, inflated: bool = False) -> None:
        ttype, member = reader.field()
        if member == DEFLATED and ttype == TType.STRING and not inflated:
            self.statistics["scheduler_log_deflated_entries_read"] += 1
            self._apply_inflated(stores, reader.string())
        elif (ttype, member) == (TType.STRUCT, SNAPSHOT):
            stores.load_snapshot(reader)
            self._snapshot_read(stores)
        elif (ttype, member) == (TType.STRUCT, DEDUPLICATED):
            stores.load_deduplicated(reader)
            self._snapshot_read(stores)
        elif (ttype, member) == (TType.STRUCT, TRANSACTION):
            start = reader.mark()
            reader.skip(ttype)
            for op in ops.of_transaction(reader.slice(start, reader.position)):
                stores.apply(op)
            self.statistics["scheduler_log_un_snapshotted_transactions"] += 1
        elif member == NOOP:
            reader.skip(ttype)
        else:
            raise WireError(f"log entry of unknown kind {member}", reader.position)
        if reader.field()[0] != TType.STOP or not reader.window.at_end():
            raise WireError("more follows where the log entry should end", reader.position)

    def _snapshot_read(self, stores: Stores) -> None:
        self._snapshot_bytes, self._fresh_bytes = self._fresh_bytes, 0
        self.statistics["scheduler_log_un_snapshotted_transactions"] = 0
        logger.info("Applying snapshot taken at %s ms, %d tasks", stores.snapshot_ms, len(stores.tasks))

    def _apply_inflated(self, stores: Stores, deflated: bytes) -> None:
        stream = _Inflated(deflated)
        self._apply(stores, Reader(Window(stream.read), INFLATED), inflated=True)
        if not stream.whole:
            raise WireError("the deflated entry is cut short, or more follows it", 0)


class _Inflated:
    """A zlib stream, inflated a piece at a time; its checksum is verified where it ends."""

    def __init__(self, deflated: bytes) -> None:
        self._source = memoryview(deflated)
        self._unpacker = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        while not self._unpacker.eof:
            feed = self._unpacker.unconsumed_tail
            if not feed:
                feed, self._source = bytes(self._source[:INFLATE_FEED]), self._source[INFLATE_FEED:]
            data = self._unpacker.decompress(feed, size)
            if data or not feed:
                return data
        return b""

    @property
    def whole(self) -> bool:
        return self._unpacker.eof and not self._unpacker.unused_data and not self._source
