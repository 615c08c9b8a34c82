"""Requests and replies in binary and JSON, compressed or not, as the headers of the request say."""

import gzip
import json
from html import escape

import pytest

from tests.support.recovery import sample, task_bytes
from tests.support.thrift_calls import (
    BINARY,
    JSON,
    post,
    request,
    serves,
)


def test_protocols_follow_content_type_and_accept(staged):
    binary, text = request("listBackups"), b'[1,"listBackups",1,7,{}]'
    for body, content_type in (
        (binary, BINARY),
        (text, JSON),
        (text, "application/x-thrift"),
        (text, "application/json"),
    ):
        status, headers, reply = post(staged.url, body, {"Content-Type": content_type, "Accept": BINARY})
        assert (status, headers["Content-Type"]) == (200, BINARY)
        assert reply.startswith(b"\x80\x01\x00\x02")
        status, headers, reply = post(staged.url, body, {"Content-Type": content_type, "Accept": "*/*"})
        assert (status, headers["Content-Type"]) == (200, JSON)
        assert json.loads(reply)[4]["0"]["rec"]["1"] == {"i32": 1}


def test_binary_and_json_replies_hold_the_same(staged):
    query = b'[1,"queryRecovery",1,7,{"1":{"rec":{}}}]'
    reply = json.loads(post(staged.url, query, {"Content-Type": JSON})[2])
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
def test_other_content_types_are_refused(staged, content_type):
    status, _, body = post(staged.url, request("listBackups"), {"Content-Type": content_type})
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
def test_content_types_are_compared_by_their_parts(staged, content_type):
    body = b'[1,"listBackups",1,7,{}]'
    assert post(staged.url, body, {"Content-Type": content_type})[0] == 200


@pytest.mark.parametrize("content_type", ["garbage", "/", "application/", "/json", "a b/c", "a/b;c", "a/b,c/d", "<a>"])
def test_an_unparsable_content_type_is_a_500(staged, content_type):
    status, headers, page = post(staged.url, request("listBackups"), {"Content-Type": content_type})
    assert (status, headers["Content-Type"]) == (500, "text/html;charset=iso-8859-1")
    assert escape(f"java.lang.IllegalArgumentException: Could not parse '{content_type}'") in page.decode()
    assert serves(staged.url)


@pytest.mark.parametrize("accept", [BINARY.upper(), f" {BINARY} "])
def test_an_accept_header_is_compared_by_its_parts_too(staged, accept):
    _, headers, _ = post(staged.url, request("listBackups"), {"Content-Type": BINARY, "Accept": accept})
    assert headers["Content-Type"] == BINARY


@pytest.mark.parametrize("accept", [f"{BINARY}, */*", f"{BINARY};q=1", "garbage", ""])
def test_json_is_sent_for_every_other_accept_header(staged, accept):
    status, headers, _ = post(staged.url, request("listBackups"), {"Content-Type": BINARY, "Accept": accept})
    assert (status, headers["Content-Type"]) == (200, JSON)


def test_small_replies_are_compressed_on_request(staged):
    sent = {"Content-Type": BINARY, "Accept": BINARY, "Accept-Encoding": "gzip, deflate"}
    _, headers, body = post(staged.url, request("listBackups"), sent)
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
def test_gzip_is_sent_only_to_clients_that_accept_it(staged, accepted, is_compressed):
    sent = {"Content-Type": BINARY, "Accept": BINARY, "Accept-Encoding": accepted}
    _, headers, body = post(staged.url, request("listBackups"), sent)
    assert (headers["Content-Encoding"] == "gzip", body.startswith(b"\x1f\x8b")) == (is_compressed, is_compressed)
