"""How a process becomes the only writer of a log in ZooKeeper (docs/replicated-log.md 2.4)."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import NamedTuple

from kazoo.exceptions import BadVersionError, NoAuthError

from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.high_water import HighWaterFile, HighWaterMark
from aurora_admin.scheduler.storage.zookeeper.connection import commit, reason
from aurora_admin.scheduler.storage.zookeeper.layout import Owner
from aurora_admin.scheduler.storage.zookeeper.nodes import LogNodes, LogUnavailable
from aurora_admin.scheduler.storage.zookeeper.ownership import Ownership
from aurora_admin.scheduler.storage.zookeeper.settings import LogSettings
from aurora_admin.zookeeper.connection import KAZOO_ERRORS

STOP_CHECK_SECONDS = 0.2
logger = logging.getLogger(__name__)


class TakeoverResult(NamedTuple):
    """The log after a takeover: the version of R/epoch, the first live position, and the epoch and end of the log."""

    epoch_version: int
    begin: int
    mark: HighWaterMark


class Takeover:
    """The takeover of one log by this process.

    - Who may write: the process whose takeover wrote R/epoch last. A takeover writes it only if its version is the one
      that was read before, so of several takeovers at once one succeeds and the others fail.
    - Why a deposed leader can never append again: each of its transactions checks that R/epoch still has the version
      that its own takeover made. After the next takeover ZooKeeper refuses them all, however late they arrive. No
      clock, session or notification is part of this.
    - What is checked before R/epoch is written, so that a refused takeover deposes no leader: the log is the one that
      was opened and not a new one of the same path, it belongs to this cluster, this host knows its id or may accept
      it, and it does not end before the high-water mark of this host.
    - The end of the log is read after R/epoch is written: no other process can append any more.
    - What is durable afterwards: R/epoch and R/leader, in one transaction; then the new epoch and the end of the log
      in the high-water mark of this host.

    Raises:
        LogError: the log is not initialised, has a newer format, is of another cluster, or is another log than this
            host knows.
    """

    def __init__(self, nodes: LogNodes, high_water: HighWaterFile, ownership: Ownership, settings: LogSettings) -> None:
        self._nodes = nodes
        self._high_water = high_water
        self._ownership = ownership
        self._settings = settings
        self._location = nodes.location
        self._format = nodes.format()
        self._check_identity()

    @property
    def log_id(self) -> str:
        return self._format.log_id

    def _check_identity(self) -> tuple[Owner, int]:
        owner, version = self._nodes.owner()
        cluster = self._format.cluster or owner.cluster
        if cluster not in (None, self._settings.cluster):
            raise LogError(
                f"{self._location} is the log of the cluster {cluster}; this scheduler is of {self._settings.cluster} "
                "(-cluster_name). Use a different path for each cluster."
            )
        self._high_water.check_log(self.log_id, self._format.replaces, owner.epoch)
        return owner, version

    def run(self, should_stop: Callable[[], bool]) -> TakeoverResult:
        """Fence out every earlier writer, in up to `takeover_attempts` attempts.

        Raises:
            LogError: another process was faster, the log has gone back, ZooKeeper did not respond, or `should_stop`,
                called before each attempt and while there is no connection, has returned true.
        """
        for attempt in range(1, self._settings.takeover_attempts + 1):
            self._wait_connected(should_stop)
            if should_stop():
                raise LogError(f"The takeover of the log {self._location} was stopped.")
            try:
                return self._attempt()
            except BadVersionError as error:
                raise LogError(f"Another scheduler took over the log {self._location} at the same moment.") from error
            except NoAuthError as error:
                raise LogError(f"The log {self._location} cannot be taken over: {reason(error)}.") from error
            except (*KAZOO_ERRORS, LogUnavailable) as error:
                logger.warning("Attempt %d to take over the log %s failed: %s", attempt, self._location, reason(error))
        raise LogError(
            f"The log {self._location} could not be taken over in {self._settings.takeover_attempts} attempts "
            "(-native_log_election_retries); the warnings before this line have the reasons."
        )

    def _wait_connected(self, should_stop: Callable[[], bool]) -> None:
        """Wait for a connection, at most for the time of an attempt."""
        end = time.monotonic() + self._settings.takeover_seconds
        while not should_stop() and (left := end - time.monotonic()) > 0:
            if self._ownership.connected.wait(min(left, STOP_CHECK_SECONDS)):
                return

    def _attempt(self) -> TakeoverResult:
        lost_sessions = self._ownership.lost_sessions
        self._nodes.sync()
        if self._nodes.format() != self._format:
            raise LogError(
                f"The log {self._location} was wiped and initialised again while this scheduler waited; restart it to "
                "use the new log."
            )
        owner, version = self._check_identity()
        self._high_water.check_end(self.log_id, owner.epoch, self._nodes.last(), accept=self._settings.accept_older)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        new_owner = Owner(owner.epoch + 1, self._settings.host, self._settings.cluster, now)
        self._become_owner(new_owner, version)
        result = self._read_end(new_owner, version + 1)
        self._ownership.acquired = True
        if self._ownership.lost_sessions != lost_sessions:
            raise self._ownership.revoke(f"The session that took over the log {self._location} is over")
        return result

    def _become_owner(self, owner: Owner, version: int) -> None:
        """Write R/epoch, which fences out every earlier writer, and R/leader, in one transaction.

        Raises:
            KazooException: nothing was changed, or the outcome is unknown.
        """
        layout, transaction = self._nodes.layout, self._nodes.client.transaction()
        transaction.set_data(layout.epoch, owner.encode(), version)
        # The node of a leader that was killed remains until its session times out.
        if self._nodes.leader() is not None:
            transaction.delete(layout.leader)
        transaction.create(layout.leader, self._settings.host.encode(), ephemeral=True)
        commit(self._nodes.client, transaction, self._settings.takeover_seconds)

    def _read_end(self, owner: Owner, epoch_version: int) -> TakeoverResult:
        """Read where the log ends, now that no other process can append, and save it as the high-water mark."""
        self._nodes.sync()
        begin, last = self._nodes.begin(), self._nodes.last()
        if last < begin - 1:
            raise self._nodes.missing_position(begin)
        mark = HighWaterMark(self.log_id, owner.epoch, last)
        self._high_water.save(mark)
        return TakeoverResult(epoch_version, begin, mark)
