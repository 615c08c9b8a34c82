"""A process in the background that logs to a file. It ends with the drill, however the drill ends."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import aurora_admin
from aurora_admin.errors import AdminError

# Processes that neither log nor use this much processor time in this period are stuck. An idle server uses less.
IDLE_SECONDS = 60
BUSY_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 600  # replaying a log of ten million tasks takes a minute or two
POLL_SECONDS = 0.05
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
CPU_FIELDS = slice(11, 13)  # utime and stime in /proc/PID/stat, counted from the field behind the name
TICKS = os.sysconf("SC_CLK_TCK")

# The folder of the package, which is sys.path[0] instead of the working folder.
INSTALLATION = Path(aurora_admin.__file__).parent.parent
RUN_MODULE = """
import sys
sys.path[0] = sys.argv[1]
del sys.argv[:2]
from runpy import run_module
run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


class StepFailed(AdminError):
    """A step of the drill failed; the text says how."""


def program(module: str, arguments: Sequence[str]) -> list[str]:
    """Return the command that runs a module of this installation.

    `python -m` would search the working folder first, where a file may have the name of a module of Python.
    """
    return [sys.executable, "-c", RUN_MODULE, str(INSTALLATION), module, *arguments]


def tied(command: Sequence[str]) -> list[str]:
    """Return the command with a prefix that makes the kernel kill it when this process ends, where that is possible."""
    return [*_tie(), *command]


@cache
def _tie() -> tuple[str, ...]:
    tie = ("setpriv", "--pdeathsig", "KILL")  # of util-linux; another program may have that name
    with suppress(OSError):
        if not subprocess.call(
            [*tie, "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ):
            return tie
    return ()


class Background:
    """One process at a time, started as often as needed; `what` names it in messages."""

    def __init__(self, what: str, log: Path, environment: Mapping[str, str]) -> None:
        self.what = what
        self._log, self._environment = log, environment
        self._read = self._begun = 0  # bytes of the log returned so far; where the running process began
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str]) -> None:
        """Start the command and return at once."""
        with open(self._log, "ab") as log, _interrupts_deferred():
            self._begun = log.seek(0, os.SEEK_END)
            self._process = subprocess.Popen(
                tied(command), env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def new_lines(self) -> list[str]:
        """Return the complete lines that were logged since the last call."""
        lines = self._lines_from(self._read)
        self._read += sum(map(len, lines))
        return [line.decode("utf-8", "replace").rstrip("\r\n") for line in lines]

    def _lines_from(self, position: int) -> list[bytes]:
        with open(self._log, "rb") as log:
            log.seek(position)
            return [line for line in log if line.endswith(b"\n")]

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_size(self) -> int:
        return self._log.stat().st_size

    def processor_seconds(self) -> float:
        """Return the processor time that the process has used; 0 where the system does not show it."""
        with suppress(OSError):  # no /proc on this system, or the process has ended
            assert self._process
            stat = Path(f"/proc/{self._process.pid}/stat").read_bytes()
            return sum(map(int, stat.rpartition(b")")[2].split()[CPU_FIELDS])) / TICKS
        return 0.0

    def wait_for(self, pattern: re.Pattern[str]) -> tuple[str, list[str]]:
        """Wait for a log line of the running process; return the group of the pattern, and the new lines.

        Raises:
            StepFailed: the process ended instead, or makes no progress.
        """
        found: list[str] = []

        def is_logged() -> bool:
            match = self._search(pattern)
            found.extend([match.group(1)] if match else [])
            if not found and not self.is_running():
                code = self._process.returncode if self._process else None
                raise StepFailed(f"{self.what} ended with {code} before it was ready: {last_text(self.new_lines())}")
            return bool(found)

        wait_until(is_logged, f"{self.what} ready", [self])
        return found[0], self.new_lines()

    def _search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Search everything that the process has logged: an earlier call may have returned the line already."""
        lines = (line.decode("utf-8", "replace") for line in self._lines_from(self._begun))
        return next(filter(None, map(pattern.search, lines)), None)

    def terminate(self) -> None:
        """Send SIGTERM."""
        assert self._process
        self._process.terminate()

    def wait_exit(self) -> int:
        """Wait until the process has ended by itself and return its exit status.

        Raises:
            StepFailed: it goes on without progress.
        """
        wait_until(lambda: not self.is_running(), f"{self.what} ended", [self])
        assert self._process
        return self._process.wait()

    def kill(self) -> None:
        """Kill the process, if it runs."""
        if self._process and self.is_running():
            self._process.kill()
            self._process.wait()


def wait_until(condition: Callable[[], bool], what: str, processes: Iterable[Background]) -> None:
    """Wait for a condition for as long as the processes make progress, however slow the machine is.

    Raises:
        StepFailed: they made no progress for a minute, or the condition is still false after ten.
    """
    running = [process for process in processes if process.is_running()]
    begin = last_progress = time.monotonic()
    before = _progress(running)
    while not condition():
        now, after = time.monotonic(), _progress(running)
        if after.log_size != before.log_size or after.processor_seconds - before.processor_seconds >= BUSY_SECONDS:
            last_progress, before = now, after
        if now - last_progress > IDLE_SECONDS or now - begin > LONGEST_WAIT_SECONDS:
            raise StepFailed(f"gave up after {now - begin:.0f} s waiting for: {what}")
        time.sleep(POLL_SECONDS)


class _Progress(NamedTuple):
    log_size: int
    processor_seconds: float


def _progress(processes: Sequence[Background]) -> _Progress:
    return _Progress(
        sum(process.log_size() for process in processes), sum(process.processor_seconds() for process in processes)
    )


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Defer Ctrl-C until the started process is known: otherwise it would be left running."""
    caught: list[int] = []
    handlers = {sig: signal.signal(sig, lambda number, _: caught.append(number)) for sig in INTERRUPTS}
    try:
        yield
    finally:
        for sig, handler in handlers.items():
            signal.signal(sig, handler)
    if caught:
        raise KeyboardInterrupt


def last_text(lines: Sequence[str]) -> str:
    """Return the last line that is not blank."""
    return next(filter(None, map(str.strip, reversed(lines))), "no output")
