"""aurora-reference-log restore with a log in ZooKeeper."""

import re
import uuid

import pytest

from tests.support.processes import PROGRAMS, environment, run
from tests.support.recovery import SAMPLE, sample, task_bytes
from tests.support.thrift_calls import tasks
from tests.support.zookeeper_log import SharedLog

TOOL = PROGRAMS / "aurora-reference-log"


@pytest.fixture
def shared_log(zookeeper, tmp_path):
    one = SharedLog(zookeeper.hosts, tmp_path / "logs", root=f"/restored-{uuid.uuid4().hex}/log")
    yield one
    one.close()


@pytest.fixture
def tool(shared_log, tmp_path):
    """`tool("restore", ...)` runs the log tool on the log in ZooKeeper."""
    place = [f"--zk={shared_log.hosts}", f"--group={shared_log.root}"]
    return lambda command, *more: run([TOOL, command, *place, *more], environment(tmp_path))


def restored(tool, *more):
    return tool("restore", f"--backup={SAMPLE}", *more)


def test_a_scheduler_leads_with_the_restored_state(scheduler, shared_log, tool):
    assert tool("initialize").code == 0
    done = restored(tool, "--cluster=west")
    assert done.code == 0, done.err
    assert f"compared what the log holds now: {len(task_bytes(sample()))} tasks, " in done.out
    flags = [
        f"-zk_endpoints={shared_log.hosts}",
        f"-serverset_path={shared_log.root}-leader",
        f"-native_log_zk_group_path={shared_log.root}",
    ]
    one = scheduler(*flags, started=False)
    one.log_dir.mkdir()
    one.start()
    assert {task_id.encode() for task_id in tasks(one.url)} == set(task_bytes(sample()))


def test_a_log_of_no_cluster_needs_an_option_and_is_not_changed(tool):
    tool("initialize")
    done = restored(tool)
    assert (done.code, done.out) == (1, "")
    assert "belongs to no cluster yet; nothing was changed. Give the cluster with --cluster NAME." in done.err
    assert re.search(r"^records +0$", tool("status").out.replace(":", ""), re.MULTILINE)


def test_restore_into_a_log_with_entries_or_a_leader_is_refused(shared_log, tool):
    tool("initialize", "--cluster=west")
    assert restored(tool).code == 0
    again = restored(tool)
    assert (again.code, again.out) == (1, "")
    assert "The log is not empty: there is an entry at position 0; nothing was added to it." in again.err
    leader = shared_log.lead()
    held = restored(tool)
    leader.close()
    assert held.code == 1
    assert "is held by a scheduler on h1; nothing was changed" in held.err


def test_restore_into_a_log_of_another_cluster_is_refused(tool):
    tool("initialize", "--cluster=east")
    done = restored(tool, "--cluster=west")
    assert done.code == 1
    assert "is the log of the cluster east" in done.err
