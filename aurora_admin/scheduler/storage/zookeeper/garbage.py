"""Deletes the nodes of forgotten records, behind the scheduler's back; what a crash leaves, the next leader deletes."""

import logging
import threading

from kazoo.exceptions import BadVersionError

from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.zookeeper.connection import FAILURES, commit, reason
from aurora_admin.scheduler.storage.zookeeper.nodes import Contents

logger = logging.getLogger(__name__)
BATCH = 64
ANSWER_SECONDS = 60.0


class Collector:
    """Deletes in ascending order, in small transactions that only the leader of one epoch can carry out.

    The newest record stays even where it is forgotten: it is what the next one must follow.
    """

    def __init__(self, contents: Contents, version: int) -> None:
        self._contents = contents
        self._version = version
        self._wanted = threading.Semaphore(0)
        self._stopped = threading.Event()
        threading.Thread(target=self._loop, name="log garbage", daemon=True).start()

    def collect(self) -> None:
        """Delete what is below the log's begin, soon."""
        self._wanted.release()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped.set()
        self._wanted.release()

    def _loop(self) -> None:
        while self._wanted.acquire() and not self._stopped.is_set() and self._collected():
            pass

    def _collected(self) -> bool:
        """Delete what can be deleted now; false where another leader has come, and deletes."""
        try:
            self._delete_forgotten()
        except BadVersionError:
            return False
        except (LogError, *FAILURES) as error:
            if self._stopped.is_set():
                return False
            logger.warning("Forgotten records of the log stay for now: %s", reason(error))
        return True

    def _delete_forgotten(self) -> None:
        last = self._contents.last()
        begin = min(self._contents.begin(), last)
        newest = self._contents.layout.segment(begin)
        for segment in self._contents.segments():
            if segment > newest:
                return
            forgotten = [position for position in self._contents.positions(segment) if position < begin]
            self._delete([self._contents.layout.record(position) for position in forgotten])
            if segment < newest:
                self._delete([segment])

    def _delete(self, paths: list[str]) -> None:
        for start in range(0, len(paths), BATCH):
            if self._stopped.is_set():
                return
            transaction = self._contents.client.transaction()
            transaction.check(self._contents.layout.epoch, self._version)
            for path in paths[start : start + BATCH]:
                transaction.delete(path)
            commit(self._contents.client, transaction, ANSWER_SECONDS)
