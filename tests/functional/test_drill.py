"""The drill, run as a user would."""

import csv
import json
import os
import re
import shutil

import pexpect
import pytest

from tests.support.drill import HA_STEPS, STEPS, assert_passed
from tests.support.processes import PROGRAMS, environment, run
from tests.support.recovery import SAMPLE
from tests.support.terminal import run_on_terminal, terminal
from tests.support.zookeeper import need_zookeeper

PROXIES = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "all_proxy"), "http://127.0.0.1:1")


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


def test_a_terminal_shows_each_step_as_it_ends(tmp_path):
    result = run_on_terminal(tmp_path, "drill", "--tasks=10")
    assert result.code == 0
    lines = [line for line in result.err.splitlines() if not line.startswith((" INFO] ", " WARN] "))]
    assert [re.fullmatch(r"(.*?)  +.*  [\d.]+ s", line).group(1) for line in lines[:-1]] == list(STEPS)
    assert lines[-1] == "PASS"


def test_a_step_is_shown_before_the_next_one_ends(tmp_path):
    with terminal(tmp_path, "drill", "--tasks=20000") as one:
        one.expect_exact("list backups")
        one.sendintr()
        one.expect(pexpect.EOF)
        assert "PASS" not in one.before
    assert one.exitstatus == 130


def test_rows_for_programs_have_numbers(drill):
    result = drill("--tasks=10", "--output=json")
    rows = json.loads(result.out)["rows"]
    assert [row["step"] for row in rows] == list(STEPS)
    assert all(isinstance(row["seconds"], float) for row in rows)
    assert result.err.splitlines()[-1] == " INFO] PASS"
    result = drill("--tasks=10", "--output=csv", "-q")
    header, *lines = csv.reader(result.out.splitlines())
    assert (header, result.err) == (["step", "result", "seconds"], "")
    assert [(step, float(seconds) >= 0) for step, _, seconds in lines] == [(step, True) for step in STEPS]


@pytest.mark.parametrize("rows", ["text", "json"])
def test_a_failed_step_ends_the_drill(drill, left, tmp_path, rows):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif 'aurora_admin.scheduler.main' in sys.orig_argv: sys.exit('no room')\n"
    )
    result = drill("--tasks=10", f"--output={rows}", PYTHONPATH=str(tmp_path))
    assert result.code == 1
    failure = "the scheduler ended with 1 before it was ready: SystemExit: no room"
    assert result.err.splitlines()[-1] == f"FATAL] The drill failed at the step 'start a scheduler': {failure}"
    if rows == "text":
        assert re.search(rf"^start a scheduler  FAILED: {failure}  +[\d.]+ s\nFAIL\n$", result.out, re.MULTILINE)
    else:
        assert [row["result"] for row in json.loads(result.out)["rows"]] == [f"FAILED: {failure}"]
        assert result.err.startswith(" INFO] FAIL\n")
    assert left() == []


@pytest.mark.parametrize("blocks", [0, 4, 40, 200])
def test_a_full_disk_is_one_line(tmp_path, blocks):
    """A limit on the size of files: 0 leaves no temporary folder, more of them let it get further."""
    command = f"ulimit -f {blocks}; exec {PROGRAMS}/aurora_admin drill --tasks=200"
    (tmp_path / "drills").mkdir()
    result = run(["sh", "-c", command], environment(tmp_path, TMPDIR=str(tmp_path / "drills")))
    assert result.code == 1
    [fatal] = [line for line in result.err.splitlines() if not line.startswith((" INFO] ", " WARN] "))]
    assert re.match(r"FATAL\] (drill needs a temporary|No backup can be generated|The drill failed)", fatal)
    assert list((tmp_path / "drills").iterdir()) == []


@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_stop_a_drill(tmp_path, closed):
    result = run(["sh", "-c", f"{PROGRAMS}/aurora_admin drill --tasks=10 {closed}"], environment(tmp_path))
    assert result.code == 0, result.err


def test_a_drill_uses_no_proxy(drill):
    assert_passed(drill("--tasks=10", **PROXIES))


def test_a_made_up_backup_passes(drill):
    result = drill("--tasks=300")
    assert_passed(result)
    assert "297 tasks, each as in the backup" in result.out


def test_a_cluster_without_tasks_passes(drill):
    assert_passed(drill("--tasks=0"))


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


def test_a_drill_does_without_the_kernels_help(drill, tmp_path):
    """Another program of that name, as busybox has one."""
    (tmp_path / "setpriv").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "setpriv").chmod(0o755)
    assert_passed(drill("--tasks=10", PATH=f"{tmp_path}:{os.environ['PATH']}"))


def test_a_highly_available_cluster_is_rehearsed_whole(drill, left):
    need_zookeeper()
    result = drill("--ha", f"--backup={SAMPLE}", "--show", **PROXIES)
    assert_passed(result, HA_STEPS)
    assert result.out.count("57 tasks, each as in the backup") == 2
    assert "$ aurora_admin get_scheduler drill --timeout=2\n" in result.out
    assert "$ aurora_admin scheduler_commit_recovery drill --bypass-leader-redirect\n" in result.out
    assert left() == []


def test_without_zookeeper_one_line_says_what_to_install(admin):
    result = admin("drill", "--ha", PATH=str(PROGRAMS))
    assert (result.code, result.out) == (1, "")
    assert re.fullmatch(r"FATAL\] .* install Debian's package zookeeper .*\n", result.err)
