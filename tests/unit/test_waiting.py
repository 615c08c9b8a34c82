"""The waits of tests: what puts a deadline off, and what does not."""

import subprocess
import sys

import pytest

from tests.support import waiting
from tests.support.processes import environment, run
from tests.support.waiting import (
    BUSY_SECONDS,
    DEADLINE_SECONDS,
    PERIOD_SECONDS,
    Deadline,
    communicate,
    processor_seconds,
    wait_exit,
    wait_until,
)


class SimulatedWait:
    """A wait with a clock, and processes whose processor time grows by `share` of the clock's."""

    def __init__(self, share: float) -> None:
        self.now, self.share = 0.0, share
        self.deadline = Deadline("the end", lambda: self.now, lambda: {1: 5.0, 2: self.now * self.share})

    def run_until(self, seconds: float) -> None:
        while self.now < seconds:
            self.now += 1.0
            self.deadline.check()


def test_a_wait_for_idle_processes_ends():
    simulated = SimulatedWait(BUSY_SECONDS / PERIOD_SECONDS / 2)
    with pytest.raises(AssertionError, match=r"nothing is done and still not: the end"):
        simulated.run_until(DEADLINE_SECONDS)
    assert simulated.now == 2 * PERIOD_SECONDS


def test_a_wait_for_busy_processes_goes_on():
    SimulatedWait(BUSY_SECONDS / PERIOD_SECONDS * 2).run_until(DEADLINE_SECONDS - 1)


def test_a_wait_for_busy_processes_does_not_go_on_for_ever():
    simulated = SimulatedWait(1.0)
    with pytest.raises(AssertionError, match=r"of work still not: the end"):
        simulated.run_until(2 * DEADLINE_SECONDS)
    assert simulated.now == DEADLINE_SECONDS


SPINNING = """
import time
while time.process_time() < 0.3:
    pass
print("busy", flush=True)
input()
"""


def test_the_work_of_processes_below_is_seen_and_waiting_does_not_count_as_work():
    with subprocess.Popen(
        ["sh", "-c", '"$@"; :', "sh", sys.executable, "-c", SPINNING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as shell:
        before = processor_seconds()
        assert shell.stdout.readline() == "busy\n"
        after = processor_seconds()
        [python] = [number for number, used in after.items() if used - before.get(number, 0) > 0.2]
        assert python != shell.pid
        communicate(shell, "\n")
    assert python not in processor_seconds()


def test_a_wait_returns_what_was_waited_for():
    found = iter([None, [], "it"])
    assert wait_until(lambda: next(found), "it") == "it"


def test_a_program_that_takes_longer_than_a_look_gets_all_its_input_once(tmp_path, monkeypatch):
    """Also when the input is larger than a pipe holds, so that the rest is written after the first look."""
    monkeypatch.setattr(waiting, "MAX_PAUSE_SECONDS", 0.001)
    program = "import sys; print(sys.stdin.read()); sys.exit(3)"
    text = "in" * 100_000
    done = run([sys.executable, "-c", program], environment(tmp_path), text)
    assert (done.code, done.err) == (3, "")
    assert done.out == f"{text}\n"


def test_an_exit_code_is_waited_for():
    with subprocess.Popen(["sh", "-c", "exit 7"]) as process:
        assert wait_exit(process) == 7
