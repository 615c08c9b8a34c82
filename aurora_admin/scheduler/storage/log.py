"""The scheduler's log on any engine: transactions and snapshots in, entries out (docs/storage.md 2)."""

import logging
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta, timezone

from thrift.Thrift import TType

from aurora_admin.scheduler.state import ops, replay
from aurora_admin.scheduler.state.loading import load_deduplicated, load_snapshot
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.engine import LogEngine, LogError, LogFull
from aurora_admin.scheduler.storage.frames import DEFLATED_HEAD, STOP, Spool, entries
from aurora_admin.snapshot import writer
from aurora_admin.wire.errors import NewerFormat, WireError
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.window import Window

logger = logging.getLogger(__name__)

SNAPSHOT, TRANSACTION, NOOP, DEFLATED, DEDUPLICATED = 1, 2, 3, 5, 6
NEWER = "A newer version wrote it, and nothing of it is lost: start that version."
RESTORE = "Start from an empty log and restore a backup (see scheduler_stage_recovery)."
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NOOP_ENTRY = b"\x02\x00\x03\x01\x00"
# Every Aurora since 0.5 inflates any entry, and task records repeat themselves (docs/storage.md 2.8).
DEFLATE_ABOVE = 4096
# What is fed inflates to about a mebibyte, and mostly to less than a piece: what is left over would be copied.
INFLATE_FEED = 1 << 18
INFLATED_PIECE = 1 << 22
# An inflated snapshot can be a thousand times its size; what it may hold is bounded by what can be addressed.
INFLATED = Limits(string=2**31 - 1, container=2**31 - 1)


class ReplayStopped(Exception):
    """A replay was stopped before its end; the stores are not to be used."""


class Log:
    """Writes entries, and replays them into the stores.

    `spool_folder` must have room for a deflated snapshot; `advice` is what to do about an entry that cannot be read.
    """

    def __init__(
        self,
        engine: LogEngine,
        spool_folder: str,
        max_entry_size: int,
        statistics: Statistics | None = None,
        *,
        advice: str = RESTORE,
    ) -> None:
        self._advice = advice
        self.engine = engine
        self._spool_folder = spool_folder
        self._max_entry_size = max_entry_size
        # Written since the last snapshot, or since one was tried.
        self.bytes_since_snapshot = 0
        self.statistics = Statistics() if statistics is None else statistics
        self._told = False
        self._should_stop: Callable[[], bool] = lambda: False

    def append_transaction(self, transaction: Sequence[Op]) -> None:
        """Make the ops durable as one entry.

        Raises:
            LogFull: nothing was written.
            LogBroken: they may or may not be durable.
        """
        with self.statistics.timed("log_entry_serialize"):
            entry = ops.transaction(transaction)
        if len(entry) > min(DEFLATE_ABOVE, self._max_entry_size):
            self._append_deflated([entry])
        else:
            self._append([entry], len(entry))
        self.statistics["scheduler_log_un_snapshotted_transactions"] += 1

    def append_snapshot(self, source: writer.Source) -> None:
        """Make the whole state durable as one entry and forget what came before it.

        Raises:
            LogFull: nothing was written; the disk was checked before.
            LogBroken: it may or may not be durable.
        """
        self.bytes_since_snapshot = 0
        with self.prepared(source) as spool:
            self.append_prepared(spool)

    @contextmanager
    def prepared(self, source: writer.Source) -> Iterator[Spool]:
        """Give the whole state as an entry for append_prepared(); nothing is in the log yet.

        Raises:
            LogFull: there is no room for it.
            BackupError: the source is a file that cannot be read, or was changed meanwhile.
        """
        timed = self.statistics.timed("log_manager_snapshot")
        with timed, self._deflated(writer.deduplicated_entry(source, self.statistics.saving)) as spool:
            source.check()
            yield spool

    def append_prepared(self, spool: Spool) -> None:
        """Make a whole state durable as one entry and forget what came before it.

        Raises:
            LogFull: nothing was written.
            LogBroken: it may or may not be durable.
        """
        self.bytes_since_snapshot = 0
        position = self._append(spool.records(self._max_entry_size), spool.size)
        size = self.bytes_since_snapshot
        self.statistics["scheduler_log_snapshots"] += 1
        self._begin_with_snapshot()
        try:
            self.engine.truncate_before(position)
            self.statistics["scheduler_log_live_bytes"] = size
        except LogFull as error:
            # The snapshot is the state from here on, whatever stands before it; to say "full" would deny that.
            logger.warning("Saved snapshot but failed to truncate entries preceding it, the next one will: %s", error)

    def _begin_with_snapshot(self) -> None:
        self.statistics["scheduler_log_un_snapshotted_transactions"] = 0
        self.bytes_since_snapshot = 0

    def _append_deflated(self, pieces: Iterable[bytes]) -> int:
        with self._deflated(pieces) as spool:
            return self._append(spool.records(self._max_entry_size), spool.size)

    @contextmanager
    def _deflated(self, pieces: Iterable[bytes]) -> Iterator[Spool]:
        """Spool an entry; what goes wrong before the append is LogFull: nothing was written."""
        with ExitStack() as stack:
            try:
                spool = stack.enter_context(closing(Spool(self._spool_folder, self.statistics)))
                with self.statistics.timed("log_manager_deflate"):
                    spool.deflate(pieces)
                self.engine.check_room(spool.size)
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
        self._check_comfort()
        return position

    def _count(self, record: bytes) -> bytes:
        """Note a record that is live from now on."""
        self.bytes_since_snapshot += len(record)
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
                "snapshots more often (-log_snapshot_bytes), or give the log servers of its own",
                live,
                comfortable,
            )
        self._told = live > comfortable

    def take_over(self) -> None:
        """Become the only writer, and say so in the log: the no-op also ends what a predecessor left half-written."""
        self.engine.fence()
        self.engine.append([NOOP_ENTRY])
        self.statistics["scheduler_log_live_bytes"] = self.bytes_since_snapshot = 0

    def replay(self, stores: Stores, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Apply every entry in order.

        Raises:
            LogError: an entry cannot be read; its position is named, and the stores are not to be used.
            ReplayStopped: `should_stop`, called for each record and for each inflated piece, has returned true.
        """
        self._should_stop = should_stop
        records = (self._live(*record) for record in self.engine.read_all())
        for entry in entries(records, self._left_out):
            self.statistics["scheduler_log_entries_read"] += 1
            self.statistics["scheduler_log_bytes_read"] += len(entry.data)
            try:
                self._apply_entry(stores, entry.data)
            except (WireError, zlib.error) as error:
                advice = NEWER if isinstance(error, NewerFormat) else self._advice
                where, text = f"The log entry at position {entry.position}", str(error).rstrip(".")
                raise LogError(f"{where} cannot be read: {text}. {advice}") from error

        self._check_comfort()

    def _live(self, position: int, record: bytes) -> tuple[int, bytes]:
        self._check_stopped()
        return position, self._count(record)

    def _check_stopped(self) -> None:
        if self._should_stop():
            raise ReplayStopped

    def _left_out(self, text: str) -> None:
        logger.warning(text)
        self.statistics["scheduler_log_bad_frames_read"] += 1

    def _apply_entry(self, stores: Stores, data: bytes) -> None:
        if not data.startswith(DEFLATED_HEAD):
            self._apply(stores, Reader(Window.of_bytes(data), Limits.of_length(len(data))))
            return
        begin = len(DEFLATED_HEAD) + 4
        length = int.from_bytes(data[begin - 4 : begin], "big")
        if begin + length + 1 != len(data) or data[-1:] != STOP:
            raise WireError("the deflated entry is cut short, or more follows it", begin)
        self.statistics["scheduler_log_deflated_entries_read"] += 1
        # A view: the deflated snapshot of a million tasks is 90 MB.
        self._apply_inflated(stores, memoryview(data)[begin:-1])

    def _apply(self, stores: Stores, reader: Reader) -> None:
        ttype, member = reader.field()
        if (ttype, member) == (TType.STRUCT, SNAPSHOT):
            load_snapshot(stores, reader)
            self._snapshot_read(stores)
        elif (ttype, member) == (TType.STRUCT, DEDUPLICATED):
            load_deduplicated(stores, reader)
            self._snapshot_read(stores)
        elif (ttype, member) == (TType.STRUCT, TRANSACTION):
            start = reader.mark()
            reader.skip(ttype)
            for op in ops.of_transaction(reader.slice(start, reader.position)):
                replay.apply(stores, op)
            self.statistics["scheduler_log_un_snapshotted_transactions"] += 1
        elif member == NOOP:
            reader.skip(ttype)
        else:
            kind = NewerFormat if member > DEDUPLICATED else WireError
            raise kind(f"log entry of unknown kind {member}", reader.position)
        if reader.field()[0] != TType.STOP or not reader.window.at_end():
            raise WireError("more follows where the log entry should end", reader.position)

    def _snapshot_read(self, stores: Stores) -> None:
        self._begin_with_snapshot()
        logger.info("Applying snapshot taken on %s, with %d tasks", _utc(stores.snapshot_ms or 0), len(stores.tasks))

    def _apply_inflated(self, stores: Stores, deflated: memoryview) -> None:
        stream = _Inflated(deflated)
        # zlib works without the interpreter's lock: the next piece is inflated while this one is decoded.
        with ThreadPoolExecutor(1, "inflate") as helper:
            next_piece = _ahead(stream.read, helper)

            def read(size: int) -> bytes:
                self._check_stopped()
                return next_piece(size)

            self._apply(stores, Reader(Window(read), INFLATED))
        if not stream.whole:
            raise WireError("the deflated entry is cut short, or more follows it", 0)


def _utc(milliseconds: int) -> str:
    try:
        return f"{EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:  # a damaged or hostile snapshot is no reason not to start
        return f"day {milliseconds // 86_400_000} of the epoch"


def _ahead(read: Callable[[int], bytes], helper: Executor) -> Callable[[int], bytes]:
    """Return a `read` that has the next piece made, always of INFLATED_PIECE, while the last one is used."""
    pieces = deque([helper.submit(read, INFLATED_PIECE)])

    def next_piece(_: int) -> bytes:
        pieces.append(helper.submit(read, INFLATED_PIECE))
        return pieces.popleft().result()

    return next_piece


class _Inflated:
    """A zlib stream, inflated a piece at a time; its checksum is verified where it ends."""

    def __init__(self, deflated: memoryview) -> None:
        self._source = deflated
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
