"""The pages of JSON about maintenance, quotas and tiers (docs/api.md 5.1)."""

import json

import pytest

from aurora_admin.gen.api.ttypes import ScheduleStatus
from tests.support.hosts import hosts, maintain
from tests.support.jobs import config, key, quota, restored, task
from tests.support.thrift_calls import exchange, get

S = ScheduleStatus


def page(running, path):
    status, headers, body = exchange(running.url, "GET", path)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    return json.loads(body)


def test_maintenance_lists_hosts_by_mode_and_the_tasks_that_draining_ones_still_run(scheduler):
    stored = {task(config(key(name)), n) for name in ("web", "api") for n in (0, 1)}
    stored |= {task(config(key("old")), 0, S.FINISHED)}
    running = restored(scheduler, hostAttributes=hosts(5), tasks=stored)
    assert page(running, "/maintenance") == {"DRAINED": [], "SCHEDULED": [], "DRAINING": {}}
    maintain(running, "drainHosts", "host-0", "host-2", "host-3")
    maintain(running, "startMaintenance", "host-4", "host-3")
    assert page(running, "/maintenance") == {
        "DRAINED": ["host-2"],
        "SCHEDULED": ["host-3", "host-4"],
        "DRAINING": {"host-0": ["www-prod-api-0", "www-prod-web-0"]},
    }


def test_quotas_lists_all_roles_or_one(scheduler):
    stored = {quota("www", 2.5, 3, 4), quota("db", 0.0, 0, 0), quota("ä b", 1.0, 2**40, 2)}
    running = restored(scheduler, quotaConfigurations=stored)
    www = {"cpu_cores": 2.5, "ram_mb": 3, "disk_mb": 4}
    everything = page(running, "/quotas")
    assert list(everything) == ["db", "www", "ä b"]
    assert everything["www"] == www
    assert page(running, "/quotas?role=www") == {"www": www}
    assert page(running, "/quotas?role=%C3%A4+b")["ä b"]["ram_mb"] == 2**40
    assert page(running, "/quotas?role=nosuch") == page(running, "/quotas?role=") == {}


@pytest.mark.parametrize("path", ["/maintenance", "/quotas", "/maintenance-reasons", "/tiers"])
def test_a_page_takes_no_post(staged, path):
    assert exchange(staged.url, "POST", path, b"")[0] == 405


@pytest.mark.parametrize(("path", "status"), [("/maintenance", 500), ("/quotas", 500), ("/tiers", 200)])
def test_a_standby_shows_only_what_is_not_stored(elected, path, status):
    elected.lead()
    standby = elected.stand_by()
    found, _, body = exchange(standby.url, "GET", path, headers={"Bypass-Leader-Redirect": ""})
    assert found == status
    assert status == 200 or f"Problem accessing {path}. Reason:\n<pre>    Storage is not READY" in body.decode()


def test_the_help_of_the_json_calls_is_elsewhere(staged):
    status, headers, body = exchange(staged.url, "GET", "/apibeta")
    assert (status, headers["Location"], body) == (303, "/apihelp/index.html", b"")
    assert get(staged.url, "/apibeta/")[0] == 405
