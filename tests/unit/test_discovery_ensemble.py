"""The zk of a cluster by the rules of docs/connection.md 2.4, and its path by 2.3."""

import pytest

from aurora_admin.client.discovery.ensemble import ensemble
from aurora_admin.clusters import Cluster
from aurora_admin.errors import ConfigError

PATH = "/aurora/scheduler"


def of(zk, path=PATH, **keys):
    return ensemble(Cluster("west", {"name": "west", "zk": zk, "scheduler_zk_path": path, **keys}, "/clusters.json"))


@pytest.mark.parametrize(
    ("zk", "hosts"),
    [
        ("a", ("a:2182",)),
        ("a,b,c", ("a:2182", "b:2182", "c:2182")),
        (" a , b ", ("a:2182", "b:2182")),
        ("a,,b,", ("a:2182", "b:2182")),
        ("a:21810,b", ("a:21810", "b:2182")),
        ("10.0.0.1:1,10.0.0.2", ("10.0.0.1:1", "10.0.0.2:2182")),
        ("[::1]:2183,[fe80::1]", ("[::1]:2183", "[fe80::1]:2182")),
        ("{zk}.example", ("{zk}.example:2182",)),
        ("zoo_keeper-1.example.", ("zoo_keeper-1.example.:2182",)),
        ("bücher.example", ("bücher.example:2182",)),
    ],
)
def test_hosts_stand_with_or_without_a_port_and_their_own_goes_first(zk, hosts):
    assert of(zk, zk_port=2182).hosts == hosts


def test_the_port_is_zookeepers_own_where_none_is_given():
    assert str(of("a,[::1]")) == "a:2181,[::1]:2181"


@pytest.mark.parametrize(
    ("zk", "path", "whole"),
    [
        ("a", "/aurora/scheduler", PATH),
        ("a", "aurora//scheduler/", PATH),
        ("a/aurora", "scheduler", PATH),
        ("a,b:1/x/y/", "/aurora/scheduler", "/x/y/aurora/scheduler"),
        ("a/", "/aurora/scheduler", PATH),
        ("a", "/", "/"),
        ("a", "/rôle of blanks", "/rôle of blanks"),
    ],
)
def test_a_chroot_is_put_before_the_path_and_empty_parts_are_dropped(zk, path, whole):
    assert of(zk, path).path == whole


@pytest.mark.parametrize(
    ("zk", "reason"),
    [
        (",", "it names no host"),
        ("/chroot", "it names no host"),
        ("a:b", "'a:b' is no host or host:port; an IPv6 address has to stand in brackets"),
        ("::1", "'::1' is no host or host:port; an IPv6 address has to stand in brackets"),
        ("fe80::1:2181", "'fe80::1:2181' is no host or host:port; an IPv6 address has to stand in brackets"),
        ("a:21810:2181", "'a:21810:2181' is no host or host:port; "),
        ("a b", "'a b' is no host or host:port; "),
        ("zk://a", "'zk:' is no host or host:port; "),
        ("a:0", "a has the port 0"),
        ("a:65536", "a has the port 65536"),
        ("a..b", "label "),
        ("x" * 64, "label "),
    ],
)
def test_a_zk_that_cannot_be_used_is_a_mistake_in_the_file(zk, reason):
    with pytest.raises(ConfigError) as caught:
        of(zk)
    assert caught.value.message.startswith(f"Cluster west in /clusters.json: zk {zk!r} cannot be used: ")
    assert reason in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_zk_port_that_is_none_is_told_where_it_is_needed(port):
    with pytest.raises(ConfigError, match=f"a has the port {port}"):
        of("a", zk_port=port)
    assert of("a:1", zk_port=port).hosts == ("a:1",)


@pytest.mark.parametrize(
    ("zk", "path"),
    [
        ("a", "/aurora/../scheduler"),
        ("a", "."),
        ("a", "/a\nb"),
        ("a", "/a\0"),
        ("a", "/\ud800"),
        ("a/x,b/x", PATH),
    ],
)
def test_a_path_that_zookeeper_cannot_have_is_a_mistake_in_the_file(zk, path):
    with pytest.raises(ConfigError, match=r"is no path in ZooKeeper\. Correct scheduler_zk_path, and zk"):
        of(zk, path)


@pytest.mark.parametrize("keys", [{}, {"scheduler_zk_path": ""}])
def test_a_path_has_to_be_given(keys):
    with pytest.raises(ConfigError) as caught:
        ensemble(Cluster("west", {"name": "west", "zk": "a", **keys}, "/clusters.json"))
    assert caught.value.message == (
        "Cluster west in /clusters.json has zk but no scheduler_zk_path: give the path that its schedulers have as "
        "-serverset_path"
    )
