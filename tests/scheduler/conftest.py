"""Fixtures of several files here."""

import contextlib
import subprocess
from pathlib import Path

import pytest

from aurora_admin.scheduler.storage.sqlite.admin import initialize
from tests.support.elected_schedulers import Elected
from tests.support.processes import PROGRAMS, Result, Scheduler, environment, run
from tests.support.recovery import put_backup, stage
from tests.support.storage import StorageOnDisk
from tests.support.zookeeper_log import SharedLog


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """A scheduler with the sample backup staged, for all tests of a file."""
    one = Scheduler(tmp_path_factory.mktemp("scheduler")).start()
    put_backup(one)
    stage(one)
    yield one
    one.kill()


@pytest.fixture
def elected(tmp_path, zookeeper, zk):
    """Schedulers of one cluster, none yet."""
    one = Elected(tmp_path, zookeeper.hosts, zk)
    yield one
    one.close()


@pytest.fixture
def shared_log(zookeeper, tmp_path):
    """A new log in a ZooKeeper that stays unharmed."""
    one = SharedLog(zookeeper.hosts, tmp_path)
    one.initialize()
    yield one
    one.close()


@pytest.fixture
def on_disk(tmp_path):
    """A storage on an empty log."""
    folder = str(tmp_path / "log")
    initialize(folder)
    one = StorageOnDisk(folder)
    with contextlib.closing(one.engine):
        yield one


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a file system of a test's own takes root's rights")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def extract(tmp_path):
    """`extract(folder)` runs aurora-reference-log extract; the backup is tmp_path/out/state."""

    def run_extract(folder: Path, target: Path = tmp_path / "out" / "state", *options: str) -> Result:
        target.parent.mkdir(exist_ok=True)
        arguments = (f"--mesos-replica={folder}", f"--to={target}", *options)
        return run([PROGRAMS / "aurora-reference-log", "extract", *arguments], environment(tmp_path))

    return run_extract
