"""Time-outs and retries: how long to wait for what, and whether there is another attempt."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from aurora_admin.client.failures import Failure
    from aurora_admin.output import Output

CONNECT_SECONDS = 10.0
REPLY_SECONDS = 600.0  # one attempt; a real scheduler takes a minute to stage a million tasks
TOTAL_SECONDS = 600.0  # all attempts at one call, as in the original
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 10.0
FIND_LEADER_SECONDS = 20.0  # all lookups of a command that only looks the leader up; a person waits for it
LOOKUP_SECONDS = 10.0  # one lookup in ZooKeeper, as in the original
WARN_AFTER_SECONDS = 2.0  # of silence of a server
SETTLE_SECONDS = 0.1  # between a change in ZooKeeper and the next lookup, because changes come in groups
LAST_LOOKUP_SECONDS = 2.0  # left for a last lookup: a server that has become silent reports no change
REPEAT_WARNING_SECONDS = 30.0


class Clock(NamedTuple):
    """Time and randomness, replaceable in tests. `sleep` may end early; it then returns true."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    random: Callable[[], float] = random.random


REAL_CLOCK = Clock()


class Deadline:
    """A moment until which something has to be done."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        """Set the deadline to all of its seconds from now."""
        self._end = self._clock.monotonic() + self._seconds

    def left(self) -> float:
        """Return the seconds that are left; never less than 0."""
        return max(0.0, self._end - self._clock.monotonic())

    def timeout(self) -> float:
        """Return the seconds that are left, as the time-out of a socket.

        Raises:
            TimeoutError: none are left; a socket would take 0 as "do not block".
        """
        left = self.left()
        if not left:
            raise TimeoutError
        return left


class Retry:
    """The attempts at one call: the deadline of each, the back-off between them, and when to stop.

    With `timeout_seconds` that is the limit for all attempts, otherwise each kind of failure has its own (Failure); a
    call that only reads is patient, and uses `read_retry_seconds` of the failure where that is longer.
    """

    def __init__(self, clock: Clock, log: Output, timeout_seconds: float | None, *, is_patient: bool = False) -> None:
        self._clock = clock
        self._is_patient = is_patient
        self._log = log
        self._timeout = timeout_seconds
        self._total = Deadline(clock, TOTAL_SECONDS if timeout_seconds is None else timeout_seconds)
        self._kind: type[Failure] | None = None
        self._since = self._warned_at = 0.0
        self._consecutive = 0
        self._counts: Counter[tuple[type[Failure], str]] = Counter()
        self._warning = ""

    def attempt_deadline(self) -> Deadline:
        """Return the deadline of the next attempt."""
        return Deadline(self._clock, REPLY_SECONDS if self._timeout is None else min(REPLY_SECONDS, self._total.left()))

    def wait_after(self, failure: Failure) -> bool:
        """Log the failure and wait for the next attempt; return False if there is none."""
        now = self._clock.monotonic()
        self._count(failure, now)
        left = self._seconds_left(failure, now)
        delay = _watched_delay(left) if failure.is_watched else self._backoff(failure)
        if self._consecutive >= failure.max_attempts or not 0 < delay <= left:
            return False
        self._warn(failure.warning(), now)
        has_changed = self._clock.sleep(delay)
        return bool(has_changed) or not failure.is_watched or delay < left

    def _count(self, failure: Failure, now: float) -> None:
        if type(failure) is not self._kind:
            self._kind, self._since, self._consecutive = type(failure), now, 0
        self._consecutive += 1
        self._counts[type(failure), failure.url] += 1

    def _backoff(self, failure: Failure) -> float:
        # Counted by kind and server, so that alternating failures do not reset the back-off.
        count = self._counts[type(failure), failure.url]
        longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** min(count - 1, 10))
        return longest * (1 + self._clock.random()) / 2

    def _seconds_left(self, failure: Failure, now: float) -> float:
        left = self._total.left()
        if self._timeout is not None and failure.retry_seconds:
            return left
        seconds = max(failure.retry_seconds, failure.read_retry_seconds * self._is_patient)
        return min(left, self._since + seconds - now)

    def _warn(self, text: str, now: float) -> None:
        if text != self._warning or now - self._warned_at >= REPEAT_WARNING_SECONDS:
            self._warning, self._warned_at = text, now
            self._log.warn(text)


def _watched_delay(left: float) -> float:
    return min(REPEAT_WARNING_SECONDS, left - LAST_LOOKUP_SECONDS if left > LAST_LOOKUP_SECONDS else left)
