"""A process in the background, with what it says in a file; it is ended whatever happens to the drill."""

import os
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
        if not subprocess.call(
            [*tie, "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ):
            return tie
    return ()


class Background:
    """One process at a time, started as often as wanted; `what` names it in messages."""

    def __init__(self, what: str, log: Path, environment: Mapping[str, str]) -> None:
        self.what = what
        self._log, self._environment = log, environment
        self._read = self._begun = 0  # how much of the log has been reported; where the running process began it
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str]) -> None:
        """Start it and go on."""
        with open(self._log, "ab") as log, _uninterrupted():
            self._begun = log.seek(0, os.SEEK_END)
            self._process = subprocess.Popen(
                tied(command), env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def news(self) -> list[str]:
        """Return the whole lines that it has said since the last call."""
        said = self._lines_from(self._read)
        self._read += sum(map(len, said))
        return [line.decode("utf-8", "replace").rstrip("\r\n") for line in said]

    def _lines_from(self, position: int) -> list[bytes]:
        with open(self._log, "rb") as log:
            log.seek(position)
            return [line for line in log if line.endswith(b"\n")]

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_for(self, pattern: re.Pattern[str]) -> tuple[str, list[str]]:
        """Wait until it has said something since it was started; return the group of the pattern, and what is new.

        Raises:
            StepFailed: it ended instead, or takes for ever.
        """
        deadline = time.monotonic() + REPLAY_SECONDS
        while not (found := self._found(pattern)):
            if not self.is_running():
                code = self._process.returncode if self._process else None
                raise StepFailed(f"{self.what} ended with {code} instead of serving: {last(self.news())}")
            if time.monotonic() > deadline:
                raise StepFailed(f"{self.what} does not serve after {REPLAY_SECONDS} s: {last(self.news())}")
            time.sleep(PAUSE_SECONDS)
        return found.group(1), self.news()

    def _found(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Look at all that it has said: what is waited for may have come together with what was before."""
        lines = (line.decode("utf-8", "replace") for line in self._lines_from(self._begun))
        return next(filter(None, map(pattern.search, lines)), None)

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
