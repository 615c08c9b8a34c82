"""Pages that fail: each is an error of the scheduler, and its log says why."""

import contextlib
import errno
import http.client
import os
import shutil
import subprocess

import pytest

from aurora_admin.gen.api.ttypes import TaskQuery
from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.web import server
from tests.support.processes import Scheduler
from tests.support.recovery import NAME, stage
from tests.support.serving import served
from tests.support.statistics import variables
from tests.support.thrift_calls import (
    BINARY,
    JSON,
    call,
    get,
    post,
    request,
)
from tests.support.waiting import wait_until

FAILURES = [
    RuntimeError("on purpose"),
    # What a socket of a client may raise as well.
    TimeoutError("timed out"),
    BrokenPipeError(errno.EPIPE, "Broken pipe"),
    OSError(errno.EIO, "Input/output error"),
]


def fails_at_once(failure):
    def application(environ, start):
        raise failure

    return application


def fails_before_the_body(failure):
    def application(environ, start):
        start("200 OK", [("Content-Length", "4")])
        yield b""
        raise failure

    return application


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
@pytest.mark.parametrize("failing", [fails_at_once, fails_before_the_body])
def test_a_page_that_fails_is_an_error_of_the_scheduler(caplog, failing, failure):
    with served(failing(failure)) as (url, statistics):
        status, text = get(url, "/page")
    assert status == 500
    assert text == server.FAILED
    assert (statistics["uncaught_exceptions"], statistics["http_500_responses_events"]) == (1, 1)
    assert [name for name in statistics if name.startswith("http_")] == ["http_500_responses_events"]
    (record,) = caplog.records
    assert (record.levelname, record.exc_info[1]) == ("ERROR", failure)
    assert "GET /page" in record.message


def test_a_page_that_fails_in_its_middle_has_no_end(caplog):
    def application(environ, start):
        start("200 OK", [])
        yield b"beginning"
        raise RuntimeError("on purpose")

    with served(application) as (url, statistics), pytest.raises(http.client.IncompleteRead) as cut_short:
        get(url, "/page")
    assert cut_short.value.partial == b"beginning"
    assert (statistics["uncaught_exceptions"], statistics["http_200_responses_events"]) == (1, 1)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.fixture
def failing_disk(scheduler):
    """`failing_disk(when, tasks)`: a scheduler that has staged a backup, and reads of that file fail from then on."""
    if shutil.which("strace") is None:
        pytest.skip("strace, which injects faults, is not installed")
    with contextlib.ExitStack() as stack:

        def fail(when: int, task_count: int) -> Scheduler:
            one = scheduler()
            write_sample(str(one.backup_dir / NAME), task_count)
            stage(one)
            fault = f"--inject=pread64:error=EIO:when={when}+"
            command = ["strace", "-f", "-o", os.devnull, "-p", str(one.process.pid), "-P", str(one.backup_dir / NAME)]
            tracer = subprocess.Popen([*command, "-e", "trace=pread64", fault], stderr=subprocess.PIPE, text=True)
            stack.enter_context(tracer)
            stack.callback(tracer.terminate)
            wait_until(lambda: "attached" in tracer.stderr.readline(), "strace attached")
            return one

        yield fail


BAD_DISK = "again: Input/output error. Check the disk of"


@pytest.mark.parametrize("accept", [BINARY, JSON])
def test_a_disk_that_fails_before_a_reply_has_begun_is_an_error_with_advice(failing_disk, accept):
    one = failing_disk(1, 10)
    body = request("queryRecovery", query=TaskQuery())
    status, _, reply = post(one.url, body, {"Content-Type": BINARY, "Accept": accept})
    assert (status, BAD_DISK.encode() in reply) == (200, True)
    assert (
        f"ERROR queryRecovery failed while its reply was made: Failed to read backup {one.backup_dir / NAME}" in one.log
    )
    assert BAD_DISK in one.log
    assert "Traceback" not in one.log


def test_a_disk_that_fails_in_the_middle_of_a_reply_cuts_it_short_and_the_log_says_why(failing_disk):
    one = failing_disk(3, 5000)
    with pytest.raises(http.client.IncompleteRead):
        call(one.url, "queryRecovery", query=TaskQuery())
    wait_until(lambda: BAD_DISK in one.log, "the advice in the log")
    assert "Traceback" not in one.log
    assert variables(one)["uncaught_exceptions"] == 0
