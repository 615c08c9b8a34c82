"""Results and log lines that nobody reads, a full disk, other locales, Ctrl-C (docs/cli.md 2)."""

import os
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from tests.conftest import CHECKOUT
from tests.support.processes import PROGRAMS, environment
from tests.support.waiting import DEADLINE_SECONDS, communicate


@pytest.fixture
def start(tmp_path, clusters):
    """Start the program with streams of the test's choice."""
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
def unread():
    """A pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = communicate(process)
    return process.returncode, out, err


@pytest.mark.parametrize("line", ["help", "-h", "--version", "get_scheduler west", "help get_scheduler"])
def test_a_reader_who_has_left_is_no_error(start, unread, line):
    assert ended(start(*line.split(), stdout=unread)) == (141, None, b"")


def test_a_log_that_nobody_reads_stops_nothing(start, unread):
    assert ended(start("get_scheduler", "nowhere", stderr=unread)) == (1, b"", None)
    assert ended(start("-v", "get_scheduler", "west", stderr=unread))[:1] == (0,)
    assert ended(start("get_scheduler", "--bogus", stderr=unread)) == (2, b"", None)


def test_rows_that_nobody_reads_end_the_command(start, unread, scheduler, clusters):
    west = scheduler()
    clusters.write(west=west.url)
    shutil.copy(CHECKOUT / "tests" / "data" / "sample-backup", west.backup_dir / "scheduler-backup-x")
    assert ended(start("scheduler_stage_recovery", "west", "scheduler-backup-x"))[0] == 0
    assert ended(start("scheduler_print_recovery_tasks", "west", stderr=unread)) == (141, b"", None)


@pytest.mark.parametrize("line", ["help", "get_scheduler west", "--version"])
def test_a_full_disk_is_told(start, line):
    with open("/dev/full", "w") as full:
        code, _, err = ended(start(*line.split(), stdout=full))
    assert code == 1
    assert err == b"FATAL] Cannot write the result: No space left on device. What is there is not complete\n"


@pytest.mark.parametrize(
    ("redirection", "out"),
    [(">&-", b""), (">&- 2>&-", b""), ("2>&-", b"Found leading scheduler at: http://127.0.0.1:1\n")],
)
def test_closed_streams_are_none(tmp_path, clusters, redirection, out):
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
def test_output_is_utf_8_whatever_the_locale(start, env):
    code, _, err = ended(start("get_scheduler", "nowhere", env=env))
    assert (code, err) == (1, "FATAL] Unknown cluster: nowhere. Known clusters: naïve, west\n".encode())
    assert ended(start("get_scheduler", b"\xff", env=env))[2].startswith(b"FATAL] Unknown cluster: \xff. ")


def test_ctrl_c_while_waiting_is_silent(start, clusters):
    with socket.create_server(("127.0.0.1", 0)) as server:
        clusters.write(west=f"http://127.0.0.1:{server.getsockname()[1]}")
        process = start("scheduler_snapshot", "west")
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1)
            process.send_signal(signal.SIGINT)
            assert ended(process) == (130, b"", b"")


def test_a_hint_is_for_people(start, tmp_path):
    """On a terminal, or with -v; a script gets the one line that it knows."""
    known = b"FATAL] Unknown cluster: nowhere. Known clusters: na\xc3\xafve, west\n"
    assert ended(start("get_scheduler", "nowhere"))[2] == known
    assert ended(start("-v", "get_scheduler", "nowhere"))[2].startswith(known + b" INFO] ")
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
