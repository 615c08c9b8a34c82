"""What a newcomer runs, run as they would."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from aurora_admin.backup.reader import read_backup
from tests.support.places import CHECKOUT
from tests.support.processes import kill_session, processes_of_session
from tests.support.waiting import communicate, wait_exit, wait_until


def untracked() -> set[str]:
    """Return the files that git would see."""
    listed = subprocess.check_output(["git", "ls-files", "--others", "--exclude-standard"], cwd=CHECKOUT, text=True)
    return set(listed.splitlines())


@pytest.fixture
def script(tmp_path):
    """Run a script of the checkout from somewhere else; no process of it may be left."""

    def call(name, *arguments, code=0):
        process = subprocess.Popen(
            [CHECKOUT / "script" / name, *arguments],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            out, _ = communicate(process)
            left = processes_of_session(process.pid)
        finally:
            kill_session(process.pid)
        assert (process.returncode, left) == (code, []), out
        return out

    return call


def test_the_demo_shows_every_command_of_a_restore_and_passes(script, tmp_path):
    before = untracked()
    shown = script("demo")
    commands = re.findall(r"^\$ aurora_admin (scheduler_\w+) ", shown, re.MULTILINE)
    assert commands == [
        "scheduler_list_backups",
        "scheduler_stage_recovery",
        "scheduler_print_recovery_tasks",
        "scheduler_delete_recovery_tasks",
        "scheduler_commit_recovery",
        "scheduler_backup_now",
    ]
    assert re.search(r"^compare tasks .* 57 tasks, each as in the backup", shown, re.MULTILINE)
    assert list(Path(tmp_path).iterdir()) == []
    assert untracked() <= before


def test_make_backup_writes_where_its_caller_stands(script, tmp_path):
    script("make-backup", "--tasks", "7", "mine")
    backup = read_backup(str(tmp_path / "mine"))
    assert len(backup.tasks) == 7
    backup.close()


def test_make_backup_refuses_what_it_cannot_do(script, tmp_path):
    assert "must be 0 or more, not -3" in script("make-backup", "--tasks", "-3", "mine", code=2)
    out = script("make-backup", "--tasks", "3", str(tmp_path / "nowhere" / "mine"), code=1)
    assert out.endswith("cannot be written: No such file or directory\n")
    assert list(tmp_path.iterdir()) == []


def test_make_backup_leaves_nothing_unfinished(script, tmp_path):
    (tmp_path / "mine").mkdir()
    out = script("make-backup", "--tasks", "3", "mine", code=1)
    assert out.endswith("mine cannot be written: it exists and is not a file\n")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_make_backup_replaces_nothing_but_backups(script, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert script("make-backup", "--tasks", "3", "pipe", code=1).endswith(
        "pipe cannot be written: it exists and is not a file\n"
    )
    (tmp_path / "mine.part").write_text("kept")
    assert script("make-backup", "--tasks", "3", "mine", code=1).endswith(
        "mine.part cannot be written: it exists already\n"
    )
    assert (tmp_path / "mine.part").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.part", "pipe"]


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_make_backup_that_is_interrupted_leaves_nothing(tmp_path, sig):
    process = subprocess.Popen(
        [CHECKOUT / "script" / "make-backup", "--tasks", "100000000", "mine"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: list(tmp_path.glob("mine.part")), "it has begun")
        process.send_signal(sig)
        assert wait_exit(process) == 130
    finally:
        kill_session(process.pid)
    assert list(tmp_path.iterdir()) == []
