"""What host commands make of pages that only a faulty scheduler, or one of another kind, sends."""

import json

import pytest

from aurora_admin.gen.api.ttypes import (
    GetQuotaResult,
    HostStatus,
    MaintenanceMode,
    MaintenanceStatusResult,
    Result,
    StartMaintenanceResult,
)
from tests.support.fake_scheduler import FakeScheduler, close, http, reply_with

M = MaintenanceMode
QUOTA = reply_with("getQuota", result=Result(getQuotaResult=GetQuotaResult()))
EMPTY = {"SCHEDULED": [], "DRAINING": {}, "DRAINED": []}


def status(**modes):
    statuses = {HostStatus(host, mode) for host, mode in modes.items()}
    return reply_with(
        "maintenanceStatus", result=Result(maintenanceStatusResult=MaintenanceStatusResult(statuses=statuses))
    )


def page(value):
    return http(200, json.dumps(value).encode(), Content_Type="application/json")


@pytest.fixture
def west(clusters):
    """`west([replies], [pages])` serves cluster west."""
    servers = []

    def serve(replies, pages):
        servers.append(FakeScheduler(replies, pages=pages).__enter__())
        clusters.write(west=servers[-1].url)
        return servers[-1]

    yield serve
    for one in servers:
        one.__exit__()


def test_a_host_that_the_page_of_hosts_leaves_out_is_listed_if_it_has_a_reason(admin, west):
    """A host that is DRAINING and has no task is not on /maintenance."""
    reason = {"h1": {"reason": "T1", "since": "2026-11-28", "caller": "::1"}}
    server = west([QUOTA, status(h1=M.DRAINING)], [page(EMPTY), page(reason)])
    result = admin("host_status", "--output=csv", "west")
    assert (result.code, result.out) == (0, "host,mode,reason,since,caller\nh1,DRAINING,T1,2026-11-28,::1\n")
    assert server.methods == ["getQuota", "maintenanceStatus"]


def test_a_host_that_is_back_in_service_meanwhile_is_not_listed(admin, west):
    west([QUOTA, status(h1=M.NONE, h2=M.DRAINED)], [page({**EMPTY, "DRAINED": ["h1", "h2"]}), http(404)])
    assert admin("host_status", "--output=csv", "west").out.splitlines()[1:] == ["h2,DRAINED,,,"]


@pytest.mark.parametrize(
    "reasons",
    [
        http(404),
        http(500, b"no"),
        http(302, Location="http://127.0.0.1:1/"),
        close,
        http(200, b"\xff{"),
        http(200, b"[1]"),
    ]
    + [page(value) for value in ({"h1": 1}, {"h1": None}, {"other": {}}, [], "x")]
    + [http(200, b"[" * 100_000)],
)
@pytest.mark.parametrize("options", [["-v"], ["--output=csv"]])
def test_reasons_that_cannot_be_read_are_no_reasons(admin, west, reasons, options):
    west([status(h1=M.DRAINED)], [reasons])
    result = admin("host_status", *options, "--hosts=h1", "west")
    assert result.code == 0
    assert " WARN]" not in result.err
    if options == ["-v"]:
        assert result.err.endswith(" INFO] h1 is in state: DRAINED\n")
    else:
        assert result.out == "host,mode,reason,since,caller\nh1,DRAINED,,,\n"


def test_a_reason_with_missing_parts_is_printed_as_far_as_it_goes(admin, west):
    west([status(h1=M.DRAINED)], [page({"h1": {"reason": "T1", "since": 7}})])
    assert admin("host_status", "--output=csv", "--hosts=h1", "west").out.endswith("\nh1,DRAINED,T1,7,\n")


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (http(404), "(status 404: no text)"),
        (http(500, b"Error\nreading"), "(status 500: Error reading)"),
        (page({"SCHEDULED": []}), '(status 200: {"SCHEDULED": []})'),
        (http(200, b"<html>"), "(status 200: <html>)"),
    ],
)
def test_a_list_of_hosts_that_cannot_be_read_is_an_error(admin, west, answer, shown):
    """Never "no host is in maintenance"."""
    west([QUOTA], [answer])
    result = admin("host_status", "west")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f"FATAL] The page /maintenance of the scheduler has no list of hosts {shown}. Run the command again; or name "
        "the hosts with --hosts\n"
    )


def test_a_scheduler_that_is_lost_before_its_page_is_read(admin, west):
    server = west([QUOTA], [close])
    result = admin("host_status", "west")
    assert result.code == 1
    assert result.err.startswith(f"FATAL] Cannot read {server.url}/maintenance: ")
    assert result.err.endswith(". Run the command again\n")


def test_a_reply_without_a_result_is_never_no_host(admin, west):
    for command, method in (("host_status", "maintenanceStatus"), ("host_deactivate", "startMaintenance")):
        west([reply_with(method)], [])
        result = admin(command, "--hosts=h1", "west")
        assert (result.code, result.err.count("has no result")) == (1, 1)


def test_the_check_after_host_activate_says_what_was_done(admin, west):
    west([reply_with("endMaintenance"), reply_with("maintenanceStatus")], [])
    result = admin("host_activate", "--hosts=h1", "west")
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith(
        "FATAL] The maintenance was ended, but which modes the hosts have is unknown. The reply of the scheduler is OK"
    )


def test_the_reason_is_sent_only_where_it_belongs(admin, west):
    started = Result(startMaintenanceResult=StartMaintenanceResult(statuses={HostStatus("h1", M.SCHEDULED)}))
    server = west([reply_with("startMaintenance", result=started), status(h1=M.SCHEDULED)], [])
    assert admin("host_deactivate", "--reason= 50 % für h1\n", "--hosts=h1", "west").code == 0
    assert server.requests[0].headers["X-Aurora-Admin-Reason"] == "50%20%25%20f%C3%BCr%20h1"
    assert admin("host_status", "--hosts=h1", "west").code == 0
    assert "X-Aurora-Admin-Reason" not in server.requests[1].headers
    west([reply_with("startMaintenance", result=started)], [])
    server = west([reply_with("startMaintenance", result=started)], [])
    assert admin("host_deactivate", "--reason=", "--hosts=h1", "west").code == 0
    assert "X-Aurora-Admin-Reason" not in server.requests[0].headers


def test_the_redirect_is_bypassed_for_pages_too(admin, west):
    asked = []

    def listed(sock, request):
        asked.append((request.path, request.headers.get("Bypass-Leader-Redirect")))
        page({**EMPTY, "DRAINED": ["h1"]})(sock, request)

    west([QUOTA, status(h1=M.DRAINED)], [listed, http(404)])
    assert admin("host_status", "--bypass-leader-redirect", "west").code == 0
    assert asked == [("/maintenance", "true")]
