"""Deletes the records before the begin of the log, in the background."""

import logging
import threading

from kazoo.exceptions import BadVersionError

from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.zookeeper.connection import commit, reason
from aurora_admin.scheduler.storage.zookeeper.nodes import LogNodes
from aurora_admin.zookeeper.connection import KAZOO_ERRORS

logger = logging.getLogger(__name__)
BATCH = 64
COMMIT_SECONDS = 60.0


class GarbageCollector:
    """Deletes truncated records and empty segments, in a thread of its own.

    - Readers ignore these records, so they may stay after a crash; the next leader deletes them.
    - They are deleted in ascending order, in small transactions. Each checks R/epoch, so a deposed leader deletes
      nothing.
    - The newest record is kept even if it is truncated: the next record can only follow an existing one.
    """

    def __init__(self, nodes: LogNodes, epoch_version: int) -> None:
        self._nodes = nodes
        self._epoch_version = epoch_version
        self._requested = threading.Semaphore(0)
        self._stopped = threading.Event()
        threading.Thread(target=self._loop, name="log garbage", daemon=True).start()

    def collect(self) -> None:
        """Start deleting what is before R/begin; returns at once."""
        self._requested.release()

    def stop(self) -> None:
        """Send no more requests."""
        self._stopped.set()
        self._requested.release()

    def _loop(self) -> None:
        while self._requested.acquire() and not self._stopped.is_set() and self._collect_now():
            pass

    def _collect_now(self) -> bool:
        """Delete what can be deleted now; return False if another leader has taken over, which does it then."""
        try:
            self._delete_truncated()
        except BadVersionError:
            return False
        except (LogError, *KAZOO_ERRORS) as error:
            if self._stopped.is_set():
                return False
            logger.warning("Truncated records of the log could not be deleted yet: %s", reason(error))
        return True

    def _delete_truncated(self) -> None:
        last = self._nodes.last()
        begin = min(self._nodes.begin(), last)
        first_kept = self._nodes.layout.segment(begin)
        for segment in self._nodes.segments():
            if segment > first_kept:
                return
            truncated = [position for position in self._nodes.positions(segment) if position < begin]
            self._delete([self._nodes.layout.record(position) for position in truncated])
            if segment < first_kept:
                self._delete([segment])

    def _delete(self, paths: list[str]) -> None:
        for start in range(0, len(paths), BATCH):
            if self._stopped.is_set():
                return
            transaction = self._nodes.client.transaction()
            transaction.check(self._nodes.layout.epoch, self._epoch_version)
            for path in paths[start : start + BATCH]:
                transaction.delete(path)
            commit(self._nodes.client, transaction, COMMIT_SECONDS)
