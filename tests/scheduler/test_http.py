"""Requests over HTTP, valid and not: each gets a response with a reason, and the server goes on serving."""

import contextlib
import gzip
import http.client
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from aurora_admin.gen.api.ttypes import TaskQuery
from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.api.handlers import HANDLERS
from aurora_admin.scheduler.web import server, wsgi
from aurora_admin.scheduler.web.server import MAX_HEADERS, THREADS
from aurora_admin.wire.limits import MAX_REQUEST
from tests.support.recovery import NAME, OK, sample, task_bytes
from tests.support.serving import served
from tests.support.thrift_calls import (
    BINARY,
    HEADERS,
    JSON,
    SERVICES,
    call,
    code_and_text,
    exchange,
    get,
    post,
    request,
    serves,
)
from tests.support.waiting import DEADLINE_SECONDS, wait_until

METHODS = sorted(
    {name.removesuffix("_args") for service in SERVICES for name in vars(service) if name.endswith("_args")}
)


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


@pytest.mark.parametrize("method", [name for name in METHODS if name not in HANDLERS])
def test_calls_that_are_not_implemented_are_refused_by_name(staged, method):
    assert code_and_text(call(staged.url, method)) == (
        "INVALID_REQUEST",
        f"{method} is not available in this reference scheduler.",
    )


def test_the_45_calls_are_known():
    assert len(METHODS) == 45


def test_an_unknown_method_is_an_exception(staged):
    body = request("snapshot").replace(b"snapshot", b"snapshut")
    reply = post(staged.url, body)[2]
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
def test_garbage_is_a_500_that_names_the_thrift_exception(staged, body, content_type):
    status, headers, page = post(staged.url, body, {"Content-Type": content_type})
    assert status == 500
    assert b"org.apache.thrift." in page
    assert headers["Content-Type"].startswith("text/html")
    assert serves(staged.url)


def test_every_truncation_of_a_request_is_refused(staged, sweep):
    message = request("deleteRecoveryTasks", query=TaskQuery(taskIds={"no-such-task"}))
    for length in sweep(range(len(message)), 30):
        status, _, page = post(staged.url, message[:length])
        assert status == 500, length
        assert b"TTransportException" in page
    found = call(staged.url, "queryRecovery", query=TaskQuery()).result.queryRecoveryResult.tasks
    assert len(found) == len(task_bytes(sample()))


def test_a_negative_length_in_the_arguments_is_an_exception_reply(staged):
    message = request("stageRecovery", backupId="abcd")
    damaged = message.replace(b"\x00\x00\x00\x04abcd", b"\xff\xff\xff\xffabcd")
    status, _, reply = post(staged.url, damaged)
    assert status == 200
    assert reply.startswith(b"\x80\x01\x00\x03")


def test_a_request_over_the_limit_is_refused_unread(staged):
    with raw_connection(staged.url) as connection:
        connection.sendall(head(MAX_REQUEST + 1))
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert serves(staged.url)
    assert f"413 Request Entity Too Large. A request may have at most {MAX_REQUEST} bytes" in staged.log


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /api HTTP/1.1\r\nHost: x\r\n" + b"X: %b\r\n" % (b"y" * 1000) * 1000, 413),
        (b"POST /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"y" * 1_000_000), 414),
    ],
    ids=["headers", "path"],
)
def test_what_comes_before_a_body_has_a_limit(staged, sent, status):
    with raw_connection(staged.url) as connection:
        with contextlib.suppress(OSError):  # it may be refused before all is sent
            connection.sendall(sent)
        port = connection.getsockname()[1]
    refusal = f"Refused a request of 127.0.0.1:{port}: {status}"
    (line,) = wait_until(lambda: [line for line in staged.log.splitlines() if refusal in line], "the line in the log")
    assert str(MAX_HEADERS) in line
    assert serves(staged.url)


def test_clients_that_stall_do_not_stop_others(staged):
    message = request("listBackups")
    stalled = []
    for _ in range(8):
        connection = raw_connection(staged.url)
        connection.sendall(head(len(message)) + message[:5])
        stalled.append(connection)
    assert serves(staged.url)
    stalled[0].sendall(message[5:])
    assert stalled[0].recv(100).startswith(b"HTTP/1.1 200")
    for connection in stalled:
        connection.close()
    assert serves(staged.url)
    assert "Traceback" not in staged.log


@pytest.mark.parametrize("sent", [b"", b"P", head(100)], ids=["nothing", "a byte", "half"])
def test_more_slow_clients_than_threads_do_not_stop_others(staged, sent):
    stalled = [raw_connection(staged.url) for _ in range(3 * THREADS)]
    for connection in stalled:
        connection.sendall(sent)
    assert get(staged.url, "/health") == (200, "OK\n")
    assert serves(staged.url)
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
def test_impossible_lengths_are_refused_in_one_line(staged, lines, status):
    with raw_connection(staged.url) as connection:
        first = ("POST /api HTTP/1.1", "Host: x", f"Content-Type: {BINARY}")
        connection.sendall("".join(f"{line}\r\n" for line in (*first, *lines, "")).encode())
        port = connection.getsockname()[1]
        assert connection.recv(100).startswith(b"HTTP/1.1 %d" % status)
    refusal = f"Refused a request of 127.0.0.1:{port}: {status}"
    (line,) = wait_until(lambda: [line for line in staged.log.splitlines() if refusal in line], "the line in the log")
    assert serves(staged.url)
    assert "Traceback" not in staged.log
    assert (str(MAX_REQUEST) in line) == (status == 413)


def test_a_body_in_chunks_is_read(staged):
    message = request("listBackups")
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in message) + b"0\r\n\r\n"
    with raw_connection(staged.url) as connection:
        connection.sendall(head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + chunks)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_a_client_that_leaves_in_the_middle_of_a_reply_harms_nothing(staged):
    with raw_connection(staged.url) as connection:
        body = request("queryRecovery", query=TaskQuery())
        connection.sendall(head(len(body)) + body)
        connection.recv(10)
    assert serves(staged.url)


def test_many_connections_are_kept_alive(staged):
    connections = [http.client.HTTPConnection(urlsplit(staged.url).netloc) for _ in range(40)]
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


def test_half_a_surrogate_pair_is_refused_in_words(staged):
    body = b'[1,"stageRecovery",1,7,{"1":{"str":"\\ud800"}}]'
    status, _, page = post(staged.url, body, {"Content-Type": JSON})
    assert (status, b"half of a surrogate pair" in page, b"codec" in page) == (500, True, False)


@pytest.mark.parametrize("path", ["/api/", "/nothing", "/api/x"])
def test_other_paths_are_not_found(staged, path):
    assert post(staged.url, request("listBackups"), path=path)[0] == 404


def test_put_is_not_allowed(staged):
    assert exchange(staged.url, "PUT", "/api", request("listBackups"), HEADERS)[0] == 405


def test_many_clients_at_once_all_get_replies(staged):
    replies: list[tuple[str, str]] = []
    threads = [
        threading.Thread(target=lambda: replies.append(code_and_text(call(staged.url, "listBackups"))))
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [OK] * 40


def test_health_needs_no_thrift(staged):
    assert get(staged.url, "/health") == (200, "OK\n")
