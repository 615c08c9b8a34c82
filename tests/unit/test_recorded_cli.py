"""The comparison of this program with the recorded command lines of the original, and the scripted scheduler."""

from dataclasses import replace

import pytest

from aurora_admin.errors import AuthFailed, CallFailed, ConnectionFailed, OutcomeUnknown
from aurora_admin.gen.api.ttypes import Hosts, MaintenanceMode
from tests.support.recorded_cli import Outcome, Row, comparable, expected, is_needed
from tests.support.recorded_differences import EXIT, STDERR, STDOUT, Difference
from tests.support.recorded_text import normalised
from tests.support.scripted_scheduler import sent, served

STATE = " INFO] {} is in state: NONE\n"


def row(**fields):
    named = {"client": "0.22.0", "argv": ["query", "west"], "stdout": "", "stderr": "", "exit": 0, "files": {}}
    return Row("some.jsonl:1", **{**named, **fields})


@pytest.mark.parametrize(
    ("text", "sorted_text"),
    [
        ("x set([u'h10', u'h1']) y\n", "x set(['h1', 'h10']) y\n"),
        ("set([])", "set([])"),
        ("[u'b', u'a']", "['b', 'a']"),
        ("{u'b': {'d': 1, 'c': [2, 1]}, 'a': None}ure", "{'a': None, 'b': {'c': [2, 1], 'd': 1}}ure"),
        ("set([R(b=1, a='x, y'), R(b=0, a=u'')])", "set([R(a='', b=0), R(a='x, y', b=1)])"),
        ("ERROR (message: b, a)\n", "ERROR (message: b, a)\n"),
        ("don't (do it\n", "don't (do it\n"),
        ("Valid keys are:\nb,a\n", "Valid keys are:\na,b\n"),
        ("Known clusters: west, east\n", "Known clusters: east, west\n"),
        (f"{STATE.format('b')}{STATE.format('a')}", f"{STATE.format('a')}{STATE.format('b')}"),
        ('{"u": "\\u00fc", "a": 1}', '{"a": 1, "u": "\\u00fc"}'),
    ],
)
def test_what_came_in_an_arbitrary_order_is_sorted(text, sorted_text):
    assert normalised(text) == normalised(sorted_text) == sorted_text


def test_a_traceback_is_replaced_by_one_line():
    assert expected(row(stderr=" INFO] x\n", exit=1, traceback="ValueError: x"))[STDERR] == (
        " INFO] x\nFATAL] (in our words)\n"
    )


@pytest.mark.parametrize(
    ("stderr", "is_equal"),
    [
        ("FATAL] one line of ours\n", True),
        (" INFO] Response from scheduler: ERROR (message: no)\n", True),
        ("FATAL] two lines\nof ours\n", False),
        (" INFO] Response from scheduler: OK (message: )\n", False),
        ("Traceback (most recent call last):\n", False),
        ("", False),
    ],
)
def test_where_the_original_had_no_error_ours_is_one_line_or_a_refusal(stderr, is_equal):
    one = row(exit=1, traceback="ValueError: x")
    done = comparable(one, Outcome({STDOUT: "", STDERR: stderr}, []))
    assert (done[STDERR] == expected(one)[STDERR]) is is_equal


def test_a_difference_may_be_about_one_place_only():
    difference = Difference("query .*", EXIT, "1", "0", "for this test", place=r"some\.jsonl:1", stderr="x")
    assert difference.is_about(row(stderr=" INFO] x\n"))
    assert not difference.is_about(row(stderr=" INFO] y\n"))
    assert not difference.is_about(replace(row(stderr="x"), place="some.jsonl:2"))


def test_a_waiting_time_may_be_a_second_off_and_no_more():
    one = row(stdout="h1\tjob\t70.00\tFalse\t1200.0\n")
    for text, is_equal in (("1199.0", True), ("1202.0", False), ("n/a", False)):
        parts = {STDOUT: f"h1\tjob\t70.00\tFalse\t{text}\n"}
        assert (comparable(one, Outcome(parts, []))[STDOUT] == one.stdout) is is_equal


def test_a_difference_that_changes_nothing_is_not_needed():
    rows = [row(exit=1)]
    assert is_needed(Difference("query .*", EXIT, "1", "0", "for this test"), rows)
    assert not is_needed(Difference("query .*", EXIT, "2", "0", "for this test"), rows)
    assert not is_needed(Difference("set_quota .*", EXIT, "1", "0", "for this test"), rows)


HOST = "Response(responseCode=1, result=Result(maintenanceStatusResult=MaintenanceStatusResult(statuses={{{}}})))"


def mode(reply):
    return [one.mode for one in reply.result.maintenanceStatusResult.statuses]


@pytest.mark.parametrize("is_binary", [True, False])
def test_the_items_of_a_script_are_answered_in_order_and_the_last_one_is_repeated(is_binary):
    states = [HOST.format(f"HostStatus('h1', MaintenanceMode.{name})") for name in ("DRAINING", "DRAINED")]
    with served({"maintenanceStatus": states}, is_binary=is_binary) as server:
        client = server.client()
        modes = [mode(client.scheduler.call("maintenanceStatus", hosts=Hosts({"h1"}))) for _ in range(3)]
    assert modes == [[MaintenanceMode.DRAINING], [MaintenanceMode.DRAINED], [MaintenanceMode.DRAINED]]
    assert sent(server.requests[0]) == {
        "rpc": "maintenanceStatus",
        "args": {"hosts": {"hostNames": {"set": ["h1"]}}},
        "bypass": None,
        "user_agent": "Aurora Admin",
    }


@pytest.mark.parametrize(
    ("item", "error", "text"),
    [
        ("HTTP 401 no", AuthFailed, "401"),
        ("HTTP 307 [Location: http://127.0.0.1:1/api] moved", ConnectionFailed, "127.0.0.1:1"),
        ("CLOSE", OutcomeUnknown, "closed"),
        ("RAW SFRUUC8xLjEgMjAwIE9L", OutcomeUnknown, "snapshot"),
        ("EXC 6 it broke", OutcomeUnknown, "it broke"),
    ],
)
def test_a_fault_of_a_script_is_the_fault_of_the_server(item, error, text):
    with served({"snapshot": [item]}) as server, pytest.raises(error, match=text):
        server.client(timeout=1).scheduler.snapshot()


def test_a_call_that_the_script_does_not_have_is_unknown_to_the_scheduler():
    with served({}) as server, pytest.raises(CallFailed, match="has no call listBackups"):
        server.client().scheduler.list_backups()


def test_an_item_may_be_late():
    with served({"snapshot": ["SLEEP 0.2 Response(responseCode=1, details=[])"]}) as server:
        assert server.client(is_real_time=True).scheduler.snapshot().ok
