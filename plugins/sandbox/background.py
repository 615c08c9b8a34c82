"""A process in the background, with what it says in a file; it is ended whatever happens to the drill."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

START_SECONDS = 60
REPLAY_SECONDS = 600  # a log of ten million tasks takes a minute or two
STOP_SECONDS = 30
PAUSE_SECONDS = 0.05
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


class StepFailed(Exception):
    """A step did not do what it should; the text says what it did."""


def tied(command: Sequence[str]) -> list[str]:
    """Return a command that the kernel kills when this process ends, however it ends, where it can be told to."""
    return [*_tie(), *command]


@cache
def _tie() -> tuple[str, ...]:
    tie = ("setpriv", "--pdeathsig", "KILL")  # of util-linux; a program of that name may be another's
    with suppress(OSError):
        if not subprocess.call([*tie, "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL):
            return tie
    return ()


class Background:
    """One process at a time, started as often as wanted; `what` names it in messages."""

    def __init__(self, what: str, log: Path, environment: Mapping[str, str]) -> None:
        self.what = what
        self._log, self._environment = log, environment
        self._read = 0  # how much of the log has been reported
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str]) -> None:
        """Start it and go on."""
        with open(self._log, "ab") as log, _uninterrupted():
            self._process = subprocess.Popen(tied(command), env=self._environment, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log)

    def news(self) -> list[str]:
        """Return the whole lines that it has said since the last call."""
        with open(self._log, "rb") as log:
            log.seek(self._read)
            said = log.read()
        said = said[:said.rfind(b"\n") + 1]
        self._read += len(said)
        return said.decode("utf-8", "replace").splitlines()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_for(self, pattern: re.Pattern[str]) -> tuple[str, list[str]]:
        """Wait until it says something; return the group of the pattern, and all that it has said till then.

        Raises:
            StepFailed: it ended instead, or takes for ever.
        """
        said: list[str] = []
        deadline = time.monotonic() + REPLAY_SECONDS
        while not (found := next(filter(None, map(pattern.search, said)), None)):
            if not self.is_running():
                said += self.news()
                code = self._process.returncode if self._process else None
                raise StepFailed(f"{self.what} ended with {code} instead of serving: {last(said)}")
            if time.monotonic() > deadline:
                raise StepFailed(f"{self.what} does not serve after {REPLAY_SECONDS} s: {last(said)}")
            time.sleep(PAUSE_SECONDS)
            said += self.news()
        return found.group(1), said

    def terminate(self) -> None:
        """Ask it to end."""
        assert self._process
        self._process.terminate()

    def wait_exit(self) -> int:
        """Wait until it has ended by itself.

        Raises:
            StepFailed: it goes on.
        """
        assert self._process
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise StepFailed(f"{self.what} still runs after {STOP_SECONDS} s") from None

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self._process and self.is_running():
            self._process.kill()
            self._process.wait()


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that processes do.

    Raises:
        StepFailed: it did not happen in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise StepFailed(f"after {START_SECONDS} s still not: {what}")
        time.sleep(PAUSE_SECONDS)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C until it is known what was started: what nobody knows, nobody would end."""
    caught: list[int] = []
    handlers = {sig: signal.signal(sig, lambda number, _: caught.append(number)) for sig in INTERRUPTS}
    try:
        yield
    finally:
        for sig, handler in handlers.items():
            signal.signal(sig, handler)
    if caught:
        raise KeyboardInterrupt


def last(lines: Sequence[str]) -> str:
    """Return the last line that says something."""
    return next(filter(None, map(str.strip, reversed(lines))), "it said nothing")
