"""How long to wait and when to try again: every number in one place, with its reason."""

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
REPLY_SECONDS = 600.0  # a real scheduler takes a minute to stage a million tasks
TOTAL_SECONDS = 600.0  # all attempts at one call, as the original
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
FIND_SECONDS = 20.0  # to find out who leads when nothing is to be sent: a person waits, and may ask again
LOOK_SECONDS = 10.0  # one look into ZooKeeper, as the original
QUIET_SECONDS = 2.0  # after which the user is told that somebody does not answer
BREATH_SECONDS = 0.1  # before a look that news calls for: they come in twos and threes, or for ever from a sick server
LAST_LOOK_SECONDS = 2.0  # left for a last look: a server that fell silent cannot tell that a leader has come
REMIND_SECONDS = 30.0  # how often the user is told that it is still the same


class Clock(NamedTuple):
    """Time and chance, passed in so that tests need neither. `sleep` may end early, and then returns true."""

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
        """Grant the whole time again."""
        self._end = self._clock.monotonic() + self._seconds

    def left(self) -> float:
        """Return the seconds that are left; never less than 0."""
        return max(0.0, self._end - self._clock.monotonic())

    def wait(self) -> float:
        """Return how many seconds a socket may wait.

        Raises:
            TimeoutError: none; a socket would take 0 for "do not wait at all".
        """
        left = self.left()
        if not left:
            raise TimeoutError
        return left


class Attempts:
    """All attempts at one call: how long the next may take, and whether there is a next."""

    def __init__(self, clock: Clock, log: Output, timeout_seconds: float | None) -> None:
        self._clock = clock
        self._log = log
        self._timeout = timeout_seconds
        self._total = Deadline(clock, TOTAL_SECONDS if timeout_seconds is None else timeout_seconds)
        self._kind: type[Failure] | None = None
        self._since = self._warned = 0.0
        self._in_a_row = 0
        self._times: Counter[tuple[type[Failure], str]] = Counter()
        self._warning = ""

    def deadline(self) -> Deadline:
        """Return the deadline of one attempt."""
        return Deadline(self._clock, REPLY_SECONDS if self._timeout is None else min(REPLY_SECONDS, self._total.left()))

    def again(self, failure: Failure) -> bool:
        """Wait until it is time for another attempt; False if it is not worth one."""
        now = self._clock.monotonic()
        self._count(failure, now)
        patience = self._patience(failure, now)
        pause = _watched_pause(patience) if failure.is_watched else self._pause(failure)
        if self._in_a_row >= failure.attempts or not 0 < pause <= patience:
            return False
        self._warn(failure.warning(), now)
        is_news = self._clock.sleep(pause)
        return bool(is_news) or not failure.is_watched or pause < patience

    def _count(self, failure: Failure, now: float) -> None:
        if type(failure) is not self._kind:
            self._kind, self._since, self._in_a_row = type(failure), now, 0
        self._in_a_row += 1
        self._times[type(failure), failure.url] += 1

    def _pause(self, failure: Failure) -> float:
        # By what went wrong where: a new trouble may be over soon, and two that take turns are as tiring as one.
        times = self._times[type(failure), failure.url]
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(times - 1, 10))
        return longest * (1 + self._clock.random()) / 2

    def _patience(self, failure: Failure, now: float) -> float:
        left = self._total.left()
        if self._timeout is not None and failure.patience_seconds:
            return left
        return min(left, self._since + failure.patience_seconds - now)

    def _warn(self, text: str, now: float) -> None:
        if text != self._warning or now - self._warned >= REMIND_SECONDS:
            self._warning, self._warned = text, now
            self._log.warn(text)


def _watched_pause(patience: float) -> float:
    return min(REMIND_SECONDS, patience - LAST_LOOK_SECONDS if patience > LAST_LOOK_SECONDS else patience)
