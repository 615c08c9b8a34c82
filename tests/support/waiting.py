"""Waits of tests: they end in a failure when the processes of the test hang, not when the machine is slow."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any, AnyStr

# A test hangs when its processes use less processor time than this in a period. Idle servers use less, and a process
# that works uses more, even where ten others want the processor as well.
PERIOD_SECONDS = 30.0
BUSY_SECONDS = 0.5
# The end of every wait: a process that is busy for so long goes round in circles. Also the time-out of calls of
# libraries, whose waiting cannot follow what the processes do.
DEADLINE_SECONDS = 600
# Between two looks at a condition. The longer a wait lasts, the less often it looks: looking is work, too.
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.01, 0.25
TICKS = os.sysconf("SC_CLK_TCK")


def stats() -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each process, and the fields of its stat from the third, its state, on (proc(5))."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            yield int(stat.parent.name), stat.read_text().rpartition(")")[2].split()


def processor_seconds() -> dict[int, float]:
    """Return the processor time of every process below this one, and of the other threads of this one."""
    found = {number: (int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS) for number, fields in stats()}
    ours = {os.getpid()}
    while more := {number for number, (parent, _) in found.items() if parent in ours} - ours:
        ours |= more
    used = {number: found[number][1] for number in ours if number in found}
    return {**used, os.getpid(): time.process_time() - time.thread_time()}


class Deadline:
    """The end of a wait, put off for as long as the processes of the test work.

    What they do cannot be known, but whether they do something: by the processor time that they use.
    """

    def __init__(
        self,
        what: str | Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], Mapping[int, float]] = processor_seconds,
    ) -> None:
        self._what, self._clock, self._work = what, clock, work
        self._begun = clock()
        self._next = self._begun + PERIOD_SECONDS
        self._used: Mapping[int, float] | None = None

    @property
    def waited(self) -> float:
        """The seconds since the wait began."""
        return self._clock() - self._begun

    @property
    def what(self) -> str:
        """What is waited for."""
        return self._what if isinstance(self._what, str) else self._what()

    def check(self) -> None:
        """Fail, and name what was waited for, if nothing has been done in a whole period or too much time is over."""
        if self._clock() < self._next:
            return
        before, self._used = self._used, self._work()
        self._next = self._clock() + PERIOD_SECONDS
        assert self.waited < DEADLINE_SECONDS, f"after {self.waited:.0f} s of work still not: {self.what}"
        if before is not None:
            busy = sum(used - before.get(number, 0.0) for number, used in self._used.items())
            assert busy >= BUSY_SECONDS, f"after {self.waited:.0f} s nothing is done and still not: {self.what}"


def wait_until(condition: Callable[[], object], what: str | Callable[[], str]) -> Any:
    """Return what the condition returns once it is true; `what` names it where it does not become so."""
    deadline = Deadline(what)
    while not (value := condition()):
        deadline.check()
        time.sleep(min(MIN_PAUSE_SECONDS + deadline.waited / 50, MAX_PAUSE_SECONDS))
    return value


def wait_exit(process: subprocess.Popen[Any]) -> int:
    """Wait for a process to end by itself and return its exit code."""
    deadline = Deadline(f"the end of {process.args}")
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(MAX_PAUSE_SECONDS)
        deadline.check()


def communicate(process: subprocess.Popen[AnyStr], stdin: AnyStr | None = None) -> tuple[AnyStr, AnyStr]:
    """Wait for a process to end by itself and return what there is to read from it.

    In a thread, because Popen.communicate loses the rest of the input when a time-out interrupts it.
    """
    deadline = Deadline(f"the end of {process.args}")
    outcome: Future[tuple[AnyStr, AnyStr]] = Future()
    threading.Thread(target=_communicate, args=(process, stdin, outcome), daemon=True).start()
    while not outcome.done():
        wait([outcome], MAX_PAUSE_SECONDS)
        deadline.check()
    return outcome.result()


def _communicate(
    process: subprocess.Popen[AnyStr], stdin: AnyStr | None, outcome: Future[tuple[AnyStr, AnyStr]]
) -> None:
    try:
        outcome.set_result(process.communicate(stdin))
    except Exception as error:  # noqa: BLE001 - raised in the thread that waits
        outcome.set_exception(error)
