"""Trials of one step of a scheduler's storage on copies of a folder, with faults that strace injects."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.storage.sqlite.admin import initialize
from tests.support.places import CHECKOUT
from tests.support.storage_steps import RESTORE, STAGED, SchedulerStorage

CALLS = (
    "write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,"
    "fchmod,chmod,fallocate"
)
CALL = re.compile(rf"^({CALLS.replace(',', '|')})\(", re.MULTILINE)
# The calls that fail on a full disk; files can still be deleted.
NEED_SPACE = CALLS.replace(",unlink,unlinkat", "")
# Faults are counted from the first call of the process, so every run must make the same calls.
REPEATABLE = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}


class StepTrials:
    """The folder of a scheduler that is stopped, and trials of a step on copies of it.

    Attributes:
        before, after: digests of the state before the step, and after it without a fault.
        calls: the names of the system calls of the step without a fault, in order.
        trial: the folder of the last trial.
    """

    def __init__(self, folder: Path, step: str) -> None:
        self.step = step
        self.original = folder / "original"
        self.trial = folder / "trial"
        self.trace = folder / "trace"
        initialize(str(self.original / "log"))
        (self.original / "backups").mkdir()
        write_sample(str(self.original / "backups" / STAGED), 30)
        if step != RESTORE:
            storage = SchedulerStorage(self.original)
            storage.write()
            for _ in range(2):
                storage.backup()
            storage.engine.close()
        self.before = state_in(self.copy())
        assert self.run() == "done"
        self.after = state_in(self.trial)
        self.calls = CALL.findall(self.trace.read_text())

    def points(self) -> list[tuple[str, int]]:
        """Return each call as its name and its number among the calls of this name, as strace counts."""
        return [(name, self.calls[: at + 1].count(name)) for at, name in enumerate(self.calls)]

    def full_disk_from(self, at: int) -> list[str]:
        """Return the faults of a disk that is full from the call with this index on."""
        return [f"{name}:error=ENOSPC:when={self.calls[:at].count(name) + 1}+" for name in NEED_SPACE.split(",")]

    def copy(self) -> Path:
        shutil.rmtree(self.trial, ignore_errors=True)
        shutil.copytree(self.original, self.trial)
        return self.trial

    def run(self, *faults: str) -> str:
        """Run the step on a fresh copy with faults, and return what it printed."""
        self.copy()
        return self.trace_step(f"trace={CALLS}", *(f"--inject={fault}" for fault in faults))

    def trace_step(self, traced: str, *options: str) -> str:
        """Run the step under strace, and return what it printed; the calls are in the file `trace`."""
        step = [sys.executable, "-m", "tests.support.storage_steps", self.step, str(self.trial)]
        command = ["strace", "-o", self.trace, "-e", traced, *options, *step]
        env = {**os.environ, **REPEATABLE}
        done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout


def state_in(folder: Path) -> str:
    """Return a digest of the state that a scheduler recovers from a folder."""
    storage = SchedulerStorage(folder)
    storage.engine.close()
    return storage.state()
