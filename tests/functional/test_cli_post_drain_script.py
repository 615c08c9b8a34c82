"""The script of host_drain and perform_maintenance_hosts (docs/cli.md 6.1 and 6.5), and what the latter does else."""

import pytest

from tests.support.hosts import hosts, modes
from tests.support.jobs import restored
from tests.support.running_drain import web_on
from tests.support.waiting import wait_until


@pytest.fixture
def west(scheduler, clusters):
    """`west(count, tasks)` serves a cluster with hosts, host-0 and so on."""

    def serve(count: int, stored=()):
        one = restored(scheduler, hostAttributes=hosts(count), tasks=set(stored))
        clusters.write(west=one.url)
        return one

    return serve


@pytest.fixture
def script(tmp_path):
    """`script(text)` writes an executable."""

    def write(text: str, mode: int = 0o755):
        path = tmp_path / "script"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(mode)
        return path

    return write


def test_the_script_runs_for_each_drained_host(admin, west, script, tmp_path):
    west(22, web_on(0, 0, *range(1, 19)))
    path = script(f'echo "drained $1 ($# arguments)"; echo from the script >&2; echo "$1" >> {tmp_path}/ran; exit 3')
    result = admin("host_drain", "--hosts=host-0,host-20,host-21", f"--post_drain_script={path}", "west")
    assert (result.code, (tmp_path / "ran").read_text()) == (1, "host-20\nhost-21\n")
    assert result.out.splitlines() == [
        "host-0\twest/www/prod/web\t90.00\tFalse\tn/a",
        "drained host-20 (1 arguments)",
        "drained host-21 (1 arguments)",
        "host-0",
    ]
    assert f"from the script\n WARN] {path} ended with exit code 3 for host-20\n" in result.err


def test_a_script_that_is_ended_by_a_signal(admin, west, script):
    west(2)
    path = script("kill -9 $$")
    result = admin("host_drain", "--hosts=host-0", f"--post_drain_script={path}", "west")
    assert (result.code, result.err.splitlines()[-1]) == (0, f" WARN] {path} was ended by signal 9 for host-0")


@pytest.mark.parametrize("command", ["host_drain", "perform_maintenance_hosts"])
def test_a_script_that_cannot_be_executed_is_found_out_at_the_start(admin, west, script, tmp_path, command):
    one = west(2)
    for path, message in (
        (tmp_path / "nosuch", f"No such file: {tmp_path}/nosuch"),
        (
            script("", 0o644),
            f"Not an executable file: {tmp_path}/script. Nothing was sent; make it executable: chmod +x",
        ),
        (tmp_path, f"Not an executable file: {tmp_path}. Nothing was sent; make it executable: chmod +x"),
    ):
        result = admin(command, "--hosts=host-0", f"--post_drain_script={path}", "west")
        assert (result.code, result.out, result.err) == (1, "", f"FATAL] {message}\n")
    assert modes(one, "host-0") == {"host-0": "NONE"}


def test_a_script_that_the_system_cannot_run_ends_the_drain(admin, west, tmp_path):
    one = west(3)
    path = tmp_path / "script"
    path.write_bytes(b"\x7fELF nothing")
    path.chmod(0o755)
    result = admin("host_drain", "--hosts=host-0,host-1", f"--post_drain_script={path}", "west")
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith(f"FATAL] Cannot run {path} for host-0: [Errno 8] Exec format error")
    assert "(DRAINED: host-0; SCHEDULED: host-1). " in result.err
    assert modes(one, "host-0", "host-1") == {"host-0": "DRAINED", "host-1": "SCHEDULED"}


def test_0_5_drains_and_brings_hosts_back(west, drain, script, tmp_path):
    one = west(22, web_on(0, 0, *range(1, 19)))
    path = script(f"echo $1 >> {tmp_path}/ran; exit 3")
    line = ["perform_maintenance_hosts", "--hosts=host-0,host-20", f"--post_drain_script={path}", "west"]
    running = drain(*line)
    running.wait_for("Sleeping for 30 secs.")
    assert modes(one, "host-0", "host-20") == {"host-0": "NONE", "host-20": "DRAINED"}
    result = running.end()
    assert (result.code, result.out) == (0, "host-0\twest/www/prod/web\t90.00\tFalse\tn/a\nhost-0\n")
    assert modes(one, "host-0", "host-20") == {"host-0": "NONE", "host-20": "NONE"}
    wait_until(lambda: (tmp_path / "ran").exists() and (tmp_path / "ran").read_text() == "host-20\n", "the script")
    lines = result.err.splitlines()
    assert lines[-1] == " INFO] The following hosts did not pass SLA check and were not drained:"
    assert [line for line in lines if "Ending" in line] == [
        " INFO] Ending maintenance for: set(['host-0'])",
        " INFO] Ending maintenance for: set(['host-20'])",
    ]


def test_0_5_had_one_grouping(admin, clusters):
    clusters.write("west")
    result = admin("perform_maintenance_hosts", "--grouping=none", "--hosts=h1", "west")
    assert (result.code, result.err) == (1, "FATAL] Unknown grouping function none. Must be one of: ['by_host']\n")
