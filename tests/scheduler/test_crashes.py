"""Killed or out of space at any system call: the state afterwards is the one before or the one after, never a third."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aurora_admin.backup.manifest import read_verified
from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.storage.sqlite.admin import initialize
from tests.conftest import CHECKOUT
from tests.scheduler.test_backups import QUOTA
from tests.scheduler.test_recovery import NAME, OK, place
from tests.support.storage_steps import RESTORE, STAGED, STEPS, SchedulerStorage
from tests.support.thrift_calls import call, said

CALLS = (
    "write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,"
    "fchmod,chmod,fallocate"
)
CALL = re.compile(rf"^({CALLS.replace(',', '|')})\(", re.MULTILINE)
# What a disk without room refuses; it still deletes.
SPACE = CALLS.replace(",unlink,unlinkat", "")
BACKUP = re.compile(r"scheduler-backup-.*")

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which injects faults, is not installed")


class Bench:
    """A folder of a scheduler at rest, copied for each trial."""

    def __init__(self, folder: Path, step: str) -> None:
        self.step = step
        self.rest = folder / "rest"
        self.trial = folder / "trial"
        self.trace = folder / "trace"
        initialize(str(self.rest / "log"))
        (self.rest / "backups").mkdir()
        write_sample(str(self.rest / "backups" / STAGED), 30)
        if step != RESTORE:
            parts = SchedulerStorage(self.rest)
            parts.write()
            for _ in range(2):
                parts.backup()
            parts.engine.close()
        self.before = state(self.copy())
        assert self.run() == "done"
        self.after = state(self.trial)
        self.calls = CALL.findall(self.trace.read_text())

    def points(self) -> list[tuple[str, int]]:
        """Every call of the step: its name, and the how manieth of that name it is, as strace counts."""
        return [(name, self.calls[: at + 1].count(name)) for at, name in enumerate(self.calls)]

    def from_here(self, at: int) -> list[str]:
        """Conditions that hold for a call at a place and all that follow."""
        return [f"{name}:error=ENOSPC:when={self.calls[:at].count(name) + 1}+" for name in SPACE.split(",")]

    def copy(self) -> Path:
        shutil.rmtree(self.trial, ignore_errors=True)
        shutil.copytree(self.rest, self.trial)
        return self.trial

    def run(self, *faults: str) -> str:
        """Run the step on a fresh copy, with faults; return what it said."""
        self.copy()
        fault = [f"--inject={fault}" for fault in faults]
        command = [
            "strace",
            "-o",
            self.trace,
            "-e",
            f"trace={CALLS}",
            *fault,
            sys.executable,
            "-m",
            "tests.support.storage_steps",
            self.step,
            str(self.trial),
        ]
        # Faults count from the first call of the process: it must be the same one each time.
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout


def state(folder: Path) -> str:
    """What a scheduler that starts on the folder keeps."""
    parts = SchedulerStorage(folder)
    parts.engine.close()
    return parts.state()


@pytest.fixture(params=[*STEPS, RESTORE], scope="module")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"), request.param)


def check_folder(bench: Bench) -> None:
    """Every backup is whole and has its manifest; the old ones were not pruned unless the new one is there."""
    names = sorted(path.name for path in (bench.trial / "backups").iterdir())
    backups = [name for name in names if BACKUP.fullmatch(name)]
    for name in backups:
        assert f"manifest_{name}.json" in names
        read_verified(str(bench.trial / "backups" / name)).close()
    assert len(backups) in ((2, 3) if bench.step == "backup" else (0,) if bench.step == RESTORE else (2,))


def check_cleaned(bench: Bench) -> None:
    """After the next start nothing is left of what was half done."""
    names = sorted(path.name for path in (bench.trial / "backups").iterdir())
    backups = [name for name in names if BACKUP.fullmatch(name)]
    assert set(os.listdir(bench.trial / "log")) <= {"LOCK", "log.sqlite", "log.sqlite-wal", "log.sqlite-shm"}
    assert names == sorted([*backups, *(f"manifest_{name}.json" for name in backups), STAGED])


def check(bench: Bench, said: str, fault: str) -> None:
    check_folder(bench)
    found = state(bench.trial)
    allowed = {"done": {bench.after}, "refu": {bench.before}}.get(said[:4], {bench.before, bench.after})
    assert found in allowed, (bench.step, fault, said, found == bench.before, found == bench.after)
    check_cleaned(bench)


def test_a_kill_leaves_the_state_before_or_after(bench, sweep):
    for name, number in sweep(bench.points(), 10):
        said = bench.run(f"{name}:signal=KILL:when={number}")
        check(bench, said, f"killed at {name} {number}")


def test_a_full_disk_is_said_and_loses_nothing(bench, sweep):
    for at in sweep(range(len(bench.calls)), 8):
        said = bench.run(*bench.from_here(at))
        check(bench, said, f"full at {at} of {len(bench.calls)}")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("commitRecovery", {}),
        ("setQuota", {"ownerRole": "www", "quota": QUOTA}),
        ("snapshot", {}),
    ],
)
def test_a_write_that_may_have_been_carried_out_is_not_called_refused(scheduler, method, arguments):
    """When the disk fails at the last moment the entry may be in the log, and come back with the next start."""
    faults = [f"--inject={call}:error=EIO:when=1+" for call in ("fsync", "fdatasync")]
    one = scheduler("-backup_interval=1000days")
    place(one)
    assert said(call(one.url, "stageRecovery", backupId=NAME)) == OK
    with subprocess.Popen(
        ["strace", "-f", "-o", os.devnull, "-p", str(one.process.pid), "-e", "trace=fsync,fdatasync", *faults],
        stderr=subprocess.PIPE,
        text=True,
    ) as tracer:
        assert "attached" in tracer.stderr.readline()
        code, text = said(call(one.url, method, **arguments))
        assert one.wait_exit() == 1
    assert code == "ERROR"
    assert text.startswith(f"{method} may have been carried out, or not. ")
    assert f"{method} was refused" not in one.log
    assert ".." not in text


def test_a_disk_that_fails_once_loses_nothing(bench, sweep):
    for name, number in sweep(bench.points(), 8):
        said = bench.run(f"{name}:error=EIO:when={number}")
        check(bench, said, f"failed at {name} {number}")
