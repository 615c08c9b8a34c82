"""Recorded responses of real schedulers, read by the client."""

import gzip
import json

import pytest

from aurora_admin.client.selection import Selection
from aurora_admin.errors import AuthFailed, BadReply, CallFailed
from aurora_admin.wire.message import from_binary, to_json
from tests.support.fake_scheduler import BINARY, NO_LEADER_PAGE, FakeScheduler, raw
from tests.support.recordings import NAMES, Recording, body_of

FRAMING_HEADERS = {"Content-Length", "Transfer-Encoding"}  # they depend on how the body is sent
RECORDINGS = {name: Recording(name).exchange for name in NAMES}
# Redirects name a host that is gone; test_client_http has them.
CALLS = {name: one for name, one in RECORDINGS.items() if one["call"] and one["response"]["status"] != 307}
REPLIES = [name for name, one in CALLS.items() if one["response"]["status"] == 200]
TASK_CALLS = ("queryRecovery", "getTasksStatus")
TASKS = [name for name in REPLIES if CALLS[name]["call"] in TASK_CALLS]
# Responses that are not a reply to a call: the error that the client raises, and a part of its text.
ERRORS = {
    "getQuota-wrong-password": (AuthFailed, "answers 401 Unauthorized. The request was not carried out"),
    "stageRecovery-wrong-password": (AuthFailed, "answers 401 Unauthorized. The request was not carried out"),
    "stageRecovery-no-credentials": (AuthFailed, "answers 401 Unauthorized. The request was not carried out"),
    "noleader-getQuota": (CallFailed, "is not ready: 503 Service Unavailable: no scheduler leads at the moment"),
    "getTasksWithoutConfigs-docker-without-executor": (BadReply, "500 Server Error"),
    "enc-binary-body-as-x-thrift": (CallFailed, "could not read the request (javax.servlet.ServletException: org.apa"),
    "enc-request-gzipped": (
        CallFailed,
        "could not read the request (javax.servlet.ServletException: org.apache.thrif",
    ),
    "enc-unknown-content-type": (CallFailed, "answers 415 Unsupported Media Type. The request was not carried out"),
}


def recorded_body(response):
    """Return the body of a response; one page was left out of its recording."""
    return NO_LEADER_PAGE if "body_sha256" in response else body_of(response)


def replay(recording):
    """Send the recorded response, byte for byte except for the headers that frame the body."""
    response = recording["response"]
    body = recorded_body(response)
    lines = [
        f"HTTP/1.1 {response['status']} {response['reason']}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in response["headers"] if name not in FRAMING_HEADERS),
    ]
    return raw("\r\n".join([*lines, "", ""]).encode() + body)


def recorded(name):
    """Return the Response in a recording as parsed TJSON, without the client's reader."""
    headers = dict(CALLS[name]["response"]["headers"])
    body = recorded_body(CALLS[name]["response"])
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    if headers["Content-Type"] == BINARY:
        body = to_json(from_binary(body))
    return json.loads(body)[4]["0"]["rec"]


@pytest.mark.parametrize("name", REPLIES)
def test_code_and_message_are_read_as_they_were_recorded(name):
    expected = recorded(name)
    details = [detail.get("1", {}).get("str", "Unknown error") for detail in expected["6"]["lst"][2:]]
    with FakeScheduler([replay(CALLS[name])]) as server:
        client = server.client()
        if expected["1"]["i32"] == 6:
            with pytest.raises(CallFailed, match=", ".join(details)):
                client.scheduler.call(CALLS[name]["call"])
            return
        reply = client.scheduler.call(CALLS[name]["call"])
    assert (reply.code, reply.message) == (expected["1"]["i32"], ", ".join(details))
    assert (reply.result is not None) == ("3" in expected)


def recorded_rows(name):
    """Return the assigned tasks in the result of a recording, none if it has no result."""
    ((_, result),) = recorded(name).get("3", {"rec": {"": None}})["rec"].items()
    return [task["1"]["rec"] for task in next(iter(result["rec"]["1"].values()))[2:]] if result else []


def test_tasks_were_recorded_for_each_call():
    assert {CALLS[name]["call"] for name in TASKS if recorded_rows(name)} == set(TASK_CALLS)


@pytest.mark.parametrize("name", TASKS)
def test_tasks_are_read_as_they_were_recorded(name):
    rows = recorded_rows(name)
    with FakeScheduler([replay(CALLS[name])]) as server:
        reply = server.client().scheduler.tasks(CALLS[name]["call"], Selection())
        tasks = list(reply.tasks)
    assert [(task.task_id, task.instance) for task in tasks] == [(row["1"]["str"], row["6"]["i32"]) for row in rows]
    assert [(task.role, task.name) for task in tasks] == [
        tuple(row["4"]["rec"]["28"]["rec"][field]["str"] for field in "13") for row in rows
    ]


@pytest.mark.parametrize(("name", "error", "text"), [(name, *how) for name, how in ERRORS.items()], ids=ERRORS)
def test_an_error_response_is_reported(name, error, text):
    with FakeScheduler([replay(CALLS[name])]) as server, pytest.raises(error) as caught:
        server.client().scheduler.call(CALLS[name]["call"])
    assert text in caught.value.message


def test_every_recorded_error_is_in_the_table():
    assert set(CALLS) - set(REPLIES) == set(ERRORS)


def test_the_backups_of_a_real_scheduler_are_listed():
    with FakeScheduler([replay(CALLS["listBackups"])]) as server:
        backups = server.client().scheduler.list_backups().backups
    assert sorted(backups) == sorted(recorded("listBackups")["3"]["rec"]["6"]["rec"]["1"]["set"][2:])


def test_a_call_that_the_release_does_not_have_is_reported():
    with FakeScheduler([replay(RECORDINGS["bad-unknown-method"])]) as server, pytest.raises(CallFailed) as caught:
        server.client().scheduler.call("pruneTasks")
    assert "has no call pruneTasks, so it was not carried out" in caught.value.message
