"""A drill that is interrupted or killed leaves no process behind."""

import os
import shutil
import signal
import subprocess

import pytest

from tests.support.processes import PROGRAMS, environment, kill_session, processes_of_session
from tests.support.waiting import wait_exit, wait_until
from tests.support.zookeeper import need_zookeeper


class Rehearsal:
    """A drill beside the test, in a session of its own."""

    def __init__(self, folder, *arguments):
        self.folder = folder / "drills"
        self.folder.mkdir()
        self.process = subprocess.Popen(
            [PROGRAMS / "aurora_admin", "drill", *arguments],
            env=environment(folder, TMPDIR=str(self.folder)),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait_for(self, file):
        wait_until(lambda: list(self.folder.glob(f"*/{file}")), f"the drill made {file}")

    def end(self, sig):
        """End it while its processes run, and return its exit code once none of them is left."""
        os.kill(self.process.pid, sig)
        try:
            code = wait_exit(self.process)
            wait_until(lambda: not processes_of_session(self.process.pid), "no process of the drill is left")
        finally:
            kill_session(self.process.pid)
        return code


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_stops_its_scheduler(tmp_path, sig):
    drill = Rehearsal(tmp_path, "--tasks=20000")
    drill.wait_for("*scheduler_list_backups.out")
    assert drill.end(sig) == 130
    assert list(drill.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (("--tasks=20000",), "*scheduler_list_backups.out"),
        (("--ha",), "scheduler2.log"),
    ],
    ids=["one", "ha"],
)
def test_a_killed_drill_leaves_no_processes(tmp_path, arguments, file):
    """It can do nothing for them any more: the kernel does."""
    need_zookeeper()
    if not shutil.which("setpriv"):
        pytest.skip("no setpriv on this machine: install util-linux")
    drill = Rehearsal(tmp_path, *arguments)
    drill.wait_for(file)
    assert drill.end(signal.SIGKILL) == -signal.SIGKILL


def test_an_interrupted_drill_stops_its_servers(tmp_path):
    need_zookeeper()
    drill = Rehearsal(tmp_path, "--ha")
    drill.wait_for("scheduler2.log")
    assert drill.end(signal.SIGINT) == 130
    assert list(drill.folder.iterdir()) == []
