"""The page of the hosts: /agents, and /slaves in older releases (docs/api.md 5.1)."""

import pytest

from aurora_admin.gen.api.ttypes import Attribute, HostAttributes
from tests.support.hosts import host, maintain
from tests.support.jobs import restored
from tests.support.thrift_calls import exchange, get


@pytest.mark.parametrize("path", ["/agents", "/slaves"])
def test_the_page_lists_every_host_with_its_mode(scheduler, path):
    hostile = HostAttributes("<b>h2", (Attribute("rack", ("r2", "r1")), Attribute("dc", ("&",))), None, None)
    running = restored(scheduler, hostAttributes={host("h1"), hostile})
    maintain(running, "startMaintenance", "h1")
    status, headers, body = exchange(running.url, "GET", path)
    assert (status, headers["Content-Type"]) == (200, "text/html;charset=utf-8")
    assert [line for line in body.decode().splitlines() if "<td>" in line] == [
        "<tr><td>&lt;b&gt;h2</td><td></td><td>NONE</td><td>dc=[&amp;], rack=[r1, r2]</td></tr>",
        "<tr><td>h1</td><td>agent-of-h1</td><td>SCHEDULED</td><td></td></tr>",
    ]


def test_the_page_of_a_cluster_without_hosts(scheduler):
    status, text = get(scheduler().url, "/agents")
    assert (status, text.count("<tr>")) == (200, 1)
