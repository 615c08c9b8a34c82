"""The restore of a cluster as its documentation has it: three schedulers, three ZooKeeper servers, commands only."""

import re
import shutil
from pathlib import Path

import pytest

from aurora_admin.gen.api.ttypes import TaskQuery
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire.codec import decode
from tests.support.elected_schedulers import Elected
from tests.support.processes import PROGRAMS, environment, run
from tests.support.thrift_calls import call, code_and_text, get
from tests.support.waiting import wait_until
from tests.support.zookeeper import zookeeper_client

SAMPLE = Path(__file__).parents[1] / "data" / "sample-backup"
BACKUP = "scheduler-backup-2026-11-22-10-00"
AWAITING = "scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1"
GROUP = "/aurora/replicated-log"
DIRECT = ("direct", "--bypass-leader-redirect")
BYPASS = {"Bypass-Leader-Redirect": "true"}


@pytest.fixture
def elected(tmp_path, ensemble):
    with zookeeper_client(ensemble.hosts) as client:
        one = Elected(
            tmp_path,
            ensemble.hosts,
            client,
            path="/aurora/scheduler",
            session_seconds=15,
            flags=(f"-native_log_zk_group_path={GROUP}", "-native_log_quorum_size=2"),
        )
        for _ in range(3):
            shutil.copy(SAMPLE, one.add().backup_dir / BACKUP)
        yield one
        one.close()


@pytest.fixture
def log_tool(tmp_path, ensemble):
    def call(command: str, *arguments: str) -> str:
        where = (f"--zk={ensemble.hosts}", f"--group={GROUP}")
        done = run([PROGRAMS / "aurora-reference-log", command, *where, *arguments], environment(tmp_path))
        assert done.code == 0, done.err
        return done.out

    return call


def start(elected, *flags: str) -> None:
    """Start all, as the init system of each host would, with some flags more."""
    for one in elected.schedulers:
        usual, one.flags = one.flags, (*one.flags, *flags)
        one.start(until="Standing by")
        one.flags = usual


def stop(elected) -> None:
    for one in elected.schedulers:
        if one.process.poll() is None:
            assert one.stop() == 0, one.log


def cluster(ensemble, **direct: str) -> list[dict]:
    found_in_zookeeper = {"name": "west", "zk": ensemble.hosts, "scheduler_zk_path": "/aurora/scheduler"}
    return [found_in_zookeeper, *({"name": name, "scheduler_uri": url} for name, url in direct.items())]


def awaiting(elected):
    """Look at /vars of all for the elected one."""

    def find():
        running = [one for one in elected.schedulers if one.process.poll() is None]
        return next((one for one in running if AWAITING in get(one.url, "/vars")[1].splitlines()), None)

    return wait_until(find, "one of them elected")


def task_ids(url: str, **headers: str) -> set[str]:
    answer = call(url, "getTasksStatus", query=TaskQuery(), _headers=headers)
    assert code_and_text(answer) == ("OK", "")
    return {task.assignedTask.taskId for task in answer.result.scheduleStatusResult.tasks}


def test_a_cluster_is_restored_by_the_book(admin, clusters, elected, ensemble, log_tool):
    def ok(*arguments: str) -> str:
        done = admin(*arguments)
        assert done.code == 0, done.err
        return done.out + done.err

    clusters.write_documents(cluster(ensemble))
    log_tool("initialize")
    for one in elected.schedulers:
        one.log_dir.mkdir()
    start(elected)
    wait_until(lambda: admin("get_scheduler", "west").code == 0, "a leader found")
    stop(elected)

    log_tool("wipe", "--yes")
    log_tool("initialize")
    start(elected, f"-mesos_master_address=zk://{ensemble.hosts}/no/mesos", "-max_registration_delay=360mins")
    nobody = admin("get_scheduler", "west", "--timeout=2")
    assert (nobody.code, nobody.out) == (1, "")
    assert "elected and waits for Mesos" in nobody.err

    first = awaiting(elected)
    clusters.write_documents(cluster(ensemble, direct=first.url))
    assert BACKUP in ok("scheduler_list_backups", *DIRECT)
    ok("scheduler_stage_recovery", *DIRECT, BACKUP)
    staged = re.findall(r"^.*\t(\S+)$", ok("scheduler_print_recovery_tasks", *DIRECT), re.MULTILINE)
    deleted = staged[-1]
    ok("scheduler_delete_recovery_tasks", *DIRECT, deleted)
    shown = ok("recovery_status", *DIRECT)
    assert re.search(r"^leader *$", shown, re.MULTILINE), "it does not serve everybody yet"
    assert "is elected, but not registered with Mesos yet" in shown
    assert re.search(r"^staged +yes$", shown, re.MULTILINE)
    assert re.search(r"^tasks +59$", shown, re.MULTILINE)
    ok("scheduler_commit_recovery", *DIRECT, "--accept-cluster-name=west")
    assert first.wait_exit() == 0
    expected = {task.assignedTask.taskId for task in decode(Snapshot, SAMPLE.read_bytes()).tasks} - {deleted}
    assert len(expected) == 59

    second = awaiting(elected)
    assert second is not first
    wait_until(
        lambda: code_and_text(call(second.url, "getRoleSummary", _headers=BYPASS))[0] == "OK", "the log replayed"
    )
    assert task_ids(second.url, **BYPASS) == expected

    stop(elected)
    start(elected)
    found = re.search(r"http://\S+", ok("get_scheduler", "west", "--verify")).group()
    assert found in [one.url for one in elected.schedulers]
    assert task_ids(found) == expected
    shown = ok("recovery_status", "west")
    assert re.search(rf"^leader +{found}$", shown, re.MULTILINE)
    assert re.search(r"^staged +no$", shown, re.MULTILINE)
    ok("scheduler_snapshot", "west")
