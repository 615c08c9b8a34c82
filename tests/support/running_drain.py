"""A command that waits for hosts, while it runs, and what it works on."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.jobs import config, key, task
from tests.support.processes import PROGRAMS, Result, environment
from tests.support.waiting import communicate, wait_exit, wait_until

OK = " INFO] Response from scheduler: OK (message: )\n"


def drained(host: str) -> str:
    """Return the log of a batch of one host that runs no task of a job with an SLA."""
    return (
        f" INFO] Beginning SLA check for set(['{host}'])\n{OK} INFO] All hosts passed SLA check.\n"
        f" INFO] Draining tasks on: set(['{host}'])\n{OK}"
        f" INFO] Waiting for hosts to be in DRAINED: set(['{host}'])\n"
        f" INFO] Maintenance status for: set(['{host}'])\n{OK}"
    )


def web_on(*where: int):
    """Return the tasks of a production job that has its instances on the hosts of these numbers."""
    of = config(key(), production=True)
    found = [task(of, instance) for instance in range(len(where))]
    for one, number in zip(found, where, strict=True):
        one.assignedTask.slaveHost = f"host-{number}"
    return found


class RunningDrain:
    """The program while it runs; its log is in the file err of its home."""

    def __init__(self, home: Path, *arguments: object) -> None:
        self._err = home / "err"
        command = [str(part) for part in (PROGRAMS / "aurora_admin", *arguments)]
        with self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command,
                env=environment(home),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._err.read_text()

    def wait_for(self, text: str) -> None:
        """Wait until it has logged a text."""
        wait_until(lambda: text in self.log, lambda: f"{text}\n{self.log}")

    def end(self) -> Result:
        """Wait for its end."""
        out, _ = communicate(self.process, None)
        return Result(self.process.returncode, out, self.log)

    def interrupt(self, by: signal.Signals = signal.SIGINT) -> int:
        """Send Ctrl-C, or another signal, and return the exit code."""
        self.process.send_signal(by)
        return wait_exit(self.process)


@contextmanager
def running_drains(home: Path) -> Iterator[Callable[..., RunningDrain]]:
    """Yield a function that starts the program; at the end what still runs is killed."""
    started: list[RunningDrain] = []

    def start(*arguments: object) -> RunningDrain:
        started.append(RunningDrain(home, *arguments))
        return started[-1]

    try:
        yield start
    finally:
        for one in started:
            one.process.kill()
            one.process.wait()
            if one.process.stdout:
                one.process.stdout.close()
