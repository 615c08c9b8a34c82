"""What clients may throw at the server: it answers in words, or closes, and goes on serving."""

import contextlib
import gzip
import json
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from aurora_admin.gen.api.ttypes import TaskQuery
from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.api.dispatch import HANDLERS
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.web import server
from aurora_admin.scheduler.web.server import MAX_HEADERS, THREADS
from aurora_admin.wire.limits import MAX_REQUEST
from tests.scheduler.test_recovery import NAME, OK, place, sample, task_bytes
from tests.support.processes import Scheduler
from tests.support.thrift_calls import BINARY, HEADERS, SERVICES, call, exchange, get, post, request, said
from tests.support.waiting import DEADLINE_SECONDS, wait_until

JSON = "application/vnd.apache.thrift.json"
METHODS = sorted(
    {name.removesuffix("_args") for service in SERVICES for name in vars(service) if name.endswith("_args")}
)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    one = Scheduler(tmp_path_factory.mktemp("scheduler")).start()
    place(one)
    assert said(call(one.url, "stageRecovery", backupId=NAME)) == OK
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
    return said(call(one.url, "listBackups")) == OK


@pytest.mark.parametrize("method", [name for name in METHODS if name not in HANDLERS])
def test_calls_that_are_not_here_name_themselves(running, method):
    assert said(call(running.url, method)) == (
        "INVALID_REQUEST",
        f"{method} is not available in this reference scheduler.",
    )


def test_the_45_calls_are_known():
    assert len(METHODS) == 45


def test_an_unknown_method_is_an_exception(running):
    body = request("snapshot").replace(b"snapshot", b"snapshut")
    answer = post(running.url, body)[2]
    assert answer.startswith(b"\x80\x01\x00\x03")
    assert b"Invalid method name: 'snapshut'" in answer


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
    whole = request("deleteRecoveryTasks", query=TaskQuery(taskIds={"no-such-task"}))
    for length in sweep(range(len(whole)), 30):
        status, _, page = post(running.url, whole[:length])
        assert status == 500, length
        assert b"TTransportException" in page
    found = call(running.url, "queryRecovery", query=TaskQuery()).result.queryRecoveryResult.tasks
    assert len(found) == len(task_bytes(sample()))


def test_a_negative_length_in_the_arguments_is_an_exception_reply(running):
    whole = request("stageRecovery", backupId="abcd")
    damaged = whole.replace(b"\x00\x00\x00\x04abcd", b"\xff\xff\xff\xffabcd")
    status, _, answer = post(running.url, damaged)
    assert status == 200
    assert answer.startswith(b"\x80\x01\x00\x03")


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
    said_so = f"Refused a request of 127.0.0.1:{port}: {status}"
    (line,) = wait_until(lambda: [line for line in running.log.splitlines() if said_so in line], "the line in the log")
    assert str(MAX_HEADERS) in line
    assert serves(running)


def test_clients_that_stall_do_not_stop_the_others(running):
    whole = request("listBackups")
    stalled = []
    for _ in range(8):
        connection = raw_connection(running.url)
        connection.sendall(head(len(whole)) + whole[:5])
        stalled.append(connection)
    assert serves(running)
    stalled[0].sendall(whole[5:])
    assert stalled[0].recv(100).startswith(b"HTTP/1.1 200")
    for connection in stalled:
        connection.close()
    assert serves(running)
    assert "Traceback" not in running.log


@pytest.mark.parametrize("sent", [b"", b"P", head(100)], ids=["nothing", "a byte", "half"])
def test_more_slow_clients_than_threads_do_not_stop_the_others(running, sent):
    stalled = [raw_connection(running.url) for _ in range(3 * THREADS)]
    for connection in stalled:
        connection.sendall(sent)
    assert get(running.url, "/health") == (200, "OK\n")
    assert serves(running)
    for connection in stalled:
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):  # it was not answered before one of them was given up
            connection.recv(1)
        connection.close()


def test_a_request_has_one_deadline_and_no_trickle_moves_it(tmp_path, monkeypatch):
    """In process: the deadline is made short, and the client sends for as long as it is let."""
    monkeypatch.setattr(server, "REQUEST_SECONDS", 1.0)
    one = server.Server(("127.0.0.1", 0), lambda environ, start: [environ["wsgi.input"].read()], Statistics())
    one.prepare()
    serving = threading.Thread(target=one.serve)
    serving.start()
    try:
        with socket.create_connection(one.bind_addr, timeout=0.1) as connection:
            connection.sendall(head(10**6))
            answer = b""
            deadline = time.monotonic() + DEADLINE_SECONDS
            while not answer and time.monotonic() < deadline:
                connection.sendall(b"x")
                with contextlib.suppress(TimeoutError):
                    answer = connection.recv(100)
        assert answer.startswith(b"HTTP/1.1 408")
    finally:
        one.stop()
        serving.join()


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
def test_lengths_that_cannot_be_are_refused_in_one_line(running, lines, status):
    with raw_connection(running.url) as connection:
        first = ("POST /api HTTP/1.1", "Host: x", f"Content-Type: {BINARY}")
        connection.sendall("".join(f"{line}\r\n" for line in (*first, *lines, "")).encode())
        port = connection.getsockname()[1]
        assert connection.recv(100).startswith(b"HTTP/1.1 %d" % status)
    said_so = f"Refused a request of 127.0.0.1:{port}: {status}"
    (line,) = wait_until(lambda: [line for line in running.log.splitlines() if said_so in line], "the line in the log")
    assert serves(running)
    assert "Traceback" not in running.log
    assert (str(MAX_REQUEST) in line) == (status == 413)


def test_a_body_in_chunks_is_read(running):
    whole = request("listBackups")
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in whole) + b"0\r\n\r\n"
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
        status, headers, answer = post(running.url, body, {"Content-Type": content_type, "Accept": BINARY})
        assert (status, headers["Content-Type"]) == (200, BINARY)
        assert answer.startswith(b"\x80\x01\x00\x02")
        status, headers, answer = post(running.url, body, {"Content-Type": content_type, "Accept": "*/*"})
        assert (status, headers["Content-Type"]) == (200, JSON)
        assert json.loads(answer)[4]["0"]["rec"]["1"] == {"i32": 1}


def test_binary_and_json_replies_say_the_same(running):
    query = b'[1,"queryRecovery",1,7,{"1":{"rec":{}}}]'
    answer = json.loads(post(running.url, query, {"Content-Type": JSON})[2])
    found = answer[4]["0"]["rec"]["3"]["rec"]["9"]["rec"]["1"]["set"]
    assert found[:2] == ["rec", len(task_bytes(sample()))]
    ids = {task["1"]["rec"]["1"]["str"].encode() for task in found[2:]}
    assert ids == set(task_bytes(sample()))


@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=utf-8"])
def test_other_content_types_are_refused(running, content_type):
    status, _, body = post(running.url, request("listBackups"), {"Content-Type": content_type})
    assert status == 415
    assert body.decode().lower() == f"unsupported content-type: {content_type}"


def test_small_replies_are_compressed_on_request(running):
    headers = {"Content-Type": BINARY, "Accept": BINARY, "Accept-Encoding": "gzip, deflate"}
    _, answer, body = post(running.url, request("listBackups"), headers)
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(body).startswith(b"\x80\x01\x00\x02")


def test_big_replies_are_sent_as_they_are_made(scheduler):
    one = scheduler()
    write_sample(str(one.backup_dir / NAME), 1000)
    call(one.url, "stageRecovery", backupId=NAME)
    for accept in (BINARY, JSON):
        headers = {"Content-Type": BINARY, "Accept": accept, "Accept-Encoding": "gzip"}
        _, answer, body = post(one.url, request("queryRecovery", query=TaskQuery()), headers)
        assert answer["Content-Encoding"] is None
        assert len(body) > 1 << 20


def test_half_a_surrogate_pair_is_refused_in_our_words(running):
    body = b'[1,"stageRecovery",1,7,{"1":{"str":"\\ud800"}}]'
    status, _, page = post(running.url, body, {"Content-Type": JSON})
    assert (status, b"half of a surrogate pair" in page, b"codec" in page) == (500, True, False)


@pytest.mark.parametrize("path", ["/api/", "/nothing", "/api/x"])
def test_other_paths_are_not_found(running, path):
    assert post(running.url, request("listBackups"), path=path)[0] == 404


def test_put_is_not_allowed(running):
    assert exchange(running.url, "PUT", "/api", request("listBackups"), HEADERS)[0] == 405


def test_many_clients_at_once_are_all_answered(running):
    answers: list[tuple[str, str]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(said(call(running.url, "listBackups")))) for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [OK] * 40


def test_health_needs_no_thrift(running):
    assert get(running.url, "/health") == (200, "OK\n")
