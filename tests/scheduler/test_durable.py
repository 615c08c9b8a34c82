"""Whatever was acknowledged is on the disk: shown by the order of system calls (docs/architecture.md 4.4)."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import CHECKOUT
from tests.scheduler.test_crashes import Bench
from tests.support.storage_steps import RESTORE

CALL = re.compile(r"^\d+ +(write|pwrite64|fsync|fdatasync|link|linkat|writev)\((.*)$", re.MULTILINE)
OF_FILE = re.compile(r"\d+<([^>]*)>")

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which shows calls, is not installed")


def calls(folder, step):
    """The calls of a step up to its word that it is done: each with the files that it names."""
    bench = Bench(folder, step)
    bench.copy()
    command = [
        "strace",
        "-f",
        "-y",
        "-s",
        "4",
        "-o",
        bench.trace,
        "-e",
        "trace=/write|sync|link",
        sys.executable,
        "-m",
        "tests.support.storage_steps",
        step,
        str(bench.trial),
    ]
    subprocess.run(
        command, cwd=CHECKOUT, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=True, stdout=subprocess.PIPE
    )
    for name, rest in CALL.findall(bench.trace.read_text()):
        if name == "writev":
            return
        if name.startswith("link"):
            yield "link", re.findall(r'"([^"]*)"', rest)
        else:
            (path, *_) = OF_FILE.findall(rest) or [""]
            yield "sync" if "sync" in name else "write", [path]


def last(done, kind, path):
    """Where the last such call on a file stands; -1 where there is none."""
    return max((at for at, (name, paths) in enumerate(done) if name == kind and path in paths), default=-1)


@pytest.mark.parametrize("step", ["write", "snapshot", "commit", RESTORE])
def test_an_entry_is_on_the_disk_before_it_is_said_to_be_there(tmp_path, step):
    done = list(calls(tmp_path, step))
    journal = str(tmp_path / "trial" / "log" / "log.sqlite-wal")
    assert 0 <= last(done, "write", journal) < last(done, "sync", journal)


def test_a_backup_and_its_names_are_on_the_disk_before_it_is_said_to_be_there(tmp_path):
    done = list(calls(tmp_path, "backup"))
    folder = str(tmp_path / "trial" / "backups")
    links = [(at, paths) for at, (kind, paths) in enumerate(done) if kind == "link"]
    assert [re.sub("scheduler-backup-.*", "", os.path.basename(name)) for _, (_, name) in links] == ["manifest_", ""]
    for at, (temporary, _) in links:
        before = done[:at]
        assert 0 <= last(before, "write", temporary) < last(before, "sync", temporary)
        # The manifest's name is there for good before the backup has one.
        later = [other for other, _ in links if other > at] or [len(done)]
        assert last(done[: later[0]], "sync", folder) > at
