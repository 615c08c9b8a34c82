"""The log engine of schedulers with standbys: a log in ZooKeeper (docs/replicated-log.md 2.4)."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.protocol.states import ZnodeStat

from aurora_admin.backup.os_errors import explain
from aurora_admin.scheduler.storage.engine import FatalLogError, LogError, LogFull, never
from aurora_admin.scheduler.storage.folder import lock_folder, make_folder
from aurora_admin.scheduler.storage.high_water import HighWaterFile
from aurora_admin.scheduler.storage.zookeeper.connection import (
    LogLocation,
    commit,
    connect,
    disconnect,
    reason,
)
from aurora_admin.scheduler.storage.zookeeper.garbage import GarbageCollector
from aurora_admin.scheduler.storage.zookeeper.layout import MAX_RECORD, Layout
from aurora_admin.scheduler.storage.zookeeper.nodes import LogNodes
from aurora_admin.scheduler.storage.zookeeper.ownership import Ownership
from aurora_admin.scheduler.storage.zookeeper.pipeline import Pipeline
from aurora_admin.scheduler.storage.zookeeper.settings import LogSettings
from aurora_admin.scheduler.storage.zookeeper.takeover import Takeover
from aurora_admin.zookeeper.connection import KAZOO_ERRORS

# Every ZooKeeper server keeps the whole log in memory.
WARN_ABOVE_BYTES = 64 << 20


class ZooKeeperLog:
    """A log in ZooKeeper; it can be read at once, and written after fence().

    - This process can write from fence() on, until another process takes the log over, its session ends, or a write
      fails after a request was sent. After that it never can again (see Ownership).
    - Every request that changes the log is a transaction that checks R/epoch, so a deposed leader writes nothing (see
      Takeover and Pipeline).
    - append() returns when a majority of the servers has all records on disk, and this host's high-water mark covers
      them.
    - No request is ever sent twice. The next leader finds out what became of a request without a response.

    `on_lost` is called with a reason, in another thread, when this process no longer owns the log and must end.

    Raises:
        LogError: the log is missing, not initialised, of a newer format, of another cluster, or another log than this
            host knows.
    """

    warn_above_bytes: int | None = WARN_ABOVE_BYTES
    timeout_error: type[Exception] = KazooTimeoutError

    def __init__(self, location: LogLocation, settings: LogSettings, on_lost: Callable[[str], None]) -> None:
        self._location = location
        self._settings = settings
        self._layout = Layout(location.root)
        self._ownership = Ownership(str(location), on_lost)
        self._epoch_version = -1
        self._collector: GarbageCollector | None = None
        self._high_water = HighWaterFile(settings.folder)
        self._folder_lock = _lock(settings.folder)
        try:
            self._open()
        except BaseException:
            os.close(self._folder_lock)
            raise

    def _open(self) -> None:
        self._client = connect(self._location, self._ownership.on_connection_state)
        self._nodes = LogNodes(self._client, self._location, self._settings.takeover_seconds)
        try:
            self._nodes.sync()
            self._nodes.check_root()
            self._nodes.check_quorum(self._settings.quorum)
            self._takeover = Takeover(self._nodes, self._high_water, self._ownership, self._settings)
        except BaseException:  # the threads of an open session would keep the process from ending
            disconnect(self._client)
            raise

    @property
    def log_id(self) -> str:
        return self._takeover.log_id

    # Becoming the only writer

    def fence(self, should_stop: Callable[[], bool] = never) -> int:
        """Become the only writer and return the new epoch.

        Raises:
            LogError: another process was faster, the log has gone back, ZooKeeper did not respond, or `should_stop`
                has returned true.
        """
        self._epoch_version, self._begin, self._mark = self._takeover.run(should_stop)
        self._last = self._mark.position
        self._watch_epoch()
        self._collector = GarbageCollector(self._nodes, self._epoch_version)
        self._collector.collect()
        return self._mark.epoch

    def _watch_epoch(self) -> None:
        try:
            self._client.DataWatch(self._layout.epoch, self._on_epoch)
        except KAZOO_ERRORS as error:
            raise self._ownership.revoke(
                f"The epoch of the log {self._location} cannot be watched: {reason(error)}"
            ) from error

    def _on_epoch(self, data: bytes | None, stat: ZnodeStat | None) -> bool:
        """Notice a takeover by another process before a write is refused; return False to end the watch."""
        if stat is not None and stat.version == self._epoch_version:
            return True
        self._ownership.revoke_and_report(f"Another scheduler has taken over the log {self._location}")
        return False

    # Writing

    def append(self, records: Iterable[bytes]) -> int:
        """Write records in order and return the position of the first once all are durable.

        Raises:
            FatalLogError: none or the first ones of them are durable; this process can write no more.
        """
        with self._write("append") as pipeline:
            first = self._last + 1
            for record in records:
                self._check_size(record)
                pipeline.send(record)
            pipeline.finish()
            self._mark = self._mark._replace(position=pipeline.last)
            self._high_water.advance(self._mark)
            self._last = pipeline.last
        return first

    def _check_size(self, record: bytes) -> None:
        if len(record) > MAX_RECORD:
            raise LogError(
                f"A log record of {len(record)} bytes is larger than ZooKeeper can store ({MAX_RECORD}); "
                "lower -dlog_max_entry_size."
            )

    def truncate_before(self, position: int) -> None:
        """Truncate all records before a position, durably; their nodes are deleted in the background.

        Raises:
            LogError: the log has no such position; nothing was changed.
            FatalLogError: it may or may not be done; this process can write no more.
        """
        if position <= self._begin:
            return
        if position > self._last + 1:
            raise LogError(
                f"The log {self._location} ends at position {self._last}; it cannot be truncated before {position}."
            )
        with self._write("truncation"):
            transaction = self._client.transaction()
            transaction.check(self._layout.epoch, self._epoch_version)
            transaction.set_data(self._layout.begin, str(position).encode())
            commit(self._client, transaction, self._settings.write_seconds)
        self._begin = position
        if self._collector:
            self._collector.collect()

    @contextmanager
    def _write(self, operation: str) -> Iterator[Pipeline]:
        """Run a write; if anything fails after a request was sent, end the ownership, so that no write follows."""
        self._begin_write()
        pipeline = Pipeline(
            self._client,
            self._layout,
            self._epoch_version,
            last=self._last,
            seconds=self._settings.write_seconds,
            check=self._ownership.check,
        )
        try:
            yield pipeline
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, KAZOO_ERRORS) or pipeline.sent:
                raise self._ownership.revoke(self._explain(operation, error)) from error
            raise
        else:
            self._ownership.write_succeeded()
        finally:
            self._ownership.writing = False

    def _begin_write(self) -> None:
        if self._epoch_version < 0:
            raise FatalLogError("This process has not taken the log over.")
        self._ownership.check()
        # Without a connection kazoo would keep the requests and send them after the time-out of this write.
        self._ownership.connected.wait(self._settings.write_seconds)
        self._ownership.writing = True
        if not self._ownership.connected.is_set():
            raise self._ownership.revoke(
                f"The connection to ZooKeeper {self._location.hosts} is lost: nothing was sent"
            )

    def _explain(self, operation: str, error: BaseException) -> str:
        if isinstance(error, BadVersionError):
            return f"Another scheduler has taken over the log {self._location}: the {operation} was refused"
        if isinstance(error, NoNodeError | NodeExistsError):
            return f"The {operation} was refused: the log {self._location} does not end where this process left it"
        cause = reason(error) if isinstance(error, KAZOO_ERRORS) else str(error)
        return f"The {operation} in the log {self._location} failed: {cause}"

    # Reading

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        """Yield every live record with its position.

        Raises:
            LogError: a position is missing, or the log is larger than -log_hard_limit.
            FatalLogError: another process took the log over in the meantime.
        """
        size = 0
        nodes = self._nodes._replace(seconds=self._settings.read_seconds)
        for position, record in nodes.records(self._begin, self._last):
            size += len(record)
            if size > self._settings.hard_limit:
                raise LogError(
                    f"The log {self._location} holds more than {self._settings.hard_limit} bytes, which every "
                    "ZooKeeper server keeps in memory: refusing to lead. Raise -log_hard_limit if the servers have "
                    "enough memory."
                )
            yield position, record
        self._nodes.sync()
        if self._nodes.owner()[1] != self._epoch_version:
            raise self._ownership.revoke(f"Another scheduler has taken over the log {self._location} while it was read")

    def check_space(self, size: int) -> None:
        """Check that the log stays below the size from which on no scheduler would lead with it."""
        limit = self._settings.hard_limit
        if size > limit:
            raise LogFull(
                f"An entry of {size} bytes is larger than the {limit} that the log {self._location} may hold: nothing "
                "was written. Raise -log_hard_limit on all schedulers if the ZooKeeper servers have enough memory."
            )

    def close(self) -> None:
        """Release the log; no request is pending on return."""
        if self._folder_lock < 0:
            return
        self._ownership.revoke(f"The log {self._location} is closed")
        if self._collector:
            self._collector.stop()
        disconnect(self._client)  # also ends the request that the collector may be waiting for
        self._high_water.close()
        os.close(self._folder_lock)
        self._folder_lock = -1


def _lock(folder: str) -> int:
    try:
        make_folder(folder)
    except OSError as error:
        raise LogError(f"{folder} cannot be used (-native_log_file_path): {explain(error, folder)}") from error
    return lock_folder(folder)
