"""Closed pipes, full disks, locales and Ctrl-C (docs/cli.md 2)."""

import os
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from tests.support.places import CHECKOUT
from tests.support.processes import PROGRAMS, environment
from tests.support.waiting import DEADLINE_SECONDS


@pytest.fixture
def start(tmp_path, clusters):
    """Start the program with the given streams."""
    clusters.write("west", "naïve")

    def call(*arguments: str, **settings) -> subprocess.Popen[bytes]:
        env = {**environment(tmp_path), **settings.pop("env", {})}
        return subprocess.Popen(
            [str(PROGRAMS / "aurora_admin"), *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings},
        )

    return call


@pytest.fixture
def closed_pipe():
    """The writing end of a pipe whose reading end is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def result_of(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = process.communicate(timeout=DEADLINE_SECONDS)
    return process.returncode, out, err


@pytest.mark.parametrize("line", ["help", "-h", "--version", "get_scheduler west", "help get_scheduler"])
def test_a_closed_pipe_behind_the_results_ends_the_program_with_141(start, closed_pipe, line):
    assert result_of(start(*line.split(), stdout=closed_pipe)) == (141, None, b"")


def test_a_closed_pipe_behind_the_log_does_not_stop_a_command(start, closed_pipe):
    assert result_of(start("get_scheduler", "nowhere", stderr=closed_pipe)) == (1, b"", None)
    assert result_of(start("-v", "get_scheduler", "west", stderr=closed_pipe))[:1] == (0,)
    assert result_of(start("get_scheduler", "--bogus", stderr=closed_pipe)) == (2, b"", None)


def test_a_closed_pipe_behind_rows_in_the_log_ends_the_command(start, closed_pipe, scheduler, clusters):
    west = scheduler()
    clusters.write(west=west.url)
    shutil.copy(CHECKOUT / "tests" / "data" / "sample-backup", west.backup_dir / "scheduler-backup-x")
    assert result_of(start("scheduler_stage_recovery", "west", "scheduler-backup-x"))[0] == 0
    assert result_of(start("scheduler_print_recovery_tasks", "west", stderr=closed_pipe)) == (141, b"", None)


@pytest.mark.parametrize("line", ["help", "get_scheduler west", "--version"])
def test_a_full_disk_is_an_error(start, line):
    with open("/dev/full", "w") as full:
        code, _, err = result_of(start(*line.split(), stdout=full))
    assert code == 1
    assert err == b"FATAL] Cannot write the result: No space left on device. The output is incomplete\n"


@pytest.mark.parametrize(
    ("redirection", "out"),
    [(">&-", b""), (">&- 2>&-", b""), ("2>&-", b"Found leading scheduler at: http://127.0.0.1:1\n")],
)
def test_closed_streams_are_no_error(tmp_path, clusters, redirection, out):
    clusters.write("west")
    done = subprocess.run(
        ["sh", "-c", f"aurora_admin get_scheduler west {redirection}"],
        env=environment(tmp_path),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, out, b"")


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_output_is_utf_8_in_every_locale(start, env):
    code, _, err = result_of(start("get_scheduler", "nowhere", env=env))
    assert (code, err) == (1, "FATAL] Unknown cluster: nowhere. Known clusters: naïve, west\n".encode())
    assert result_of(start("get_scheduler", b"\xff", env=env))[2].startswith(b"FATAL] Unknown cluster: \xff. ")


def test_ctrl_c_while_waiting_for_a_call_that_only_reads_is_silent(start, clusters):
    with socket.create_server(("127.0.0.1", 0)) as server:
        clusters.write(west=f"http://127.0.0.1:{server.getsockname()[1]}")
        process = start("scheduler_list_backups", "west")
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1)
            process.send_signal(signal.SIGINT)
            assert result_of(process) == (130, b"", b"")


def test_a_hint_is_printed_on_a_terminal_and_with_v(start, tmp_path):
    known = b"FATAL] Unknown cluster: nowhere. Known clusters: na\xc3\xafve, west\n"
    assert result_of(start("get_scheduler", "nowhere"))[2] == known
    assert result_of(start("-v", "get_scheduler", "nowhere"))[2].startswith(known + b" INFO] ")
    assert known.strip() in on_terminal(start)
    assert b" INFO] " in on_terminal(start)


def on_terminal(start) -> bytes:
    ours, its = os.openpty()
    process = start("get_scheduler", "nowhere", stderr=its)
    os.close(its)
    timer = threading.Timer(DEADLINE_SECONDS, process.kill)
    timer.start()
    shown = b""
    try:
        while part := os.read(ours, 1024):
            shown += part
    except OSError:  # EIO: the program has ended
        pass
    timer.cancel()
    os.close(ours)
    assert process.wait() == 1
    process.communicate()
    return shown
