"""A kill, a full disk or a disk error at any system call leaves the state before the step or the one after it."""

import os
import re
import shutil
import subprocess

import pytest

from aurora_admin.backup.reader import read_backup
from tests.support.jobs import quota
from tests.support.recovery import NAME, OK, put_backup
from tests.support.storage_steps import RESTORE, STAGED, STEPS
from tests.support.storage_trials import StepTrials, state_in
from tests.support.thrift_calls import call, code_and_text

BACKUP = re.compile(r"scheduler-backup-.*")

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which injects faults, is not installed")


@pytest.fixture(params=[*STEPS, RESTORE], scope="module")
def trials(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> StepTrials:
    return StepTrials(tmp_path_factory.mktemp("trials"), request.param)


def check_folder(trials: StepTrials) -> None:
    """Check that every backup is valid and has its manifest, and that pruning waited for the new one."""
    names = sorted(path.name for path in (trials.trial / "backups").iterdir())
    backups = [name for name in names if BACKUP.fullmatch(name)]
    for name in backups:
        assert f"manifest_{name}.json" in names
        read_backup(str(trials.trial / "backups" / name)).close()
    assert len(backups) in ((2, 3) if trials.step == "backup" else (0,) if trials.step == RESTORE else (2,))


def check_cleaned(trials: StepTrials) -> None:
    """Check that the next start has deleted all incomplete files."""
    names = sorted(path.name for path in (trials.trial / "backups").iterdir())
    backups = [name for name in names if BACKUP.fullmatch(name)]
    assert set(os.listdir(trials.trial / "log")) <= {"LOCK", "log.sqlite", "log.sqlite-wal", "log.sqlite-shm"}
    assert names == sorted([*backups, *(f"manifest_{name}.json" for name in backups), STAGED])


def check(trials: StepTrials, ended: str, fault: str) -> None:
    check_folder(trials)
    found = state_in(trials.trial)
    allowed = {"done": {trials.after}, "refu": {trials.before}}.get(ended[:4], {trials.before, trials.after})
    assert found in allowed, (trials.step, fault, ended, found == trials.before, found == trials.after)
    check_cleaned(trials)


def test_a_kill_leaves_the_state_before_or_after(trials, sweep):
    for name, number in sweep(trials.points(), 10):
        ended = trials.run(f"{name}:signal=KILL:when={number}")
        check(trials, ended, f"killed at {name} {number}")


def test_a_full_disk_is_reported_and_loses_nothing(trials, sweep):
    for at in sweep(range(len(trials.calls)), 8):
        ended = trials.run(*trials.full_disk_from(at))
        check(trials, ended, f"full at {at} of {len(trials.calls)}")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("commitRecovery", {}),
        ("setQuota", {"ownerRole": "www", "quota": quota("www").quota}),
        ("snapshot", {}),
    ],
)
def test_a_write_with_an_unknown_outcome_is_not_reported_as_refused(scheduler, method, arguments):
    """If the disk fails at the last moment, the entry may be in the log and be recovered at the next start."""
    faults = [f"--inject={call}:error=EIO:when=1+" for call in ("fsync", "fdatasync")]
    one = scheduler("-backup_interval=1000days")
    put_backup(one)
    assert code_and_text(call(one.url, "stageRecovery", backupId=NAME)) == OK
    with subprocess.Popen(
        ["strace", "-f", "-o", os.devnull, "-p", str(one.process.pid), "-e", "trace=fsync,fdatasync", *faults],
        stderr=subprocess.PIPE,
        text=True,
    ) as tracer:
        assert "attached" in tracer.stderr.readline()
        code, text = code_and_text(call(one.url, method, **arguments))
        assert one.wait_exit() == 1
    assert code == "ERROR"
    assert text.startswith(f"{method} may have been carried out, or not. ")
    assert f"{method} was refused" not in one.log
    assert ".." not in text


def test_a_single_disk_error_loses_nothing(trials, sweep):
    for name, number in sweep(trials.points(), 8):
        ended = trials.run(f"{name}:error=EIO:when={number}")
        check(trials, ended, f"failed at {name} {number}")
