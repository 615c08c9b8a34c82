"""Closed pipes, full disks, locales and Ctrl-C (docs/cli.md 2)."""

import os
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from aurora_admin.gen.api.ttypes import ListBackupsResult, Result
from tests.support.fake_scheduler import FakeScheduler, reply_with
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
    [
        (">&-", b""),
        (">&- 2>&-", b""),
        ("2>&-", b"Found leading scheduler at: http://127.0.0.1:1\n"),
        ("<&-", b"Found leading scheduler at: http://127.0.0.1:1\n"),
        ("<&- >&-", b""),
        ("<&- >&- 2>&-", b""),
    ],
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


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
@pytest.mark.parametrize("name", ["süd", "\udcff"])
def test_a_name_that_the_encoding_does_not_have_is_printed(tmp_path, clusters, encoding, name):
    folder = tmp_path / "Übung"
    folder.mkdir()
    clusters.write_documents([{"name": name, "scheduler_uri": "http://127.0.0.1:1/ü"}])
    env = {**environment(tmp_path), "PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0", "HOME": str(folder)}
    program = [str(PROGRAMS / "aurora_admin")]
    shown = subprocess.run([*program, "-v", "get_scheduler", "x"], env=env, capture_output=True, check=False)
    assert (shown.returncode, b"Traceback" in shown.stderr) == (1, False)
    assert shown.stderr.startswith(b"FATAL] Unknown cluster: x. Known clusters: ")
    assert "Übung/.aurora/clusters.json".encode() in shown.stderr
    found = subprocess.run([*program, "get_scheduler", os.fsencode(name)], env=env, capture_output=True, check=False)
    assert b"Traceback" not in found.stderr


@pytest.mark.parametrize("line", ["scheduler_list_backups west", "scheduler_print_recovery_tasks west"])
def test_ctrl_c_while_waiting_is_silent(start, clusters, line):
    with socket.create_server(("127.0.0.1", 0)) as server:
        clusters.write(west=f"http://127.0.0.1:{server.getsockname()[1]}")
        process = start(*line.split())
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1)
            process.send_signal(signal.SIGINT)
            assert result_of(process) == (130, b"", b"")


def test_a_hint_is_printed_on_a_terminal_and_with_v(start, tmp_path):
    known = b"FATAL] Unknown cluster: nowhere. Known clusters: na\xc3\xafve, west\n"
    assert result_of(start("get_scheduler", "nowhere"))[2] == known
    assert result_of(start("-v", "get_scheduler", "nowhere"))[2].startswith(known + b" INFO] ")
    assert known.strip() in on_terminal(start, "get_scheduler", "nowhere")
    assert b" INFO] " in on_terminal(start, "get_scheduler", "nowhere")


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("scheduler_comit_recovery west", "scheduler_commit_recovery"),
        ("get_schedler west", "get_scheduler"),
        ("get_scheduler wets", "west"),
        ("get_scheduler west --verfy", "--verify"),
        ("get_scheduler --timout=5 west", "--timeout"),
        ("--bypass_leader_redirect", "--bypass-leader-redirect"),
    ],
)
def test_a_mistyped_word_gets_a_suggestion_on_a_terminal(start, line, suggestion):
    said = f" INFO] Did you mean {suggestion}?".encode()
    assert said in on_terminal(start, *line.split())
    assert b"Did you mean" not in result_of(start(*line.split()))[2]


HOSTILE = "a\x1b[2J\nb\u202ec"
ESCAPED = rb"a\x1b[2J\nb\u202ec"


def test_a_hostile_message_is_one_record_in_a_pipe_and_on_a_terminal(start, clusters):
    with FakeScheduler([reply_with("snapshot", 0, HOSTILE)]) as server:
        clusters.write(west=server.url)
        said = b" INFO] Response from scheduler: INVALID_REQUEST (message: " + ESCAPED + b")"
        assert result_of(start("scheduler_snapshot", "west"))[2] == said + b"\n"
        assert said in on_terminal(start, "scheduler_snapshot", "west")


def test_hostile_names_are_exact_in_a_pipe_and_escaped_on_a_terminal(start, clusters):
    found = Result(listBackupsResult=ListBackupsResult(backups={HOSTILE}))
    with FakeScheduler([reply_with("listBackups", result=found)]) as server:
        clusters.write(west=server.url)
        line = ("scheduler_list_backups", "west")
        assert result_of(start(*line))[1] == f"1 available backups:\n{HOSTILE}\n".encode()
        assert b"1 available backups:\r\n" + ESCAPED + b"\r\n" in on_terminal(start, *line, stream="stdout", code=0)


def test_a_hostile_option_is_one_line(start):
    result = result_of(start("get_scheduler", f"--{HOSTILE}", "west"))
    assert result[2].splitlines()[-1] == b"aurora_admin: error: unrecognized arguments: --" + ESCAPED


def test_what_is_similar_to_nothing_gets_no_suggestion(start):
    assert b"Did you mean" not in on_terminal(start, "xyzzy")
    assert b"Did you mean" not in on_terminal(start, "get_scheduler", "--xyzzy")
    assert b"Did you mean" not in on_terminal(start, "-q", "get_scheduler", "wets")


def on_terminal(start, *arguments: str, stream: str = "stderr", code: int | None = None) -> bytes:
    """Return what a command prints on a stream that is a terminal. It fails, or exits with the given code."""
    ours, its = os.openpty()
    process = start(*arguments, **{stream: its})
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
    assert process.wait() in ((1, 2) if code is None else (code,))
    process.communicate()
    return shown
