"""The recovery commands against a scheduler: text, streams and exit codes (docs/cli.md 4.1 and 4.5)."""

import json
import re
import time
from functools import reduce

import pytest

from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    ExecutorConfig,
    Identity,
    JobKey,
    Resource,
    ScheduledTask,
    ScheduleStatus,
    TaskConfig,
)
from aurora_admin.gen.storage.ttypes import SchedulerMetadata, Snapshot
from aurora_admin.wire import codec
from tests.support.processes import PROGRAMS, environment, run
from tests.support.recordings import OUR_ADDITION

OK = " INFO] Response from scheduler: OK (message: )\n"
NOTHING_LOADED = " INFO] Response from scheduler: ERROR (message: No backup loaded.)\n"
HEADER = " INFO] Role\tJob\tShard\tStatus\tTask ID\n"
FIRST, SECOND, MADE = (f"scheduler-backup-2026-11-24-11-{minute}" for minute in (20, 21, 23))
STEP = re.compile(
    r"^\$ aurora_admin (get_scheduler|scheduler_\w+) devcluster ?(.*)\n((?:\[(?:out|err)\] .*\n)*)"
    r"\[rc=(\d+)\]",
    re.MULTILINE,
)
ROW = re.compile(r"www-data\t(\S+)\t0\tRUNNING\t(\S+)")


def task(task_id: str, role: str, name: str, status: int = ScheduleStatus.RUNNING, instance: int = 0) -> ScheduledTask:
    config = TaskConfig(
        job=JobKey(role=role, environment="prod", name=name),
        owner=Identity(user=role),
        isService=True,
        priority=0,
        maxTaskFailures=1,
        resources={Resource(numCpus=1.0), Resource(ramMb=128), Resource(diskMb=128)},
        executorConfig=ExecutorConfig(name="AuroraExecutor", data="{}"),
    )
    assigned = AssignedTask(
        taskId=task_id, slaveId="s1", slaveHost="h1", task=config, assignedPorts={}, instanceId=instance
    )
    return ScheduledTask(assignedTask=assigned, status=status, failureCount=0, taskEvents=[])


def backup(*tasks: ScheduledTask) -> bytes:
    nothing = {key: set() for key in ("cronJobs", "jobUpdateDetails", "quotaConfigurations", "hostAttributes")}
    return codec.encode(
        Snapshot(
            timestamp=int(time.time() * 1000),
            tasks=set(tasks),
            **nothing,
            schedulerMetadata=SchedulerMetadata(frameworkId="f-1", details={}),
        )
    )


@pytest.fixture
def west(scheduler, clusters):
    one = scheduler()
    clusters.write(west=one.url)
    return one


@pytest.fixture
def staged(west, admin):
    """A scheduler with three tasks staged, one of them ended."""
    (west.backup_dir / FIRST).write_bytes(
        backup(
            task("t-1", "www", "hello"),
            task("t-2", "www", "hello", instance=1),
            task("t-3", "www", "hello", ScheduleStatus.FINISHED),
        )
    )
    assert admin("scheduler_stage_recovery", "west", FIRST).code == 0
    return west


def shown(result) -> list[str]:
    """The lines as the recording has them, sorted: the scheduler replies with sets. Ours names the loaded backup."""
    err = re.sub(r"(Another backup is already loaded\.) .*\)", r"\1)", result.err)
    return sorted(
        [f"[out] {line}" for line in result.out.splitlines()] + [f"[err] {line}" for line in err.splitlines()]
    )


def test_a_recorded_session_has_the_same_output(admin, west, fixtures):
    """Each command of ours, as the original client was recorded against a real scheduler."""
    recorded = (fixtures / "cli" / "original-0.22-against-real-0.22.txt").read_text()
    steps = STEP.findall(recorded)
    assert len(steps) == len(re.findall(r"^\$ aurora_admin (?:get_sch|sch)", recorded, re.MULTILINE)) == 21
    for name in (FIRST, SECOND):
        (west.backup_dir / name).write_bytes(backup())
    # Ours does not name the backup folder in the error of a missing backup, as releases before 0.20, and adds advice.
    same = {
        "http://127.0.0.1:18232": west.url,
        "Backup backups/": "Backup ",
        "does not exist.)": "does not exist. Choose one from the list of backups.)",
    }
    for command, *texts, code in steps:
        arguments, lines = (reduce(lambda text, pair: text.replace(*pair), same.items(), text) for text in texts)
        result = admin(command, "west", *arguments.split())
        printed = [OUR_ADDITION.sub("", line) for line in shown(result)]
        assert (result.code, printed) == (int(code), sorted(lines.splitlines())), (command, arguments)
        if command == "scheduler_backup_now":
            [made] = {path.name for path in west.backup_dir.glob("scheduler-*")} - {FIRST, SECOND}
            (west.backup_dir / f"manifest_{made}.json").unlink()  # it does not match the file that the next line writes
            (west.backup_dir / made).write_bytes(
                backup(*{task(task_id, "www-data", job) for job, task_id in set(ROW.findall(recorded))})
            )
            same[MADE] = made
    assert west.wait_exit() == 0, "the commit restarts it"


def test_backups_are_listed_in_order_and_only_on_stdout(admin, west):
    names = [f"scheduler-backup-2026-11-{day:02}-00-00" for day in range(1, 29)]
    for name in reversed(names):
        (west.backup_dir / name).write_bytes(b"")
    result = admin("scheduler_list_backups", "west")
    assert (result.code, result.out.splitlines()) == (0, ["28 available backups:", *names])
    assert result.err == OK


def test_no_backups(admin, west):
    assert admin("scheduler_list_backups", "west").out == "0 available backups:\n"


def test_the_staged_tasks_are_log_records(admin, staged):
    result = admin("scheduler_print_recovery_tasks", "west")
    assert (result.code, result.out) == (0, "")
    response, header, *rows = result.err.splitlines(keepends=True)
    assert (response, header) == (OK, HEADER)
    assert sorted(rows) == [" INFO] www\thello\t0\tRUNNING\tt-1\n", " INFO] www\thello\t1\tRUNNING\tt-2\n"]


def test_the_header_is_printed_without_tasks(admin, west):
    (west.backup_dir / FIRST).write_bytes(backup())
    assert admin("scheduler_stage_recovery", "west", FIRST).err == OK
    assert admin("scheduler_print_recovery_tasks", "west").err == OK + HEADER


def test_quiet_hides_the_tasks(admin, staged):
    result = admin("scheduler_print_recovery_tasks", "west", "-q")
    assert (result.code, result.out, result.err) == (0, "", "")


def remaining(admin) -> list[str]:
    return sorted(re.findall(r"\t(t-\d)\n", admin("scheduler_print_recovery_tasks", "west").err))


def test_several_tasks_are_deleted_at_once(admin, staged):
    result = admin("scheduler_delete_recovery_tasks", "west", "t-1,,nosuch,t-2")
    assert (result.code, result.out, result.err) == (0, "", OK)
    assert remaining(admin) == []


@pytest.mark.parametrize("ids", ["", ",", ",,,"])
def test_without_an_id_nothing_is_deleted(admin, staged, ids):
    result = admin("scheduler_delete_recovery_tasks", "west", ids)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("FATAL] No task id was given: nothing was deleted. ")
    assert result.err.count("\n") == 1
    assert remaining(admin) == ["t-1", "t-2"]


@pytest.mark.parametrize("ids", ["t-1, t-2", " t-2", "t-2\t,t-1", "t-1,\u00a0", "t-1\n"])
def test_an_id_with_blanks_is_refused(admin, staged, ids):
    result = admin("scheduler_delete_recovery_tasks", "west", ids)
    assert (result.code, result.out) == (1, "")
    assert re.fullmatch(
        r"FATAL\] The task id '.*' begins or ends with a blank, .*: nothing was deleted\. .*\n", result.err
    )
    assert remaining(admin) == ["t-1", "t-2"]


@pytest.mark.parametrize("text", ["t-1\nt-2\n", "t-1,t-2", "t-1\r\n\r\nt-2\r\n", "nosuch,t-1\n\nt-2"])
def test_ids_are_read_from_standard_input(admin, staged, text):
    result = admin("scheduler_delete_recovery_tasks", "west", "-", stdin=text)
    assert (result.code, result.out, result.err) == (0, "", OK)
    assert remaining(admin) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "No task id was given: nothing was deleted. "),
        ("\n \n,", "No task id was given: nothing was deleted. "),
        ("t-1\n t-2\n", "The task id ' t-2' begins or ends with a blank, "),
        ("t-1\n\udcff\n", "'\\udcff' cannot be sent: it is not UTF-8. Nothing was sent"),
    ],
    ids=["empty", "blank", "blanks around", "not UTF-8"],
)
def test_standard_input_without_usable_ids_deletes_nothing(admin, staged, text, message):
    result = admin("scheduler_delete_recovery_tasks", "west", "-", stdin=text)
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith(f"FATAL] {message}")
    assert remaining(admin) == ["t-1", "t-2"]


def test_closed_standard_input_deletes_nothing(staged, tmp_path):
    command = f"{PROGRAMS}/aurora_admin scheduler_delete_recovery_tasks west - <&-"
    result = run(["sh", "-c", command], environment(tmp_path))
    assert (result.code, result.out) == (1, "")
    assert re.fullmatch(r"FATAL\] Standard input is closed: nothing was deleted\. .*\n", result.err)


@pytest.mark.parametrize("command", ["scheduler_print_recovery_tasks", "scheduler_commit_recovery"])
def test_without_a_staged_backup_the_scheduler_refuses(admin, west, command):
    result = admin(command, "west")
    assert (result.code, result.out, result.err) == (1, "", NOTHING_LOADED)


def test_quiet_hides_a_refusal_but_the_exit_code_is_1(admin, west):
    result = admin("-q", "scheduler_commit_recovery", "west")
    assert (result.code, result.out, result.err) == (1, "", "")


def test_the_committed_tasks_are_served_after_the_restart(admin, staged, clusters):
    assert admin("scheduler_delete_recovery_tasks", "west", "t-2").code == 0
    result = admin("scheduler_commit_recovery", "west")
    assert (result.code, result.out, result.err) == (0, "", OK)
    assert staged.wait_exit() == 0
    clusters.write(west=staged.start().url)
    assert admin("scheduler_print_recovery_tasks", "west").err == NOTHING_LOADED


def test_a_scheduler_uri_is_printed_without_contacting_the_scheduler(admin, clusters):
    clusters.write(west="http://127.0.0.1:1/path/")
    result = admin("get_scheduler", "west")
    assert (result.code, result.out, result.err) == (0, "Found leading scheduler at: http://127.0.0.1:1/path/\n", "")


def test_backups_are_listed_as_rows(admin, west):
    for name in ("scheduler-backup-a", "scheduler-backup-b"):
        (west.backup_dir / name).write_bytes(b"")
    names = admin("scheduler_list_backups", "west").out.splitlines()[1:]
    assert names == ["scheduler-backup-a", "scheduler-backup-b"]
    rows = json.loads(admin("scheduler_list_backups", "--output=json", "west").out)["rows"]
    assert rows == [{"backup": name} for name in names]
    assert admin("scheduler_list_backups", "--output=tsv", "west").out.splitlines() == ["backup", *names]
