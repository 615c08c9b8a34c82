"""The log engine of several schedulers: one of them writes, and a majority of servers has what it wrote.

Nothing is ever sent a second time: what a lost connection left undecided is found out by the next leader.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.protocol.states import ZnodeStat

from aurora_admin.scheduler.storage.engine import LogBroken, LogError, LogFull
from aurora_admin.scheduler.storage.folder import lock_folder, make_folder
from aurora_admin.scheduler.storage.high_water import HighWater
from aurora_admin.scheduler.storage.zookeeper.connection import (
    FAILURES,
    Place,
    commit,
    connect,
    disconnect,
    reason,
)
from aurora_admin.scheduler.storage.zookeeper.garbage import Collector
from aurora_admin.scheduler.storage.zookeeper.layout import MAX_RECORD, Layout
from aurora_admin.scheduler.storage.zookeeper.nodes import Contents
from aurora_admin.scheduler.storage.zookeeper.ownership import Hold
from aurora_admin.scheduler.storage.zookeeper.pipeline import Fence, Pipeline
from aurora_admin.scheduler.storage.zookeeper.takeover import Settings, Takeover

# ZooKeeper keeps all of it in the memory of every server.
COMFORTABLE_BYTES = 64 << 20


class ZooKeeperLog:
    """One log in ZooKeeper; reads it until `fence`, writes it from then on.

    `on_lost` is called, in another thread, with a text when the session is gone: this process holds the log no more.

    Raises:
        LogError: it is not there, not initialised, of a newer format, another cluster's, or another log than this host
            knows.
    """

    comfortable_bytes: int | None = COMFORTABLE_BYTES
    no_answer: type[Exception] = KazooTimeoutError

    def __init__(self, place: Place, settings: Settings, on_lost: Callable[[str], None]) -> None:
        self._place = place
        self._settings = settings
        self._layout = Layout(place.root)
        self._hold = Hold(str(place), on_lost)
        self._version = -1
        self._collector: Collector | None = None
        self._high_water = HighWater(settings.folder)
        self._folder_lock = _take_folder(settings.folder)
        try:
            self._open()
        except BaseException:
            os.close(self._folder_lock)
            raise

    def _open(self) -> None:
        self._client = connect(self._place, self._hold.on_state)
        self._contents = Contents(self._client, self._place, self._settings.takeover_seconds)
        try:
            self._contents.catch_up()
            self._contents.check_root()
            self._contents.check_quorum(self._settings.quorum)
            self._takeover = Takeover(self._contents, self._high_water, self._hold, self._settings)
        except BaseException:  # a session that stays open keeps the process from ending
            disconnect(self._client)
            raise

    @property
    def log_id(self) -> str:
        return self._takeover.log_id

    # Becoming the only writer

    def fence(self) -> int:
        """Become the only writer and return the new epoch.

        Raises:
            LogError: another one was quicker, the log has gone back, or ZooKeeper did not answer.
        """
        self._version, self._begin, self._mark = self._takeover.run()
        self._last = self._mark.position
        self._keep_watch()
        return self._mark.epoch

    def _keep_watch(self) -> None:
        try:
            self._client.DataWatch(self._layout.epoch, self._on_epoch)
        except FAILURES as error:
            raise self._hold.broken(f"The epoch of the log {self._place} cannot be watched: {reason(error)}") from error
        self._collector = Collector(self._contents, self._version)
        self._collector.collect()

    def _on_epoch(self, data: bytes | None, stat: ZnodeStat | None) -> bool:
        """Note that another one took over, without waiting for a write to be refused; false ends the watch."""
        if stat is not None and stat.version == self._version:
            return True
        self._hold.lose(f"Another scheduler has taken over the log {self._place}")
        return False

    # Writing

    def append(self, records: Iterable[bytes]) -> int:
        """Write records one after another and return the position of the first, once all are durable.

        Raises:
            LogBroken: some of them may be durable, first ones first; this process can write no more.
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
                f"A log record of {len(record)} bytes is more than ZooKeeper takes ({MAX_RECORD}); "
                "lower -dlog_max_entry_size."
            )

    def truncate_before(self, position: int) -> None:
        """Forget all records before a position: durable on return; their nodes go in the background.

        Raises:
            LogError: the log has no such position; nothing was changed.
            LogBroken: it may or may not be done; this process can write no more.
        """
        if position <= self._begin:
            return
        if position > self._last + 1:
            raise LogError(f"The log {self._place} ends at position {self._last}; it cannot be cut at {position}.")
        with self._write("truncation"):
            transaction = self._client.transaction()
            transaction.check(self._layout.epoch, self._version)
            transaction.set_data(self._layout.begin, str(position).encode())
            commit(self._client, transaction, self._settings.write_seconds)
        self._begin = position
        if self._collector:
            self._collector.collect()

    @contextmanager
    def _write(self, what: str) -> Iterator[Pipeline]:
        """Let nothing be written after anything has failed."""
        self._begin_writing()
        fence = Fence(self._layout, self._version)
        pipeline = Pipeline(self._client, fence, self._last, self._settings.write_seconds, self._hold.check)
        try:
            yield pipeline
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, FAILURES) or pipeline.sent:
                raise self._hold.broken(self._explain(what, error)) from error
            raise
        else:
            self._hold.written()
        finally:
            self._hold.writing = False

    def _begin_writing(self) -> None:
        if self._version < 0:
            raise LogBroken("This process has not taken the log over.")
        self._hold.check()
        # What is sent while the connection is away would be kept, and sent when it is back, wanted or not.
        self._hold.connected.wait(self._settings.write_seconds)
        self._hold.writing = True
        if not self._hold.connected.is_set():
            raise self._hold.broken(f"The connection to ZooKeeper {self._place.hosts} is gone: nothing was sent")

    def _explain(self, what: str, error: BaseException) -> str:
        if isinstance(error, BadVersionError):
            return f"Another scheduler has taken over the log {self._place}: the {what} was refused"
        if isinstance(error, NoNodeError | NodeExistsError):
            return f"The {what} was refused: the log {self._place} does not end where this process left it"
        said = reason(error) if isinstance(error, FAILURES) else str(error)
        return f"The {what} in the log {self._place} failed: {said}"

    # Reading

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        """Yield every live record with its position.

        Raises:
            LogError: a position is missing, there is more than -log_hard_limit, or another leader came meanwhile.
        """
        size = 0
        patient = self._contents._replace(seconds=self._settings.read_seconds)
        for position, record in patient.records(self._begin, self._last):
            size += len(record)
            if size > self._settings.hard_limit:
                raise LogError(
                    f"The log {self._place} holds more than {self._settings.hard_limit} bytes, which every ZooKeeper "
                    "server keeps in memory: refusing to lead. Raise -log_hard_limit if the servers have the memory, "
                    "for this log alone."
                )
            yield position, record
        self._contents.catch_up()
        if self._contents.owner()[1] != self._version:
            raise self._hold.broken(f"Another scheduler has taken over the log {self._place} while it was read")

    def check_room(self, size: int) -> None:
        """Refuse what no scheduler would lead with afterwards."""
        most = self._settings.hard_limit
        if size > most:
            raise LogFull(
                f"An entry of {size} bytes is more than the {most} that the log {self._place} may hold: nothing was "
                "written. Raise -log_hard_limit, of all schedulers, if the ZooKeeper servers have the memory."
            )

    def close(self) -> None:
        """Let go of the log; what is sent has been answered."""
        if self._folder_lock < 0:
            return
        self._hold.broken(f"The log {self._place} is closed")
        if self._collector:
            self._collector.stop()
        disconnect(self._client)  # which also answers what the collector waits for
        self._high_water.close()
        os.close(self._folder_lock)
        self._folder_lock = -1


def _take_folder(folder: str) -> int:
    try:
        make_folder(folder)
    except OSError as error:
        raise LogError(
            f"{folder} cannot be used (-native_log_file_path): {error.strerror}. Check its owner."
        ) from error
    return lock_folder(folder)
