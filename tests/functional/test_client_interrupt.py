"""Ctrl-C while a call is under way: the outcome of a call that was sent and changes something is unknown."""

import signal
import subprocess
import threading

import pytest

from tests.support.fake_scheduler import NO_LEADER_PAGE, FakeScheduler, http, reply_with
from tests.support.processes import PROGRAMS, environment
from tests.support.waiting import wait_exit

CHANGING = {
    "scheduler_stage_recovery west x": "stageRecovery",
    "scheduler_delete_recovery_tasks west x": "deleteRecoveryTasks",
    "scheduler_commit_recovery west": "commitRecovery",
    "scheduler_unload_recovery west": "unloadRecovery",
    "scheduler_backup_now west": "performBackup",
    "scheduler_snapshot west": "snapshot",
}


def interrupt(tmp_path, clusters, line, *actions):
    """Send Ctrl-C when the last action has begun; return the exit code and standard error."""
    has_arrived = threading.Event()

    def keep(sock, request):
        if actions:
            actions[0](sock, request)
        has_arrived.set()

    lookup = [reply_with("listBackups")] if line.startswith("scheduler_commit_recovery") else []  # of the cluster name
    with FakeScheduler([*lookup, keep]) as server:
        clusters.write(west=server.url)
        program = subprocess.Popen(
            [PROGRAMS / "aurora_admin", *line.split()], env=environment(tmp_path), stderr=subprocess.PIPE, text=True
        )
        with program.stderr:
            assert has_arrived.wait(60)
            if actions:
                assert "retrying..." in program.stderr.readline()
            program.send_signal(signal.SIGINT)
            return wait_exit(program), program.stderr.read(), server.url


@pytest.mark.parametrize("line", CHANGING)
def test_a_changing_call_that_was_sent_has_an_unknown_outcome(tmp_path, clusters, line):
    code, err, url = interrupt(tmp_path, clusters, line)
    assert code == 130
    start = (
        f"FATAL] Interrupted before the reply to {CHANGING[line]} from {url}/api arrived. It may have been carried out"
    )
    assert err.startswith(start)
    assert len(err) > len(start) + 20  # what to do now
    assert err.count("\n") == 1


def test_a_call_that_only_reads_just_ends(tmp_path, clusters):
    assert interrupt(tmp_path, clusters, "scheduler_list_backups west")[:2] == (130, "")


def test_a_changing_call_that_the_scheduler_did_not_carry_out_just_ends(tmp_path, clusters):
    line = "scheduler_snapshot --timeout=300 west"
    assert interrupt(tmp_path, clusters, line, http(503, NO_LEADER_PAGE))[:2] == (130, "")


def test_ctrl_c_while_a_scheduler_is_asked_for_its_role_just_ends(tmp_path, clusters):
    has_arrived = threading.Event()
    with FakeScheduler([http(503, NO_LEADER_PAGE)], pages=[lambda *_: has_arrived.set()]) as server:
        clusters.write(west=server.url)
        program = subprocess.Popen(
            [PROGRAMS / "aurora_admin", "scheduler_commit_recovery", "west"],
            env=environment(tmp_path),
            stderr=subprocess.PIPE,
            text=True,
        )
        with program.stderr:
            assert has_arrived.wait(60)
            program.send_signal(signal.SIGINT)
            assert (wait_exit(program), program.stderr.read()) == (130, "")
