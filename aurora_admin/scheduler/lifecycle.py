"""From the first flag to the last reply: what a scheduler process does and when it ends (spec/scheduler-api.md 7.4)."""

import logging
import queue
import signal
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NamedTuple

from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.http import Application, make_server
from aurora_admin.scheduler.recovery import Recovery
from aurora_admin.scheduler.storage.backups import BackupFailed, Backups
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.sqlite import SqliteLog
from aurora_admin.scheduler.storage.storage import NotReady, Storage

logger = logging.getLogger(__name__)

STATES = ("IDLE", "PREPARING_STORAGE", "STORAGE_PREPARED", "LEADER_AWAITING_REGISTRATION", "ACTIVE", "DEAD")
# How often the time of the next backup is looked at.
BACKUP_CHECK_SECONDS = 60.0


class _End(NamedTuple):
    """Why the process ends, and the status that it ends with."""

    reason: str
    exit_status: int = 0


class Lifecycle:
    """One scheduler process. Without election it leads alone, and without Mesos it is registered at once.

    Raises:
        LogError, BackupFailed, OSError: it cannot be started; nothing runs.
    """

    def __init__(self, flags: Namespace) -> None:
        self._flags = flags
        self._state = "PREPARING_STORAGE"
        self._ends: queue.SimpleQueue[_End] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._started = time.time()
        self._backups = Backups(flags.backup_dir, flags.max_saved_backups, flags.cluster_name)
        self._engine = SqliteLog(flags.native_log_file_path)
        log = Log(self._engine, flags.native_log_file_path, flags.dlog_max_entry_size)
        partial = flags.allow_partial_backup
        self._storage = Storage(
            log, flags.native_log_file_path, self._fail, flags.log_snapshot_bytes, allow_partial=partial
        )
        recovery = Recovery(flags.backup_dir, self._storage, allow_partial=partial)
        services = Services(self._storage, recovery, self._backups, flags.cluster_name, flags.hostname, self.stop)
        self._server = make_server((flags.ip, flags.http_port), Application(services, self._leads, self._variables))
        self._state = "STORAGE_PREPARED"

    def run(self) -> int:
        """Serve until something ends it; return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        threading.Thread(target=self._server.serve, name="http", daemon=True).start()
        self._state = "LEADER_AWAITING_REGISTRATION"
        try:
            self._storage.start()
            self._activate()
            end = self._wait()
        finally:
            self._close()
        return end.exit_status

    def _wait(self) -> "_End":
        try:
            end = self._ends.get(timeout=self._flags.max_leading_duration)
        except queue.Empty:
            end = _End("it has led for -max_leading_duration")
        logger.log(logging.CRITICAL if end.exit_status else logging.INFO, "Shutting down: %s", end.reason)
        return end

    def _activate(self) -> None:
        self._state = "ACTIVE"
        _repeat(self._ended, self._wait_for_snapshot, self._snapshot)
        _repeat(self._ended, self._seconds_to_backup, self._back_up)
        logger.info("Serving on http://%s:%d", self._flags.hostname, self._server.bind_addr[1])

    def _wait_for_snapshot(self) -> float:
        """Wait until a snapshot is due by the clock or by the size of the log; there is nothing to wait for then."""
        self._storage.outgrown.wait(self._flags.dlog_snapshot_interval)
        return 0.0

    def _snapshot(self) -> None:
        self._storage.snapshot()

    def _seconds_to_backup(self) -> float:
        """Count from the newest backup on disk, or from the start where there is none (spec/storage.md 4)."""
        newest, interval = self._backups.newest_time(), float(self._flags.backup_interval)
        due = (self._started if newest is None else newest) + interval - time.time()
        return min(max(due, 0.0), BACKUP_CHECK_SECONDS)

    def _back_up(self) -> None:
        if self._seconds_to_backup() == 0:
            self._backups.save(self._storage.view())

    def stop(self, reason: str) -> None:
        """End the process in order, with status 0; returns at once."""
        self._ends.put(_End(reason))

    def _fail(self, reason: str) -> None:
        self._ends.put(_End(reason, 1))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # A SimpleQueue may be put to wherever a signal interrupts; a log line or an Event may not.
        self._ends.put(_End(f"received {signal.Signals(number).name}"))

    def _close(self) -> None:
        """Finish the running transaction and the replies on their way, then let go of the log."""
        self._state = "DEAD"
        self._ended.set()
        self._storage.stop()
        self._server.stop()
        self._engine.close()
        logger.info("Stopped")

    def _leads(self) -> bool:
        return self._state == "ACTIVE"

    def _variables(self) -> dict[str, object]:
        return {
            **{f"scheduler_lifecycle_{state}": int(state == self._state) for state in STATES},
            "framework_registered": int(self._state == "ACTIVE"),
            "scheduler_backup_success": self._backups.succeeded,
            "scheduler_backup_failed": self._backups.failed,
            **self._storage.statistics,
        }


def _repeat(ended: threading.Event, pause: Callable[[], float], act: Callable[[], None]) -> None:
    """Act after every pause until the process ends; a failure is told, and tried again at the next turn."""

    def turn() -> None:
        try:
            act()
        except (LogError, BackupFailed) as error:
            logger.warning("%s", error)
            ended.wait(BACKUP_CHECK_SECONDS)

    def loop() -> None:
        with suppress(NotReady):
            while not ended.wait(pause()):
                turn()

    threading.Thread(target=loop, name=act.__name__, daemon=True).start()
