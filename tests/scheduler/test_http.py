"""Requests over HTTP, valid and not: each gets a response with a reason, and the server goes on serving."""

import contextlib
import errno
import gzip
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from html import escape
from urllib.parse import urlsplit

import pytest

from aurora_admin.gen.api.ttypes import TaskQuery
from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.api.handlers import HANDLERS
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.web import server, wsgi
from aurora_admin.scheduler.web.server import MAX_HEADERS, THREADS
from aurora_admin.wire.limits import MAX_REQUEST
from tests.support.processes import Scheduler
from tests.support.recovery import NAME, OK, put_backup, sample, stage, task_bytes
from tests.support.statistics import variables
from tests.support.thrift_calls import BINARY, HEADERS, SERVICES, call, code_and_text, exchange, get, post, request
from tests.support.waiting import DEADLINE_SECONDS, wait_until

JSON = "application/vnd.apache.thrift.json"
METHODS = sorted(
    {name.removesuffix("_args") for service in SERVICES for name in vars(service) if name.endswith("_args")}
)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    one = Scheduler(tmp_path_factory.mktemp("scheduler")).start()
    put_backup(one)
    assert code_and_text(call(one.url, "stageRecovery", backupId=NAME)) == OK
    yield one
    one.kill()


def raw_connection(url: str) -> socket.socket:
    return socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=DEADLINE_SECONDS)


def head(length: int) -> bytes:
    lines = (
        "POST /api HTTP/1.1",
        "Host: x",
        f"Content-Type: {BINARY}",
        f"Accept: {BINARY}",
        f"Content-Length: {length}",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def serves(one) -> bool:
    return code_and_text(call(one.url, "listBackups")) == OK


@pytest.mark.parametrize("method", [name for name in METHODS if name not in HANDLERS])
def test_calls_that_are_not_implemented_are_refused_by_name(running, method):
    assert code_and_text(call(running.url, method)) == (
        "INVALID_REQUEST",
        f"{method} is not available in this reference scheduler.",
    )


def test_the_45_calls_are_known():
    assert len(METHODS) == 45


def test_an_unknown_method_is_an_exception(running):
    body = request("snapshot").replace(b"snapshot", b"snapshut")
    reply = post(running.url, body)[2]
    assert reply.startswith(b"\x80\x01\x00\x03")
    assert b"Invalid method name: 'snapshut'" in reply


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x80",
        b"\x80\x01\x00\x01\x00\x00\x00\x08snapshot",
        b"hello",
        b"\xff" * 100,
        gzip.compress(b"x", mtime=0),
    ],
)
@pytest.mark.parametrize("content_type", [BINARY, JSON])
def test_garbage_is_a_500_that_names_the_thrift_exception(running, body, content_type):
    status, headers, page = post(running.url, body, {"Content-Type": content_type})
    assert status == 500
    assert b"org.apache.thrift." in page
    assert headers["Content-Type"].startswith("text/html")
    assert serves(running)


def test_every_truncation_of_a_request_is_refused(running, sweep):
    message = request("deleteRecoveryTasks", query=TaskQuery(taskIds={"no-such-task"}))
    for length in sweep(range(len(message)), 30):
        status, _, page = post(running.url, message[:length])
        assert status == 500, length
        assert b"TTransportException" in page
    found = call(running.url, "queryRecovery", query=TaskQuery()).result.queryRecoveryResult.tasks
    assert len(found) == len(task_bytes(sample()))


def test_a_negative_length_in_the_arguments_is_an_exception_reply(running):
    message = request("stageRecovery", backupId="abcd")
    damaged = message.replace(b"\x00\x00\x00\x04abcd", b"\xff\xff\xff\xffabcd")
    status, _, reply = post(running.url, damaged)
    assert status == 200
    assert reply.startswith(b"\x80\x01\x00\x03")


def test_a_request_over_the_limit_is_refused_unread(running):
    with raw_connection(running.url) as connection:
        connection.sendall(head(MAX_REQUEST + 1))
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert serves(running)
    assert f"413 Request Entity Too Large. A request may have at most {MAX_REQUEST} bytes" in running.log


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /api HTTP/1.1\r\nHost: x\r\n" + b"X: %b\r\n" % (b"y" * 1000) * 1000, 413),
        (b"POST /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"y" * 1_000_000), 414),
    ],
    ids=["headers", "path"],
)
def test_what_comes_before_a_body_has_a_limit(running, sent, status):
    with raw_connection(running.url) as connection:
        with contextlib.suppress(OSError):  # it may be refused before all is sent
            connection.sendall(sent)
        port = connection.getsockname()[1]
    refusal = f"Refused a request of 127.0.0.1:{port}: {status}"
    (line,) = wait_until(lambda: [line for line in running.log.splitlines() if refusal in line], "the line in the log")
    assert str(MAX_HEADERS) in line
    assert serves(running)


def test_clients_that_stall_do_not_stop_others(running):
    message = request("listBackups")
    stalled = []
    for _ in range(8):
        connection = raw_connection(running.url)
        connection.sendall(head(len(message)) + message[:5])
        stalled.append(connection)
    assert serves(running)
    stalled[0].sendall(message[5:])
    assert stalled[0].recv(100).startswith(b"HTTP/1.1 200")
    for connection in stalled:
        connection.close()
    assert serves(running)
    assert "Traceback" not in running.log


@pytest.mark.parametrize("sent", [b"", b"P", head(100)], ids=["nothing", "a byte", "half"])
def test_more_slow_clients_than_threads_do_not_stop_others(running, sent):
    stalled = [raw_connection(running.url) for _ in range(3 * THREADS)]
    for connection in stalled:
        connection.sendall(sent)
    assert get(running.url, "/health") == (200, "OK\n")
    assert serves(running)
    for connection in stalled:
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):  # there is no response before one of them was given up
            connection.recv(1)
        connection.close()


def test_a_request_has_one_deadline_and_no_trickle_moves_it(monkeypatch):
    """The deadline is made short, and the client sends a byte at a time until it is refused."""
    monkeypatch.setattr(server, "REQUEST_SECONDS", 1.0)
    with served(lambda environ, start: []) as (url, _), raw_connection(url) as connection:
        connection.settimeout(0.1)
        connection.sendall(head(10**6))
        reply = b""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not reply and time.monotonic() < deadline:
            connection.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                reply = connection.recv(100)
    assert reply.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("Content-Length: -5",), 400),
        (("Content-Length: 1_0",), 400),
        (("Transfer-Encoding: chunked", "", "FFFFFFFFFF"), 413),
        (("Transfer-Encoding: chunked", "", "hello"), 400),
        (("Transfer-Encoding: chunked", "", "1", "ab", "0"), 400),
    ],
)
def test_impossible_lengths_are_refused_in_one_line(running, lines, status):
    with raw_connection(running.url) as connection:
        first = ("POST /api HTTP/1.1", "Host: x", f"Content-Type: {BINARY}")
        connection.sendall("".join(f"{line}\r\n" for line in (*first, *lines, "")).encode())
        port = connection.getsockname()[1]
        assert connection.recv(100).startswith(b"HTTP/1.1 %d" % status)
    refusal = f"Refused a request of 127.0.0.1:{port}: {status}"
    (line,) = wait_until(lambda: [line for line in running.log.splitlines() if refusal in line], "the line in the log")
    assert serves(running)
    assert "Traceback" not in running.log
    assert (str(MAX_REQUEST) in line) == (status == 413)


def test_a_body_in_chunks_is_read(running):
    message = request("listBackups")
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in message) + b"0\r\n\r\n"
    with raw_connection(running.url) as connection:
        connection.sendall(head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + chunks)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_a_client_that_leaves_in_the_middle_of_a_reply_harms_nothing(running):
    with raw_connection(running.url) as connection:
        body = request("queryRecovery", query=TaskQuery())
        connection.sendall(head(len(body)) + body)
        connection.recv(10)
    assert serves(running)


def test_protocols_follow_content_type_and_accept(running):
    binary, text = request("listBackups"), b'[1,"listBackups",1,7,{}]'
    for body, content_type in (
        (binary, BINARY),
        (text, JSON),
        (text, "application/x-thrift"),
        (text, "application/json"),
    ):
        status, headers, reply = post(running.url, body, {"Content-Type": content_type, "Accept": BINARY})
        assert (status, headers["Content-Type"]) == (200, BINARY)
        assert reply.startswith(b"\x80\x01\x00\x02")
        status, headers, reply = post(running.url, body, {"Content-Type": content_type, "Accept": "*/*"})
        assert (status, headers["Content-Type"]) == (200, JSON)
        assert json.loads(reply)[4]["0"]["rec"]["1"] == {"i32": 1}


def test_binary_and_json_replies_hold_the_same(running):
    query = b'[1,"queryRecovery",1,7,{"1":{"rec":{}}}]'
    reply = json.loads(post(running.url, query, {"Content-Type": JSON})[2])
    found = reply[4]["0"]["rec"]["3"]["rec"]["9"]["rec"]["1"]["set"]
    assert found[:2] == ["rec", len(task_bytes(sample()))]
    ids = {task["1"]["rec"]["1"]["str"].encode() for task in found[2:]}
    assert ids == set(task_bytes(sample()))


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/json; charset=utf-8",
        "application/json;charset=utf-8",
        f"{JSON}; charset=latin-1",
        f"{JSON}; charset=utf-8; version=1",
        f"{BINARY}; charset=utf-8",
        "*/*",
    ],
)
def test_other_content_types_are_refused(running, content_type):
    status, _, body = post(running.url, request("listBackups"), {"Content-Type": content_type})
    assert status == 415
    assert body.decode().lower() == f"unsupported content-type: {content_type}"


@pytest.mark.parametrize(
    "content_type",
    [
        f"{JSON};charset=utf-8",
        f"{JSON}; charset=utf-8",
        f"{JSON} ;\tcharset = utf-8",
        f'{JSON};charset="utf-8"',
        f"{JSON};Charset=UTF-8",
        JSON.upper(),
    ],
)
def test_content_types_are_compared_by_their_parts(running, content_type):
    body = b'[1,"listBackups",1,7,{}]'
    assert post(running.url, body, {"Content-Type": content_type})[0] == 200


@pytest.mark.parametrize("content_type", ["garbage", "/", "application/", "/json", "a b/c", "a/b;c", "a/b,c/d", "<a>"])
def test_an_unparsable_content_type_is_a_500(running, content_type):
    status, headers, page = post(running.url, request("listBackups"), {"Content-Type": content_type})
    assert (status, headers["Content-Type"]) == (500, "text/html;charset=iso-8859-1")
    assert escape(f"java.lang.IllegalArgumentException: Could not parse '{content_type}'") in page.decode()
    assert serves(running)


@pytest.mark.parametrize("accept", [BINARY.upper(), f" {BINARY} "])
def test_an_accept_header_is_compared_by_its_parts_too(running, accept):
    _, headers, _ = post(running.url, request("listBackups"), {"Content-Type": BINARY, "Accept": accept})
    assert headers["Content-Type"] == BINARY


@pytest.mark.parametrize("accept", [f"{BINARY}, */*", f"{BINARY};q=1", "garbage", ""])
def test_json_is_sent_for_every_other_accept_header(running, accept):
    status, headers, _ = post(running.url, request("listBackups"), {"Content-Type": BINARY, "Accept": accept})
    assert (status, headers["Content-Type"]) == (200, JSON)


def test_small_replies_are_compressed_on_request(running):
    sent = {"Content-Type": BINARY, "Accept": BINARY, "Accept-Encoding": "gzip, deflate"}
    _, headers, body = post(running.url, request("listBackups"), sent)
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body).startswith(b"\x80\x01\x00\x02")


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.1", True),
        ("*", True),
        ("gzip;q=1.0, *;q=0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("xgzip", False),
        ("", False),
    ],
)
def test_gzip_is_sent_only_to_clients_that_accept_it(running, accepted, is_compressed):
    sent = {"Content-Type": BINARY, "Accept": BINARY, "Accept-Encoding": accepted}
    _, headers, body = post(running.url, request("listBackups"), sent)
    assert (headers["Content-Encoding"] == "gzip", body.startswith(b"\x1f\x8b")) == (is_compressed, is_compressed)


def test_many_connections_are_kept_alive(running):
    connections = [http.client.HTTPConnection(urlsplit(running.url).netloc) for _ in range(40)]
    for _ in range(3):
        for one in connections:
            one.request("GET", "/health")
            response = one.getresponse()
            assert (response.read(), response.will_close) == (b"OK\n", False)
    for one in connections:
        one.close()


def test_an_idle_connection_is_closed_in_the_end(monkeypatch):
    assert server.KEEP_ALIVE_SECONDS == 30
    monkeypatch.setattr(server, "KEEP_ALIVE_SECONDS", 0.2)
    with served(lambda environ, start: wsgi.respond(start, "200 OK")) as (url, _), raw_connection(url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert connection.recv(1000) == b""


def test_big_replies_are_sent_while_they_are_made(scheduler):
    one = scheduler()
    write_sample(str(one.backup_dir / NAME), 1000)
    call(one.url, "stageRecovery", backupId=NAME)
    for accept in (BINARY, JSON):
        sent = {"Content-Type": BINARY, "Accept": accept, "Accept-Encoding": "gzip"}
        _, headers, body = post(one.url, request("queryRecovery", query=TaskQuery()), sent)
        assert headers["Content-Encoding"] is None
        assert (headers["Content-Length"], headers["Transfer-Encoding"]) == (None, "chunked")
        assert len(body) > 1 << 20


def test_half_a_surrogate_pair_is_refused_in_words(running):
    body = b'[1,"stageRecovery",1,7,{"1":{"str":"\\ud800"}}]'
    status, _, page = post(running.url, body, {"Content-Type": JSON})
    assert (status, b"half of a surrogate pair" in page, b"codec" in page) == (500, True, False)


@pytest.mark.parametrize("path", ["/api/", "/nothing", "/api/x"])
def test_other_paths_are_not_found(running, path):
    assert post(running.url, request("listBackups"), path=path)[0] == 404


def test_put_is_not_allowed(running):
    assert exchange(running.url, "PUT", "/api", request("listBackups"), HEADERS)[0] == 405


def test_many_clients_at_once_all_get_replies(running):
    replies: list[tuple[str, str]] = []
    threads = [
        threading.Thread(target=lambda: replies.append(code_and_text(call(running.url, "listBackups"))))
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [OK] * 40


def test_health_needs_no_thrift(running):
    assert get(running.url, "/health") == (200, "OK\n")


@contextlib.contextmanager
def served(application):
    """Serve a WSGI application in this process; give its URL and statistics."""
    statistics = Statistics()
    one = server.Server(("127.0.0.1", 0), application, statistics)
    one.prepare()
    serving = threading.Thread(target=one.serve)
    serving.start()
    try:
        yield "http://{}:{}".format(*one.bind_addr), statistics
    finally:
        one.stop()
        serving.join()


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
