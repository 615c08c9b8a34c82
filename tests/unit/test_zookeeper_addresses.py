"""Lists of ZooKeeper servers and paths of nodes, as the client and the scheduler read them."""

from argparse import ArgumentTypeError

import pytest

from aurora_admin.client.discovery.zookeeper import ensemble_of
from aurora_admin.clusters import Cluster
from aurora_admin.errors import ConfigError
from aurora_admin.scheduler.flags.election import endpoints

PATH = "/aurora/scheduler"


def ensemble(zk, path=PATH, **keys):
    return ensemble_of(Cluster("west", {"name": "west", "zk": zk, "scheduler_zk_path": path, **keys}, "/clusters.json"))


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
def test_the_port_of_a_host_takes_precedence_over_zk_port(zk, hosts):
    assert ensemble(zk, zk_port=2182).hosts == hosts


def test_the_default_port_is_that_of_zookeeper():
    assert str(ensemble("a,[::1]")) == "a:2181,[::1]:2181"


@pytest.mark.parametrize(
    ("zk", "path", "joined"),
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
def test_the_chroot_comes_before_the_path_and_empty_names_are_dropped(zk, path, joined):
    assert ensemble(zk, path).path == joined


@pytest.mark.parametrize(
    ("zk", "reason"),
    [
        (",", "it names no host"),
        ("/chroot", "it names no host"),
        ("a/x,b/x", "a chroot can only follow the last host"),
        ("a/..", "'..' is not a path in ZooKeeper"),
        ("a:b", "'a:b' is not host or host:port; an IPv6 address needs brackets"),
        ("::1", "'::1' is not host or host:port; an IPv6 address needs brackets"),
        ("fe80::1:2181", "'fe80::1:2181' is not host or host:port; an IPv6 address needs brackets"),
        ("a:21810:2181", "'a:21810:2181' is not host or host:port; "),
        ("a b", "'a b' is not host or host:port; "),
        ("zk://a", "'zk:' is not host or host:port; "),
        ("a:0", "'a:0' has the port 0, which is not from 1 to 65535"),
        ("a:65536", "'a:65536' has the port 65536, which is not"),
        ("a..b", "'a..b' is not a valid host name: "),
        ("x" * 64, "is not a valid host name: "),
    ],
)
def test_an_invalid_zk_names_the_cluster_and_the_file(zk, reason):
    with pytest.raises(ConfigError) as caught:
        ensemble(zk)
    assert caught.value.message.startswith(f"Cluster west in /clusters.json: zk {zk!r} cannot be used: ")
    assert reason in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_an_invalid_zk_port_is_reported_where_it_is_needed(port):
    with pytest.raises(ConfigError, match=f"has the port {port}, which is not"):
        ensemble("a", zk_port=port)
    assert ensemble("a:1", zk_port=port).hosts == ("a:1",)


@pytest.mark.parametrize(
    ("zk", "path"),
    [
        ("a", "/aurora/../scheduler"),
        ("a", "."),
        ("a", "/a\nb"),
        ("a", "/a\0"),
        ("a", "/\ud800"),
    ],
)
def test_an_invalid_path_names_the_cluster_and_the_file(zk, path):
    with pytest.raises(
        ConfigError, match=r"west in /clusters.json: scheduler_zk_path cannot be used: .* is not a path"
    ):
        ensemble(zk, path)


@pytest.mark.parametrize("keys", [{}, {"scheduler_zk_path": ""}])
def test_a_missing_path_is_reported(keys):
    with pytest.raises(ConfigError) as caught:
        ensemble_of(Cluster("west", {"name": "west", "zk": "a", **keys}, "/clusters.json"))
    assert caught.value.message == (
        "Cluster west in /clusters.json has zk but no scheduler_zk_path: give the path that its schedulers have as "
        "-serverset_path"
    )


@pytest.mark.parametrize(
    ("text", "joined"),
    [("h:1", "h:1"), (" a:1 , [::1]:2 ", "a:1,[::1]:2"), ("[fe80::1%eth0]:2181", "[fe80::1%eth0]:2181")],
)
def test_the_flags_of_the_scheduler_take_hosts_with_a_port(text, joined):
    assert endpoints(text) == joined


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("h", "'h' is not host:port; give host1:2181,"),
        ("h:1,", "'' is not host:port; "),
        ("h:1/chroot", "'h:1/chroot' is not host:port; "),
        ("h:0", "'h:0' has the port 0, which is not from 1 to 65535; "),
        ("a..b:1", "'a..b' is not a valid host name: "),
    ],
)
def test_the_flags_of_the_scheduler_refuse_other_lists(text, reason):
    with pytest.raises(ArgumentTypeError) as caught:
        endpoints(text)
    assert str(caught.value).startswith(reason)
