"""Work that a leader does by itself, again and again, beside its calls."""

import logging
import threading
import time
from collections.abc import Callable

from aurora_admin.backup.writer import BackupFailed
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.storage import StorageNotReady

logger = logging.getLogger(__name__)

# The time to the next run is computed anew this often: it may depend on files and on a clock that is set.
RECHECK_SECONDS = 60.0
RETRY_SECONDS = 60.0
# Failures whose text says what to do; a traceback would add nothing.
EXPECTED = (LogError, BackupFailed)


class PeriodicTask:
    """Work that is done whenever it is due, in a thread of its own, one run at a time.

    `seconds_until_due` is called with the seconds since the last successful run, or since the start; 0 or less means
    that the work is due. `wake`, if given, makes it due while it is set.

    A run that fails is logged and repeated after RETRY_SECONDS, whatever it failed with: a scheduler must not go on
    without its backups unnoticed. Only `stop`, and a storage that is closed, end the task.

    >>> import threading
    >>> ran = threading.Event()
    >>> task = PeriodicTask("example", lambda elapsed: 0.001 - elapsed, ran.set)
    >>> task.start()
    >>> ran.wait(60)
    True
    >>> task.stop()
    """

    def __init__(
        self,
        name: str,
        seconds_until_due: Callable[[float], float],
        run: Callable[[], object],
        wake: threading.Event | None = None,
    ) -> None:
        self._name = name
        self._seconds_until_due = seconds_until_due
        self._run = run
        self._wake = threading.Event() if wake is None else wake
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin; returns at once. Call it once."""
        threading.Thread(target=self._loop, name=self._name, daemon=True).start()

    def stop(self) -> None:
        """Begin no other run. Returns at once: a run in progress continues until it finishes or the process ends."""
        self._stopped.set()
        self._wake.set()

    def _loop(self) -> None:
        last_run = time.monotonic()
        while not self._stopped.is_set():
            seconds = self._seconds_until_due(time.monotonic() - last_run)
            woken = self._wake.wait(min(max(seconds, 0.0), RECHECK_SECONDS))
            if self._stopped.is_set() or not (woken or seconds <= 0):
                continue
            try:
                self._run()
                last_run = time.monotonic()
            except StorageNotReady:
                return
            except Exception as error:
                expected = isinstance(error, EXPECTED)
                level = logging.WARNING if expected else logging.ERROR
                logger.log(level, "%s failed: %s", self._name, error, exc_info=not expected)
                self._stopped.wait(RETRY_SECONDS)
