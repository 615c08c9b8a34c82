"""The drill, run as a user would."""

import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from thrift.Thrift import TType

from aurora_admin.backup import manifest
from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api.ttypes import ScheduledTask
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire import fields
from aurora_admin.wire.path import path
from tests.support.places import FIXTURES
from tests.support.processes import PROGRAMS, environment, kill_session, processes_of_session
from tests.support.waiting import wait_exit, wait_until
from tests.support.zookeeper import need_zookeeper

SAMPLE = Path(__file__).parents[1] / "data" / "sample-backup"
REAL = sorted(path.name for path in FIXTURES.glob("backups/*") if ".expect.json" not in path.name)
TIMESTAMP, TASKS = path(Snapshot, "timestamp"), path(Snapshot, "tasks")
ASSIGNED_TASK, TASK_CONFIG, CONTAINER, EXECUTOR_DATA = (
    path(ScheduledTask, name)
    for name in (
        "assignedTask",
        "assignedTask.task",
        "assignedTask.task.container",
        "assignedTask.task.executorConfig.data",
    )
)
STEPS = (
    "start a scheduler",
    "list backups",
    "stage",
    "print tasks",
    "delete tasks",
    "commit",
    "start it again",
    "compare tasks",
    "back up, compare the rest",
    "stop",
)


HA_STEPS = (
    "start three ZooKeeper servers",
    "start three schedulers",
    "stop all schedulers",
    "empty the log",
    "start partially disabled",
    "look for a leader",
    "find the elected scheduler",
    "list backups",
    "stage",
    "print tasks",
    "delete tasks",
    "commit",
    "another leads, compare tasks",
    "undo the flags, restart all",
    "compare tasks",
    "back up, compare the rest",
    "stop",
)


@pytest.fixture
def drill(admin, tmp_path):
    """Run a drill whose folders are made in tmp_path/drills."""
    (tmp_path / "drills").mkdir()
    return lambda *arguments, **env: admin("drill", *arguments, TMPDIR=str(tmp_path / "drills"), **env)


@pytest.fixture
def left(tmp_path):
    """What a drill has left behind."""
    return lambda: list((tmp_path / "drills").iterdir())


def assert_passed(result, steps=STEPS):
    assert result.code == 0, result.out + result.err
    assert [step for step in steps if re.search(rf"^{step}  .*  +[\d.]+ s$", result.out, re.MULTILINE)] == list(steps)


def test_the_sample_backup_passes_and_leaves_nothing(drill, left):
    result = drill(f"--backup={SAMPLE}")
    assert_passed(result)
    assert "57 tasks, each as in the backup" in result.out
    assert left() == []


def test_the_scheduler_logs_counts_age_and_framework_ids(drill):
    log = drill(f"--backup={SAMPLE}").err
    assert re.search(r"60 tasks.* hosts.* cron jobs.*", log)
    assert re.search(r"taken .* ago", log)
    assert re.search(r"^ INFO\] Framework id of the backup: \S+; of the running state: none yet$", log, re.MULTILINE)


def test_a_made_up_backup_passes(drill):
    result = drill("--tasks=300")
    assert_passed(result)
    assert "297 tasks, each as in the backup" in result.out


def test_a_cluster_without_tasks_passes(drill):
    assert_passed(drill("--tasks=0"))


def test_a_compressed_backup_under_any_name_passes(drill, tmp_path):
    file = tmp_path / "from the old cluster, final (2).gz"
    file.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    result = drill("--backup", file)
    assert_passed(result)
    assert "scheduler-backup-2026-11-22-10-00" in result.out


@pytest.mark.parametrize("name", REAL)
def test_a_backup_of_a_real_scheduler_passes(drill, fixtures, name):
    assert_passed(drill("--backup", fixtures / "backups" / name))


def test_unknown_fields_are_preserved(drill, tmp_path):
    """Unknown fields, an unknown member of a union, and bytes that are not UTF-8, in a task and in its config."""
    raw = SAMPLE.read_bytes()
    unknown = fields.string(b"\xff\xfe later")
    first, *others = TASKS.elements(raw)
    for known in ((), ASSIGNED_TASK.ids, TASK_CONFIG.ids, CONTAINER.ids):
        first = fields.put(first, [*known, 99], TType.STRING, unknown)
    changed = TASKS.put_elements(raw, [EXECUTOR_DATA.put(first, unknown), *others])
    (tmp_path / "later").write_bytes(fields.put(changed, [99], TType.STRING, unknown))
    assert_passed(drill("--backup", tmp_path / "later"))


def test_shown_commands_are_typed_and_print_as_an_operator_sees_them(drill):
    shown = drill(f"--backup={SAMPLE}", "--show").out
    assert (
        "$ aurora_admin scheduler_stage_recovery drill scheduler-backup-2026-11-22-10-00\n"
        " INFO] Response from scheduler: OK (message: )\n"
    ) in shown
    assert "$ aurora-reference-scheduler -cluster_name=drill" in shown


def test_kept_folders_hold_the_backup_the_log_and_every_output(drill, left):
    result = drill(f"--backup={SAMPLE}", "--keep")
    [folder] = left()
    assert str(folder) in result.err
    assert (folder / "backups" / "scheduler-backup-2026-11-22-10-00").read_bytes() == SAMPLE.read_bytes()
    assert {"log", "scheduler.log", "clusters.json"} <= {path.name for path in folder.iterdir()}
    shutil.rmtree(folder)


@pytest.fixture
def backup_with_manifest(tmp_path):
    """A backup that has a manifest beside it, as the reference scheduler writes it."""
    file = tmp_path / "scheduler-backup-2026-11-22-10-00"
    raw = SAMPLE.read_bytes()
    with closing(read_backup(str(SAMPLE))) as backup:
        facts = {
            manifest.SIZE: len(raw),
            manifest.DIGEST: hashlib.sha256(raw).hexdigest(),
            manifest.TIMESTAMP: backup.timestamp_ms,
            manifest.FRAMEWORK_ID: backup.framework_id,
            manifest.COUNTS: backup.counts,
        }
    (tmp_path / manifest.manifest_name(file.name)).write_bytes(manifest.encode("west", facts))
    shutil.copy(SAMPLE, file)
    return file


@pytest.mark.parametrize("compressed", [False, True])
def test_a_backup_that_matches_its_manifest_passes(drill, backup_with_manifest, compressed):
    if compressed:
        subprocess.check_call(["gzip", backup_with_manifest])
        backup_with_manifest = backup_with_manifest.with_name(backup_with_manifest.name + ".gz")
    assert_passed(drill("--backup", backup_with_manifest))


@pytest.mark.parametrize("by_link", [False, True])
def test_a_backup_that_differs_from_its_manifest_is_refused(drill, left, backup_with_manifest, tmp_path, by_link):
    raw = backup_with_manifest.read_bytes()
    role = raw.index(b"payments")
    backup_with_manifest.write_bytes(raw[:role] + b"PAYMENT" + raw[role + 7 :])
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "latest"
    link.symlink_to(backup_with_manifest)
    result = drill("--backup", link if by_link else backup_with_manifest)
    assert (result.code, result.out) == (1, "")
    assert "differs from its manifest" in result.err
    assert "sha256 is" in result.err
    assert left() == []


COMPRESSED = gzip.compress(SAMPLE.read_bytes())
DAMAGED_GZIP = r"is damaged: .+\. Check it with gunzip -t, and copy it again from where it was made"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "cannot be rehearsed: Failed to decode backup one: the file is empty; .+"),
        (b"\0", "cannot be rehearsed: Failed to decode backup one: it is not a backup: .+"),
        (SAMPLE.read_bytes()[:-1], "cannot be rehearsed: .+ copy it again from where it was made.+"),
        (SAMPLE.read_bytes() + b"x", "cannot be rehearsed: Failed to decode backup one: 1 bytes follow .+"),
        (COMPRESSED[:-9], DAMAGED_GZIP),
        (COMPRESSED[:-8] + bytes(8), DAMAGED_GZIP),
        (COMPRESSED[:1000] + bytes(100) + COMPRESSED[1100:], DAMAGED_GZIP),
        (COMPRESSED[:2] + b"\7" + COMPRESSED[3:], DAMAGED_GZIP),
    ],
    ids=["empty", "nul", "cut", "longer", "gzip-cut", "gzip-checksum", "gzip-data", "gzip-method"],
)
def test_a_damaged_backup_is_one_line_and_leaves_nothing(drill, left, tmp_path, content, text):
    file = tmp_path / "one"
    file.write_bytes(content)
    result = drill("--backup", file)
    assert (result.code, result.out) == (1, "")
    assert re.fullmatch(rf"FATAL\] {re.escape(str(file))} {text}\n", result.err), result.err
    assert left() == []


@pytest.mark.parametrize("taken", [2**62, -(2**62), 253_402_300_800_000, -50_000_000_000_000, 2**63 - 1])
def test_a_backup_from_beyond_the_calendar_passes(drill, tmp_path, taken):
    (tmp_path / "odd").write_bytes(TIMESTAMP.put(SAMPLE.read_bytes(), fields.i64(taken)))
    result = drill("--backup", tmp_path / "odd")
    assert_passed(result)
    assert re.search(r"^list backups +scheduler-backup-\d{4}-\d\d-\d\d-\d\d-\d\d ", result.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--backup=/nowhere/at-all",), "/nowhere/at-all cannot be copied to .+: No such file or directory. .+"),
        (("--backup=/",), "/ is not a regular file. Name the file of a backup"),
        (("--backup=/dev/zero",), "/dev/zero is not a regular file. Name the file of a backup"),
        (("--backup=",), "--backup= names no file. Name the file of a backup"),
        (("--backup=x", "--tasks=1"), "Give --backup or --tasks, not both"),
        (("--tasks=-1",), "--tasks=-1: give the number of tasks to generate, 0 or more"),
        (("west",), "usage: drill .*\n\nsee the help .*"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_in_few_words(drill, left, arguments, text):
    result = drill(*arguments)
    assert (result.code, result.out) == (1, "")
    assert re.fullmatch(rf"FATAL\] {text}\n", result.err), result.err
    assert left() == []


def test_a_pipe_is_refused_at_once(drill, left, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    result = drill("--backup", tmp_path / "pipe")
    assert (result.code, result.err) == (
        1,
        f"FATAL] {tmp_path}/pipe is not a regular file. Name the file of a backup\n",
    )
    assert left() == []


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
def test_a_killed_drill_takes_its_processes_along(tmp_path, arguments, file):
    """It can do nothing for them any more: the kernel does."""
    need_zookeeper()
    if not shutil.which("setpriv"):
        pytest.skip("no setpriv on this machine: install util-linux")
    drill = Rehearsal(tmp_path, *arguments)
    drill.wait_for(file)
    assert drill.end(signal.SIGKILL) == -signal.SIGKILL


def test_a_drill_does_without_the_kernels_help(drill, tmp_path):
    """Another program of that name, as busybox has one."""
    (tmp_path / "setpriv").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "setpriv").chmod(0o755)
    assert_passed(drill("--tasks=10", PATH=f"{tmp_path}:{os.environ['PATH']}"))


def test_a_highly_available_cluster_is_rehearsed_whole(drill, left):
    need_zookeeper()
    result = drill("--ha", f"--backup={SAMPLE}", "--show")
    assert_passed(result, HA_STEPS)
    assert result.out.count("57 tasks, each as in the backup") == 2
    assert "$ aurora_admin get_scheduler drill --timeout=2\n" in result.out
    assert "$ aurora_admin scheduler_commit_recovery drill --bypass-leader-redirect\n" in result.out
    assert left() == []


def test_without_zookeeper_one_line_says_what_to_install(admin):
    result = admin("drill", "--ha", PATH=str(PROGRAMS))
    assert (result.code, result.out) == (1, "")
    assert re.fullmatch(r"FATAL\] .* install Debian's package zookeeper .*\n", result.err)


def test_an_interrupted_drill_takes_its_servers_along(tmp_path):
    need_zookeeper()
    drill = Rehearsal(tmp_path, "--ha")
    drill.wait_for("scheduler2.log")
    assert drill.end(signal.SIGINT) == 130
    assert list(drill.folder.iterdir()) == []
