"""Who changed what, when and why is kept, and shown for hosts in maintenance (docs/api.md 5.8)."""

import json
import os
import stat
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from aurora_admin.gen.api.ttypes import Hosts, ResourceAggregate, ScheduleStatus, TaskQuery
from aurora_admin.scheduler.api.audited import AUDITED
from tests.support.hosts import NO_POLICY, hosts, maintain, modes
from tests.support.idl import IDL
from tests.support.jobs import config, entries_written, resources, restored, task
from tests.support.recovery import NAME, commit, new_backup, put_backup, stage
from tests.support.thrift_calls import OK, call, code_and_text, get
from tests.support.waiting import wait_until


def reason(text: str) -> dict[str, str]:
    return {"X-Aurora-Admin-Reason": quote(text)}


def entries(running) -> list[dict]:
    return [json.loads(line) for line in (running.log_dir / "audit.log").read_text().splitlines()]


def new_entries(running, before) -> list[dict]:
    """Return the entries after so many, without their times, which must be those of now."""
    found = entries(running)[before:]
    now = datetime.now(timezone.utc)
    assert all(timedelta(0) <= now - datetime.fromisoformat(one.pop("time")) < timedelta(hours=1) for one in found)
    return found


def reasons(running) -> dict[str, dict]:
    status, text = get(running.url, "/maintenance-reasons")
    assert status == 200
    return json.loads(text)


@pytest.fixture
def three(scheduler):
    """A scheduler with three hosts; on the first two a task runs."""
    return restored(scheduler, hostAttributes=hosts(3), tasks={task(config(), n) for n in range(2)})


def test_every_call_that_changes_something_is_kept_with_its_answer(three):
    before = len(entries(three))
    put_backup(three)
    quota = ResourceAggregate(resources=resources(1.0, 2, 3))
    for method, arguments in (
        ("setQuota", {"ownerRole": "www", "quota": quota}),
        ("setQuota", {"ownerRole": " ", "quota": quota}),
        ("forceTaskState", {"taskId": "www-prod-web-1", "status": ScheduleStatus.FINISHED}),
        ("pruneTasks", {"query": TaskQuery(role="www")}),
        ("pruneTasks", {"query": TaskQuery(role="nobody")}),
        ("pruneTasks", {}),
        ("commitRecovery", {}),
        ("stageRecovery", {"backupId": NAME}),
        ("deleteRecoveryTasks", {"query": TaskQuery(role="nobody")}),
        ("unloadRecovery", {}),
    ):
        call(three.url, method, reason("a reason"), **arguments)
    found = new_entries(three, before)
    assert {(one["caller"], one["reason"]) for one in found} == {("127.0.0.1", "a reason")}
    assert [(one["call"], one["response"], one.get("role")) for one in found] == [
        ("setQuota", "OK", "www"),
        ("setQuota", "ERROR", " "),
        ("forceTaskState", "OK", None),
        ("pruneTasks", "OK", None),
        ("pruneTasks", "INVALID_REQUEST", None),
        ("pruneTasks", "ERROR", None),
        ("commitRecovery", "ERROR", None),
        ("stageRecovery", "OK", None),
        ("deleteRecoveryTasks", "OK", None),
        ("unloadRecovery", "OK", None),
    ]
    shown = [json.loads(one["arguments"]) if "arguments" in one else None for one in found]
    assert {"numCpus": 1.0} in shown[0]["quota"]["resources"]
    assert shown[2:5] == [
        {"taskId": "www-prod-web-1", "status": "FINISHED"},
        {"query": {"role": "www"}},
        {"query": {"role": "nobody"}},
    ]
    assert shown[5:] == [None, None, {"backupId": NAME}, {"query": {"role": "nobody"}}, None]


# The admin calls without an entry, and why. Those of AuroraSchedulerManager are for users, not for admins.
NOT_AUDITED = {
    "listBackups": "it only reads",
    "queryRecovery": "it only reads",
    "maintenanceStatus": "it only reads",
    "performBackup": "it adds a file and changes no state",
    "snapshot": "it writes the same state to the log in another form",
    "triggerExplicitTaskReconciliation": "it changes nothing without Mesos",
    "triggerImplicitTaskReconciliation": "it changes nothing without Mesos",
}


def test_every_admin_call_that_changes_something_is_audited():
    assert IDL["api"]["AuroraAdmin"].body.keys() - NOT_AUDITED.keys() == AUDITED


def test_calls_that_change_nothing_are_not_kept(three):
    before = entries(three)
    for method in ("maintenanceStatus", "queryRecovery", "listBackups", "getTasksStatus", "getTierConfigs"):
        call(three.url, method)
    assert entries(three) == before


def test_the_calls_of_a_maintenance_are_kept_with_their_hosts(three):
    before = len(entries(three))
    maintain(three, "startMaintenance", "host-1", "host-0", headers=reason("disk"))
    maintain(three, "drainHosts", "host-0", "nosuch")
    maintain(three, "slaDrainHosts", "host-2", headers=reason("kernel"), defaultSlaPolicy=NO_POLICY, timeoutSecs=60)
    maintain(three, "endMaintenance", "host-0")
    call(three.url, "drainHosts", reason("why"), hosts=Hosts())
    caller = {"caller": "127.0.0.1"}
    policy = {"percentageSlaPolicy": {"percentage": 0.0, "durationSecs": 0}}
    [start, drain, sla, end, refused] = new_entries(three, before)
    assert json.loads(sla.pop("arguments")) == {"defaultSlaPolicy": policy, "timeoutSecs": 60}
    done = {**caller, "response": "OK"}
    both = ["host-0", "host-1"]
    assert start == {**done, "call": "startMaintenance", "reason": "disk", "hosts": both, "from_service": both}
    assert json.loads(drain.pop("arguments")) == {"hosts": {"hostNames": ["nosuch"]}}
    assert drain == {**done, "call": "drainHosts", "hosts": ["host-0"]}
    taken = {"hosts": ["host-2"], "from_service": ["host-2"]}
    assert sla == {**done, "call": "slaDrainHosts", "reason": "kernel", **taken}
    assert end == {**done, "call": "endMaintenance", "hosts": ["host-0"]}
    assert refused == {**caller, "response": "ERROR", "call": "drainHosts", "reason": "why"}


def test_long_arguments_are_cut_after_1000_characters(three):
    query = {"query": {"taskIds": ["x" * 980]}}
    exactly = json.dumps(query)
    more = 1000 - len(exactly)
    for length, kept in ((980 + more, 1000), (981 + more, 1003)):
        call(three.url, "pruneTasks", query=TaskQuery(taskIds={"x" * length}))
        found = entries(three)[-1]["arguments"]
        assert (len(found), found.endswith("...")) == (kept, kept > 1000)
        assert json.dumps({"query": {"taskIds": ["x" * length]}})[:1000] == found[:1000]
    call(three.url, "setQuota", ownerRole="r" * 1001)
    assert entries(three)[-1]["role"] == "r" * 1000 + "..."


def test_hosts_that_are_not_known_take_no_more_room_than_other_arguments(three):
    maintain(three, "drainHosts", "host-0", *(f"nosuch-{number}" for number in range(1000)), headers=reason("disk"))
    found = entries(three)[-1]
    assert found["hosts"] == ["host-0"]
    assert len(found["arguments"]) == 1003
    assert found["arguments"].startswith('{"hosts": {"hostNames": ["nosuch-0", "nosuch-1", "nosuch-10", ')


def test_the_file_is_private(three):
    assert stat.S_IMODE(os.stat(three.log_dir / "audit.log").st_mode) == 0o600


def test_reasons_of_hosts_in_maintenance_are_shown_until_it_ends(three):
    assert reasons(three) == {}
    maintain(three, "startMaintenance", "host-0", "host-1", "nosuch", headers=reason("dïsk – 100%\nline"))
    maintain(three, "startMaintenance", "host-2")
    shown = reasons(three)
    assert shown.keys() == {"host-0", "host-1"}
    assert shown["host-0"] == shown["host-1"]
    assert (shown["host-0"]["reason"], shown["host-0"]["caller"]) == ("dïsk – 100%\nline", "127.0.0.1")
    assert datetime.fromisoformat(shown["host-0"]["since"]).utcoffset() == timedelta(0)
    # Without a reason the former one stays; with one, that is the present one.
    maintain(three, "drainHosts", "host-0")
    maintain(three, "drainHosts", "host-1", headers=reason("kernel"))
    assert reasons(three)["host-0"] == shown["host-0"]
    assert reasons(three)["host-1"]["reason"] == "kernel"
    maintain(three, "endMaintenance", "host-0")
    assert reasons(three).keys() == {"host-1"}
    maintain(three, "startMaintenance", "host-0")
    assert reasons(three).keys() == {"host-1"}


def test_reasons_survive_a_restart_and_a_power_cut(three):
    maintain(three, "drainHosts", "host-0", "host-1", headers=reason("disk"))
    maintain(three, "endMaintenance", "host-1")
    before = reasons(three)
    assert before.keys() == {"host-0"}
    three.restart()
    assert reasons(three) == before
    three.kill()
    three.start()
    assert reasons(three) == before


def test_a_reason_ends_when_a_restore_brings_its_host_back(three):
    """Two of the hosts are in service in the backup, the third one is not."""
    maintain(three, "startMaintenance", "host-2", headers=reason("disk"))
    put_backup(three, new_backup(three))
    maintain(three, "startMaintenance", "host-0", "host-1", headers=reason("old"))
    stage(three)
    commit(three)
    three.start()
    assert modes(three, "host-0", "host-2") == {"host-0": "NONE", "host-2": "SCHEDULED"}
    maintain(three, "startMaintenance", "host-0", "host-2")
    maintain(three, "startMaintenance", "host-1", headers=reason("new"))
    maintain(three, "startMaintenance", "host-1")
    wanted = {"host-1": "new", "host-2": "disk"}
    assert {host: shown["reason"] for host, shown in reasons(three).items()} == wanted
    three.restart()
    assert {host: shown["reason"] for host, shown in reasons(three).items()} == wanted


def test_a_refused_call_gives_no_reason(three):
    maintain(three, "startMaintenance", "host-0")
    response = call(three.url, "slaDrainHosts", reason("no policy"), hosts=Hosts({"host-0"}))
    assert code_and_text(response)[0] == "INVALID_REQUEST"
    assert reasons(three) == {}


def test_a_reason_that_is_too_long_is_refused(three):
    before = entries_written(three)
    for method in sorted(AUDITED):
        arguments = {"hosts": Hosts({"host-0"})} if method.endswith(("Maintenance", "Hosts")) else {}
        response = call(three.url, method, reason("ü" * 1001), **arguments)
        text = "The reason has 1001 characters, and 1000 is the most; nothing was changed. Shorten it."
        assert code_and_text(response) == ("INVALID_REQUEST", text), method
        kept = entries(three)[-1]
        assert (kept["call"], kept["response"]) == (method, "INVALID_REQUEST")
        assert kept["reason"] == "ü" * 1000 + "..."
    assert modes(three, "host-0") == {"host-0": "NONE"}
    assert entries_written(three) == before
    maintain(three, "startMaintenance", "host-0", headers=reason("ü" * 1000))
    assert reasons(three)["host-0"]["reason"] == "ü" * 1000


@pytest.mark.parametrize("header", ["%", "%zz", "%ff%fe", "", "  ", "%20", "plain text"])
def test_any_text_may_be_in_the_header(three, header):
    maintain(three, "startMaintenance", "host-0", headers={"X-Aurora-Admin-Reason": header})
    given = {"%20": "", "%ff%fe": "��"}.get(header, header.strip())
    assert {host: shown["reason"] for host, shown in reasons(three).items()} == ({"host-0": given} if given else {})


def test_a_torn_line_is_passed_over(three):
    maintain(three, "drainHosts", "host-0", headers=reason("disk"))
    path = three.log_dir / "audit.log"
    three.kill()
    with path.open("ab") as file:
        file.write(b'[1]\n{"call": 7}\n\xff\n' + b"[" * 100_000 + b'\n{"time": "2026-')
    three.start()
    assert three.log.count("is not an entry, and is passed over") == 5
    maintain(three, "drainHosts", "host-1", headers=reason("kernel"))
    three.restart()
    assert {host: shown["reason"] for host, shown in reasons(three).items()} == {"host-0": "disk", "host-1": "kernel"}


def test_a_file_that_was_moved_away_is_begun_again(three):
    path = three.log_dir / "audit.log"
    path.rename(path.with_suffix(".1"))
    maintain(three, "drainHosts", "host-0", headers=reason("disk"))
    assert [one["call"] for one in entries(three)] == ["drainHosts"]


def test_a_file_that_cannot_be_written_stops_nothing_and_is_reported_once(three):
    path = three.log_dir / "audit.log"
    path.unlink()
    path.mkdir()
    for _ in range(3):
        maintain(three, "drainHosts", "host-0", headers=reason("disk"))
    assert three.log.count("ERROR Failed to write the audit log") == 1
    line = next(line for line in three.log.splitlines() if "Failed to write the audit log" in line)
    assert str(path) in line
    assert "Calls are carried out without an entry there until it can be written again." in line
    assert modes(three, "host-0") == {"host-0": "DRAINING"}
    assert reasons(three)["host-0"]["reason"] == "disk"
    three.restart()
    assert three.log.count("ERROR Failed to read the audit log") == 1
    path.rmdir()
    maintain(three, "drainHosts", "host-1", headers=reason("kernel"))
    assert len(entries(three)) == 1
    path.unlink()
    path.mkdir()
    maintain(three, "endMaintenance", "host-1")
    assert three.log.count("ERROR Failed to write the audit log") == 2


def test_a_standby_sends_the_reader_of_reasons_to_the_leader(elected):
    leader, standby = elected.lead(), elected.stand_by()
    elected.wait_advertised(leader)
    wait_until(lambda: get(standby.url, "/maintenance-reasons")[0] == 307, "the standby knows the leader")


def test_an_audit_of_a_call_is_there_before_its_reply(three):
    """Also of the call that ends the process."""
    put_backup(three)
    assert code_and_text(call(three.url, "stageRecovery", backupId=NAME)) == OK
    assert code_and_text(call(three.url, "commitRecovery", reason("restore"))) == OK
    last = entries(three)[-1]
    assert (last["call"], last["response"], last["reason"]) == ("commitRecovery", "OK", "restore")
    assert three.wait_exit() == 0
