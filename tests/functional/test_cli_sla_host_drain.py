"""sla_host_drain against a scheduler (docs/cli.md 4.14)."""

import pytest

from tests.support.hosts import hosts, modes
from tests.support.jobs import restored
from tests.support.running_drain import OK, web_on
from tests.support.thrift_calls import tasks
from tests.support.waiting import wait_until


@pytest.fixture
def west(scheduler, clusters):
    """`west(count, tasks)` serves a cluster with hosts, host-0 and so on."""

    def serve(count: int, stored=()):
        one = restored(scheduler, hostAttributes=hosts(count), tasks=set(stored))
        clusters.write(west=one.url)
        return one

    return serve


def test_sla_host_drain_asks_and_does_not_wait(admin, west):
    one = west(3, web_on(0))
    line = ["sla_host_drain", "--default_percentage=99.5", "--default_duration=2m"]
    result = admin(*line, "--hosts=host-0,host-1", "west")
    asking = " INFO] Asking scheduler to drain tasks by SLA on: set(['host-0', 'host-1'])\n"
    assert (result.code, result.out, result.err) == (0, "", asking + OK)
    assert modes(one, "host-0")["host-0"] == "DRAINING"
    wait_until(lambda: tasks(one.url)["www-prod-web-0"].status != 2, "the task is drained")


@pytest.mark.parametrize(("options", "code"), [([], 1), (["--legacy-exit-codes"], 0)])
def test_sla_host_drain_names_the_hosts_that_are_unknown(admin, west, options, code):
    one = west(2)
    result = admin("sla_host_drain", *options, "--hosts=nosuch,host-0", "west")
    asking = " INFO] Asking scheduler to drain tasks by SLA on: set(['host-0', 'nosuch'])\n"
    error = (
        "FATAL] Not drained: nosuch, because the scheduler does not know them. It drains the other hosts. Check the "
        "names; a scheduler keeps the request for an unknown host until aurora_admin host_activate --hosts=nosuch west "
        "removes it\n"
    )
    assert (result.code, result.out, result.err) == (code, "", asking + OK + (error if code else ""))
    assert modes(one, "host-0")["host-0"] != "NONE"


def test_sla_host_drain_of_unknown_hosts_alone_does_not_speak_of_others(admin, west):
    west(2)
    result = admin("sla_host_drain", "--hosts=nosuch", "west")
    assert result.code == 1
    assert "FATAL] Not drained: nosuch, because the scheduler does not know them. Check the names; " in result.err
    assert "WARN" not in result.err


def test_sla_host_drain_of_every_host_warns(admin, west):
    west(3, web_on(0))
    warning = (
        " WARN] These are all the hosts that get tasks: what runs on them has no host to go to. host_activate ends the "
        "drain of a host"
    )
    assert warning not in admin("sla_host_drain", "--hosts=host-0", "west").err.splitlines()
    assert warning in admin("sla_host_drain", "--hosts=host-1,host-2,nosuch", "west").err.splitlines()
    assert warning in admin("sla_host_drain", "--hosts=host-0,host-1,host-2", "west").err.splitlines()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--default_percentage=0", "Invalid percentage 0. Must be within (0, 100]."),
        ("--default_percentage=100.1", "Invalid percentage 100.1. Must be within (0, 100]."),
        ("--default_percentage=nan", "Invalid percentage nan. Must be within (0, 100]."),
        ("--default_percentage=x", "could not convert string to float: x"),
        ("--default_duration=5", "Invalid time span: 5"),
        ("--default_duration=", "Invalid time span: ''"),
        ("--force_drain_timeout=-5m", "Invalid time span: -5m"),
        ("--force_drain_timeout= ", "Invalid time span: ''"),
        ("--force_drain_timeout=106751991167301d", "Invalid time span: 106751991167301d"),
    ],
)
def test_sla_host_drain_refuses_wrong_options(admin, clusters, option, message):
    clusters.write("west")
    result = admin("sla_host_drain", "--hosts=h1", option, "west")
    assert (result.code, result.out, result.err) == (1, "", f"FATAL] {message}\n")
