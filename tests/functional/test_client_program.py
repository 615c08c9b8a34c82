"""The client against a real reference scheduler, and the installed program against other servers."""

import signal
import subprocess

import pytest

from aurora_admin.backup.reader import read_backup
from aurora_admin.errors import ConnectionFailed
from aurora_admin.samples.backup import write_sample
from tests.support.fake_scheduler import Client, FakeScheduler, close, http, raw, reply_with
from tests.support.processes import PROGRAMS, environment
from tests.support.waiting import wait_exit

BACKUP = "scheduler-backup-2026-11-22-10-00"
OTHER_SERVERS = {
    "web page": (http(200, b"<!DOCTYPE html><title>It works!</title>", Content_Type="text/html"), "(text/html)"),
    "garbage": (raw(bytes(range(128, 256)) * 9), "the reply is not HTTP"),
    "another service": (reply_with("getJobs"), "this is not a reply to {method}, but message 2 of 'getJobs'"),
}


@pytest.fixture
def staged(scheduler):
    """A reference scheduler with 300 staged tasks, a client of it, and the backup."""
    one = scheduler()
    write_sample(str(one.backup_dir / BACKUP), 300)
    client = Client(one.url, is_real_time=True).scheduler
    assert client.stage_recovery(BACKUP).ok
    yield one, client, read_backup(str(one.backup_dir / BACKUP))
    client.close()


def test_every_recovery_call_works_against_the_reference_scheduler(staged):
    one, client, backup = staged
    ids = set(backup.tasks.ids)
    assert set(client.raw_tasks("queryRecovery")) == {backup.record(task_id) for task_id in ids}
    assert client.list_backups().backups == [BACKUP]
    assert client.stage_recovery(BACKUP).code_name == "ERROR"
    gone = sorted(ids)[:7]
    assert client.delete_recovery_tasks([task_id.decode() for task_id in gone]).ok
    left = client.query_recovery(None)
    assert {task.task_id.encode() for task in left.tasks} == ids - set(gone)
    assert client.perform_backup().ok
    assert client.snapshot().ok
    assert client.commit_recovery().ok
    assert one.wait_exit() == 0


def test_only_active_tasks_are_queried_by_default(staged):
    _, client, _ = staged
    active, every = (list(client.query_recovery(*statuses).tasks) for statuses in ((), (None,)))
    ended = {task.status for task in every} - {task.status for task in active}
    assert ended
    assert ended <= {"FINISHED", "FAILED", "KILLED", "LOST"}


def test_calls_after_the_first_reply_are_in_binary(staged):
    _, client, _ = staged
    assert client._rpc._is_binary


def test_a_dead_scheduler_is_reported(staged):
    one, _, _ = staged
    one.kill()
    with pytest.raises(ConnectionFailed, match="Connection refused"):
        Client(one.url, timeout=1).scheduler.snapshot()


@pytest.mark.parametrize("other", OTHER_SERVERS.values(), ids=OTHER_SERVERS.keys())
@pytest.mark.parametrize("command", ["scheduler_snapshot", "scheduler_list_backups"])
def test_a_server_that_is_not_a_scheduler_is_reported_in_one_line(admin, clusters, other, command):
    action, text = other
    method = {"scheduler_snapshot": "snapshot", "scheduler_list_backups": "listBackups"}[command]
    with FakeScheduler([action]) as server:
        clusters.write(west=server.url)
        result = admin(command, "west")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith(f"FATAL] No usable reply to {method} from {server.url}/api: ")
    assert text.format(method=method) in result.err
    assert len(server.requests) == 1


def test_a_refused_connection_is_reported_at_once_and_at_the_end(admin, clusters):
    clusters.write("west")
    result = admin("scheduler_commit_recovery", "--timeout=1", "west")
    assert (result.code, result.out) == (1, "")
    warning, fatal = result.err.splitlines()
    assert warning.startswith(
        " WARN] Transport error communicating with scheduler: Unknown error talking to http://127."
    )
    assert fatal.startswith("FATAL] Cannot reach the scheduler of west at http://127.0.0.1:1/api: Connection refused. ")


def test_a_commit_with_a_lost_reply_may_have_been_carried_out(admin, clusters):
    with FakeScheduler([reply_with("listBackups"), close]) as server:
        clusters.write(west=server.url)
        result = admin("scheduler_commit_recovery", "west")
    assert result.code == 1
    assert result.err.count("\n") == 1
    assert "It may have been carried out." in result.err
    assert server.methods == ["listBackups", "commitRecovery"], "the first one has the name of the cluster"


def test_ctrl_c_ends_the_retries(tmp_path, clusters):
    clusters.write("west")
    waiting = subprocess.Popen(
        [PROGRAMS / "aurora_admin", "scheduler_snapshot", "--timeout=300", "west"],
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "retrying..." in waiting.stderr.readline()
    waiting.send_signal(signal.SIGINT)
    assert wait_exit(waiting) == 130
    assert waiting.stderr.read() == ""
    waiting.stderr.close()
