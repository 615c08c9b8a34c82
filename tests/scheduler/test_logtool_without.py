"""aurora-reference-log on systems that lack something: each command works there, or says in one line why not."""

import os
import re
import shutil
import sys
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from aurora_admin.backup.reader import read_backup
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from tests.support.mesos_replica import append, quota, replica
from tests.support.processes import PROGRAMS, Result, environment, run
from tests.support.readers import with_own_mounts
from tests.support.recovery import SAMPLE
from tests.support.zookeeper_log import SharedLog

TOOL = str(PROGRAMS / "aurora-reference-log")
NO_LINKS = "EACCES EIO EMLINK EPERM EOPNOTSUPP ENOSYS".split()
# Functions that Python does not have on every system (macOS).
REMOVED = "posix_fadvise POSIX_FADV_DONTNEED POSIX_FADV_SEQUENTIAL fdatasync".split()
READ_ONLY = """
for folder in /tmp /var/tmp /usr/tmp "$PWD"; do
    [ ! -d "$folder" ] || mount --bind -r "$folder" "$folder" || exit 9
done
exec "$@"
"""
strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which injects faults, is not installed")


@dataclass
class Tool:
    """Runs the program behind a wrapper, with more variables in its environment."""

    home: Path
    wrapper: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()

    def __call__(self, *arguments: object) -> Result:
        return self.run(TOOL, *arguments)

    def run(self, *command: object) -> Result:
        done = run([*self.wrapper, *command], environment(self.home, **dict(self.variables)))
        assert "Traceback" not in done.err
        return done


def injected(*faults: str) -> tuple[str, ...]:
    return ("strace", "-f", "-o", os.devnull, *(f"--inject={fault}" for fault in faults))


def shell(redirection: str) -> tuple[str, ...]:
    return ("bash", "-c", f'exec "$@" {redirection}', "bash")


def without_functions(home: Path) -> tuple[tuple[str, str], ...]:
    (home / "path").mkdir()
    (home / "path" / "sitecustomize.py").write_text("import os\n" + "".join(f"del os.{name}\n" for name in REMOVED))
    return (("PYTHONPATH", str(home / "path")),)


@pytest.fixture(
    params=[
        *(pytest.param(f"links: {error}", marks=strace) for error in NO_LINKS),
        pytest.param("modes", marks=strace),
        "functions",
        "stdin",
        "stdout",
        "stderr",
        "all streams",
        "encoding",
        "temporary folder",
    ]
)
def tool(request, tmp_path):
    """The program without what the parameter names."""
    what, _, error = request.param.partition(": ")
    streams = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-", "all streams": "<&- >&- 2>&-"}
    if what == "links":
        return Tool(tmp_path, injected(f"link,linkat:error={error}"))
    if what == "modes":
        return Tool(tmp_path, injected("chmod,fchmod,fchmodat:error=EPERM"))
    if what == "functions":
        return Tool(tmp_path, variables=without_functions(tmp_path))
    if what == "encoding":
        return Tool(tmp_path, variables=(("PYTHONIOENCODING", "ascii"), ("LC_ALL", "C")))
    if what == "temporary folder":
        return Tool(tmp_path, variables=(("TMPDIR", "/no/such"),))
    return Tool(tmp_path, shell(streams[what]))


def test_a_log_is_created_filled_shown_and_deleted(tool, tmp_path):
    """The folder has a name that is not ASCII."""
    folder = f"--path={tmp_path / 'lög'}"
    assert tool("initialize", folder).code == 0
    again = tool("initialize", folder)
    assert again.code == 1
    assert "already holds" in again.err or not again.err
    assert tool("restore", folder, f"--backup={SAMPLE}").code == 0
    for command in ("status", "read"):
        assert tool(command, folder).code == 0
    with closing(SqliteLog(str(tmp_path / "lög"))) as log:
        assert log.size()[0] == 1
    assert tool("wipe", folder).code == 1
    assert tool("status", folder).code == 0
    assert tool("wipe", folder, "--yes").code == 0
    assert tool("status", folder).code == 1
    assert sorted(os.listdir(tmp_path / "lög")) == ["LOCK"]


def test_a_replica_is_extracted(tool, tmp_path):
    source = replica(tmp_path / "replica", append(0, quota("a")))
    target = tmp_path / "out" / "zustand-ä"
    target.parent.mkdir()
    command = ("extract", f"--mesos-replica={source}", f"--to={target}")
    assert tool(*command).code == 0
    assert sorted(os.listdir(target.parent)) == [f"manifest_{target.name}.json", target.name]
    before = target.read_bytes()
    assert tool(*command).code == 1
    assert target.read_bytes() == before


def test_a_sample_is_written(tool, tmp_path):
    command = (sys.executable, "-m", "aurora_admin.samples.backup", "--tasks=3", tmp_path / "müster")
    assert tool.run(*command).code == 0
    assert read_backup(str(tmp_path / "müster")).counts["tasks"] == 3
    assert tool.run(*command[:-1], tmp_path / "no" / "müster").code == 1


def test_a_backup_is_restored_into_zookeeper(tool, zookeeper, tmp_path):
    shared = SharedLog(zookeeper.hosts, tmp_path, root=f"/aurora-{uuid.uuid4().hex}/lög")
    location = (f"--zk={shared.hosts}", f"--group={shared.root}")
    assert tool("initialize", *location, "--cluster=west").code == 0
    assert tool("restore", *location, f"--backup={SAMPLE}").code == 0
    assert tool("status", *location).code == 0


def test_without_any_temporary_folder_the_restore_into_zookeeper_is_refused(zookeeper, tmp_path):
    """Nothing else needs a temporary folder: the others use the folder of the log, or of the file to write."""
    shared = SharedLog(zookeeper.hosts, tmp_path)
    location = (f"--zk={shared.hosts}", f"--group={shared.root}")
    tool = Tool(tmp_path, with_own_mounts(READ_ONLY))
    if tool("--version").code == 9:
        pytest.skip("mounting takes root's rights")
    shared.initialize()
    done = tool("restore", *location, f"--backup={SAMPLE}", "--cluster=west")
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(r"aurora-reference-log: .*temporary folder.* TMPDIR.*\n", done.err)
