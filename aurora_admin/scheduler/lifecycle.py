"""From the first flag to the last reply: what a scheduler process does and when it ends (docs/api.md 7.4)."""

import logging
import os
import queue
import signal
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from aurora_admin.backup.writer import BackupFailed
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.election.registration import Registration
from aurora_admin.scheduler.recovery import Recovery
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.backup_folder import BackupFolder
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.measured import MeasuredEngine
from aurora_admin.scheduler.storage.open_log import open_log
from aurora_admin.scheduler.storage.storage import Storage, StorageNotReady
from aurora_admin.scheduler.web.application import Application, make_server
from aurora_admin.scheduler.web.redirect import LEADING, NO_LEADER, Endpoint, Leadership, leadership

if TYPE_CHECKING:
    from aurora_admin.scheduler.election.election import Election

logger = logging.getLogger(__name__)

STATES = ("IDLE", "PREPARING_STORAGE", "STORAGE_PREPARED", "LEADER_AWAITING_REGISTRATION", "ACTIVE", "DEAD")
# How often the time of the next backup is looked at.
BACKUP_CHECK_SECONDS = 60.0
# A process that must not lead any more is gone after this time, whatever it hangs in.
FAILED_SECONDS = 10.0


class _End(NamedTuple):
    """Why the process ends, and the status that it ends with."""

    reason: str
    exit_status: int = 0


class _Deadline(NamedTuple):
    """A moment of the monotonic clock at which the process ends."""

    at: float
    end: _End


class Lifecycle:
    """One scheduler process: it stands by until it is elected, and is advertised once it is registered.

    Without -zk_endpoints it leads alone, and without -mesos_master_address it is registered at once.

    Raises:
        LogError, BackupFailed, OSError: it cannot be started; nothing runs.
    """

    def __init__(self, flags: Namespace) -> None:
        self._flags = flags
        self._state = "PREPARING_STORAGE"
        self._steps: queue.SimpleQueue[Callable[[], None] | _End] = queue.SimpleQueue()
        self._deadlines: list[_Deadline] = []
        self._ended = threading.Event()
        self._started = time.time()
        self._statistics = statistics = Statistics()
        with statistics.timed("scheduler_storage_prepare"):
            self._engine = MeasuredEngine(open_log(flags, self._fail), statistics)
        self._backups = BackupFolder(
            flags.backup_dir, flags.max_saved_backups, flags.cluster_name, statistics=statistics
        )
        log = Log(self._engine, flags.native_log_file_path, flags.dlog_max_entry_size, statistics)
        partial = flags.allow_partial_backup
        self._storage = Storage(
            log, flags.native_log_file_path, self._fail, flags.log_snapshot_bytes, allow_partial=partial
        )
        recovery = Recovery(flags.backup_dir, self._storage, allow_partial=partial)
        self._backups.in_use = lambda: recovery.in_use
        services = Services(self._storage, recovery, self._backups, flags.cluster_name, flags.hostname, self.stop)
        application = Application(services, self._leadership, self._variables)
        self._server = make_server((flags.ip, flags.http_port), application, statistics)
        self._own = Endpoint(flags.hostname, self._server.bind_addr[1])
        self._election = self._candidate() if flags.zk_endpoints else None
        self._registration = Registration(flags.mesos_master_address, lambda: self._steps.put(self._activate))
        self._state = "STORAGE_PREPARED"

    def _candidate(self) -> "Election":
        from aurora_admin.scheduler.election.connection_states import ConnectionStates
        from aurora_admin.scheduler.election.election import Election
        from aurora_admin.scheduler.election.session import Access

        flags = self._flags
        access = Access(
            flags.zk_endpoints,
            flags.zk_chroot_path or "",
            flags.zk_session_timeout,
            flags.zk_connection_timeout,
            flags.zk_digest_credentials,
        )
        return Election(
            access,
            flags.serverset_path,
            flags.hostname,
            on_elected=lambda: self._steps.put(self._lead),
            on_advertised=lambda: self._steps.put(self._announce),
            on_lost=self._fail,
            on_connection=ConnectionStates(self._statistics),
        )

    def run(self) -> int:
        """Serve until something ends it; return the exit status."""
        self._statistics.count_uncaught()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        threading.Thread(target=self._server.serve, name="http", daemon=True).start()
        try:
            self._stand_by()
            end = self._wait()
            logger.log(logging.CRITICAL if end.exit_status else logging.INFO, "Shutting down: %s", end.reason)
        finally:
            self._close()
        return end.exit_status

    def _stand_by(self) -> None:
        if self._flags.gc_executor_path is not None:
            logger.warning("-gc_executor_path is set: it must be left out during a recovery, or tasks may be killed")
        if self._election is None:
            self._steps.put(self._lead)
            return
        if self._flags.native_log_zk_group_path is None:
            logger.warning("Without -native_log_zk_group_path each scheduler has a log, and a state, of its own")
        logger.info("Standing by on http://%s", self._own)
        self._election.start()

    def _wait(self) -> _End:
        """Take one step after another, each when its time has come."""
        while True:
            deadline = min(self._deadlines, default=None)
            try:
                step = self._steps.get(timeout=deadline and max(deadline.at - time.monotonic(), 0))
            except queue.Empty:
                assert deadline
                return deadline.end
            if isinstance(step, _End):
                return step
            step()

    def _lead(self) -> None:
        """Replay the log, and register."""
        self._state = "LEADER_AWAITING_REGISTRATION"
        logger.info("Elected: taking the log over")
        self._storage.start()
        delay, longest = self._flags.max_registration_delay, self._flags.max_leading_duration
        self._ends_after(longest, _End("it has led for -max_leading_duration"))
        if self._flags.mesos_master_address is not None:
            self._ends_after(delay, _End(f"not registered within {delay:g} s (-max_registration_delay)", 1))
            logger.info("Awaiting registration on http://%s; it is not advertised until then", self._own)
        self._registration.start()

    def _ends_after(self, seconds: float, end: _End) -> None:
        self._deadlines.append(_Deadline(time.monotonic() + seconds, end))

    def _activate(self) -> None:
        """Begin what only a registered leader does, and have it advertised."""
        self._state = "ACTIVE"
        self._registration.close()
        self._deadlines = [deadline for deadline in self._deadlines if not deadline.end.exit_status]
        _repeat(self._ended, self._wait_for_snapshot, self._snapshot)
        _repeat(self._ended, self._seconds_to_backup, self._back_up)
        if self._election is None:
            self._announce()
        else:
            self._election.advertise(self._own, self._flags.serverset_endpoint_name)

    def _announce(self) -> None:
        logger.info("Serving on http://%s", self._own)

    def _wait_for_snapshot(self) -> float:
        """Wait until a snapshot is due by the clock or by the size of the log; there is nothing to wait for then."""
        self._storage.snapshot_due.wait(self._flags.dlog_snapshot_interval)
        return 0.0

    def _snapshot(self) -> None:
        self._storage.snapshot()

    def _seconds_to_backup(self) -> float:
        """Count from the newest backup on disk, or from the start where there is none (docs/storage.md 4)."""
        newest, interval = self._backups.newest_time(), float(self._flags.backup_interval)
        due = (self._started if newest is None else newest) + interval - time.time()
        return min(max(due, 0.0), BACKUP_CHECK_SECONDS)

    def _back_up(self) -> None:
        if self._seconds_to_backup() == 0:
            self._backups.save(self._storage.view())

    def stop(self, reason: str) -> None:
        """End the process in order, with status 0; returns at once."""
        self._steps.put(_End(reason))

    def _fail(self, reason: str) -> None:
        """End the process with status 1, for a supervisor to start it again; in order if that is soon enough."""
        self._steps.put(_End(reason, 1))
        killer = threading.Timer(FAILED_SECONDS, os._exit, [1])
        killer.daemon = True
        killer.start()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # A SimpleQueue may be put to wherever a signal interrupts; a log line or an Event may not.
        self._steps.put(_End(f"received {signal.Signals(number).name}"))

    def _close(self) -> None:
        """Finish the running transaction and the replies on their way, then let go of the log."""
        self._state = "DEAD"
        self._ended.set()
        self._registration.close()
        self._storage.stop()
        if self._election is not None:
            self._election.close()
        self._server.stop()
        self._engine.close()
        logger.info("Stopped")

    def _leadership(self) -> Leadership:
        if self._election is not None:
            return leadership(self._election.members, self._own)
        return NO_LEADER if self._state == "LEADER_AWAITING_REGISTRATION" else LEADING

    def _variables(self) -> dict[str, object]:
        return {
            **{f"scheduler_lifecycle_{state}": int(state == self._state) for state in STATES},
            "framework_registered": int(self._state == "ACTIVE"),
            **self._statistics.variables(),
            **self._storage.sizes(),
        }


def _repeat(ended: threading.Event, pause: Callable[[], float], act: Callable[[], None]) -> None:
    """Act after every pause until the process ends; a failure is told, and tried again at the next turn."""

    def turn() -> None:
        try:
            act()
        except StorageNotReady:
            raise
        except Exception as error:
            # Whatever it is: a scheduler that goes on without backups, and does not say so, is the worst of all.
            expected = isinstance(error, LogError | BackupFailed)
            logger.log(logging.WARNING if expected else logging.ERROR, "%s", error, exc_info=not expected)
            ended.wait(BACKUP_CHECK_SECONDS)

    def loop() -> None:
        with suppress(StorageNotReady):
            while not ended.wait(pause()):
                turn()

    threading.Thread(target=loop, name=act.__name__, daemon=True).start()
