"""Calls as plain JSON, at /apibeta (docs/api.md 5.4)."""

import json

import pytest

from aurora_admin.gen.api.ttypes import Metadata, ScheduleStatus
from tests.support.hosts import hosts, modes
from tests.support.jobs import config, key, restored, task
from tests.support.processes import Scheduler
from tests.support.recovery import NAME, put_backup
from tests.support.thrift_calls import exchange, get, tasks

S = ScheduleStatus


def send(running, method, body, headers=None):
    """Return status and document of one call; a body that is no text is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, found, reply = exchange(running.url, "POST", f"/apibeta/{method}", raw, headers or {})
    assert found["Content-Type"] == "application/json"
    return status, json.loads(reply)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    one = Scheduler(tmp_path_factory.mktemp("json") / "scheduler")
    stored = {task(config(isService=True), n) for n in range(2)} | {task(config(key("api")), 0, S.FINISHED)}
    yield restored(one.start, hostAttributes=hosts(3), tasks=stored)
    one.kill()


SERVER = {"clusterName": "west", "statsUrlPrefix": ""}


def test_structs_are_objects_and_enums_names(running):
    query = {"statuses": ["RUNNING", "PENDING"], "jobKeys": [{"role": "www", "environment": "prod", "name": "web"}]}
    status, document = send(running, "getTasksStatus", {"query": {**query, "instanceIds": [1], "limit": 5}})
    assert (status, document["responseCode"], document["serverInfo"]) == (200, "OK", SERVER)
    assert document["details"] == []
    (found,) = document["result"]["scheduleStatusResult"]["tasks"]
    assert found["status"] == "RUNNING"
    assert [event["status"] for event in found["taskEvents"]] == ["PENDING", "RUNNING"]
    assert found["assignedTask"]["task"]["container"] == {"mesos": {}}
    assert found["assignedTask"]["task"]["isService"] is True
    assert {"numCpus": 1.0} in found["assignedTask"]["task"]["resources"]
    assert found["assignedTask"]["assignedPorts"] == {}
    assert "ancestorId" not in found


def test_a_call_changes_the_state_and_carries_a_reason(running):
    hosts_argument = {"hosts": {"hostNames": ["host-2", "nosuch"]}}
    status, document = send(running, "startMaintenance", hosts_argument, {"X-Aurora-Admin-Reason": "disk"})
    assert status == 200
    assert document["result"] == {"startMaintenanceResult": {"statuses": [{"host": "host-2", "mode": "SCHEDULED"}]}}
    assert modes(running, "host-2") == {"host-2": "SCHEDULED"}
    assert json.loads(get(running.url, "/maintenance-reasons")[1])["host-2"]["reason"] == "disk"
    assert send(running, "forceTaskState", {"taskId": "www-prod-web-0", "status": "LOST"})[1]["responseCode"] == "OK"
    assert tasks(running.url)["www-prod-web-0"].status == S.LOST


@pytest.mark.parametrize("body", [b"", b" \n", b"{}", {"query": None}, {"other": 5}])
def test_what_is_not_given_is_null(running, body):
    assert send(running, "getTasksStatus", body) == (
        200,
        {"responseCode": "ERROR", "serverInfo": SERVER, "details": [{}]},
    )


def test_unions_have_the_member_that_is_set(running):
    quota = {"resources": [{"numCpus": 2}, {"ramMb": 3}, {"diskMb": 4}]}
    assert send(running, "setQuota", {"ownerRole": "json", "quota": quota})[1]["responseCode"] == "OK"
    result = send(running, "getQuota", {"ownerRole": "json"})[1]["result"]["getQuotaResult"]
    assert sorted(result["quota"]["resources"], key=str) == [{"diskMb": 4}, {"numCpus": 2.0}, {"ramMb": 3}]


@pytest.mark.parametrize(
    ("method", "body", "status", "text"),
    [
        ("nosuch", {}, 404, "Method nosuch does not exist."),
        ("", {}, 404, "Method  does not exist."),
        ("getQuota", [], 400, "Request data must be a JSON object of method parameters."),
        ("getQuota", b"5", 400, "Request data must be a JSON object of method parameters."),
        ("getQuota", b"{", 400, "Request must be valid JSON"),
        ("getQuota", b"\xff", 400, "Request must be valid JSON"),
        ("getQuota", b"[" * 100_000, 400, "Request must be valid JSON"),
        ("getQuota", {"ownerRole": 5}, 400, "Failed to parse parameter ownerRole: 5 has another type than its field"),
        (
            "getTasksStatus",
            {"query": 5},
            400,
            "Failed to parse parameter query: expected an object for TaskQuery, not 5",
        ),
        (
            "getTasksStatus",
            {"query": {"limit": 2**31}},
            400,
            "Failed to parse parameter query: 2147483648 has another type than its field",
        ),
        (
            "getTasksStatus",
            {"query": {"statuses": ["NOSUCH"]}},
            400,
            "Failed to parse parameter query: 'NOSUCH' is not the name of a ScheduleStatus",
        ),
        ("getTasksStatus", {"query": {"statuses": "RUNNING"}}, 400, None),
        ("setQuota", {"quota": {"resources": [{"numCpus": 10**400}]}}, 400, None),
        ("setQuota", b'{"quota": {"resources": [{"numCpus": 1e999}]}}', 400, None),
        ("setQuota", b'{"quota": {"resources": [{"numCpus": NaN}]}}', 400, "Request must be valid JSON"),
        ("setQuota", b'{"quota": {"resources": [{"numCpus": -Infinity}]}}', 400, "Request must be valid JSON"),
        ("getTasksStatus", {"query": {"role": "\ud800"}}, 400, None),
        ("forceTaskState", {"taskId": "www-prod-web-1", "status": 5}, 400, None),
        ("forceTaskState", {"taskId": True}, 400, None),
    ],
)
def test_a_request_that_is_no_call_is_refused(running, method, body, status, text):
    before = tasks(running.url).keys()
    found, document = send(running, method, body)
    assert found == status
    assert (document["responseCode"], document["serverInfo"], document["detailsSize"]) == ("ERROR", None, 1)
    (detail,) = document["details"]
    assert detail["setMessage"] is True
    assert detail["message"] == text or (text is None and detail["message"].startswith("Failed to parse parameter "))
    assert tasks(running.url).keys() == before


def test_a_reply_that_is_too_large_to_be_held_is_refused(scheduler):
    large = config(metadata={Metadata("large", "x" * (1 << 20))})
    one = restored(scheduler, tasks={task(large, n) for n in range(8)})
    status, document = send(one, "getTasksStatus", {"query": {"instanceIds": list(range(7))}})
    assert (status, len(document["result"]["scheduleStatusResult"]["tasks"])) == (200, 7)
    status, document = send(one, "getTasksStatus", {"query": {}})
    text = (
        "The reply of getTasksStatus has more than 8 MiB, the most at /apibeta. Whatever the call changes is changed. "
        "Ask for less, or call /api, which has no limit."
    )
    assert (status, document) == (
        200,
        {"responseCode": "ERROR", "serverInfo": SERVER, "details": [{"message": text}]},
    )
    assert len(tasks(one.url)) == 8


def test_a_call_that_ends_the_scheduler_is_answered_first(scheduler):
    one = scheduler()
    put_backup(one)
    assert send(one, "stageRecovery", {"backupId": NAME})[1]["responseCode"] == "OK"
    assert send(one, "commitRecovery", {})[1]["responseCode"] == "OK"
    assert one.wait_exit() == 0
