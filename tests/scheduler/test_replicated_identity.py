"""The log in ZooKeeper: which log it is, and what is refused at the start (docs/replicated-log.md 2.6)."""

import json
import logging
import os
from contextlib import closing

import pytest

from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.frames import Spool
from aurora_admin.scheduler.storage.log import Log
from tests.support.zookeeper import running
from tests.support.zookeeper_log import Logs, copy


def change(logs, path, **values):
    with logs.client() as client:
        found = json.loads(client.get(f"{logs.root}/{path}")[0])
        client.set(f"{logs.root}/{path}", json.dumps({**found, **values}).encode())


def test_10_a_log_that_was_not_initialised_is_refused(zookeeper, tmp_path):
    logs = Logs(zookeeper.hosts, tmp_path)
    with logs.client() as client:
        client.ensure_path(logs.root)
    with pytest.raises(LogError, match="holds no initialised log") as refused:
        logs.open()
    assert f"initialize --zk={logs.hosts} --group={logs.root}" in str(refused.value)


def test_10_a_path_that_is_not_there_is_refused(zookeeper, tmp_path):
    with pytest.raises(LogError, match=r"There is no node .* check -native_log_zk_group_path"):
        Logs(zookeeper.hosts, tmp_path).open()


@pytest.mark.parametrize("says", ["initialised", "led before"])
def test_10_the_log_of_another_cluster_is_refused(logs, says):
    if says == "initialised":
        change(logs, "format", cluster="east")
    else:
        logs.lead(cluster="east").close()
    with pytest.raises(LogError, match="is the log of the cluster east; this scheduler is of west"):
        logs.open("h2")


def test_10_a_newer_format_is_refused(logs):
    change(logs, "format", format=2)
    with pytest.raises(LogError, match="has format 2; this version knows 1"):
        logs.open()


@pytest.mark.parametrize("path", ["format", "epoch", "begin"])
def test_10_a_damaged_node_is_named(logs, path):
    with logs.client() as client:
        client.set(f"{logs.root}/{path}", b"]")
    with pytest.raises(LogError, match=f"{logs.root}/{path} in ZooKeeper is damaged"):
        logs.lead()


@pytest.mark.parametrize("replica", ["0000000131", "log_0000000007"])
def test_the_path_of_a_mesos_log_is_refused_and_left_alone(zookeeper, tmp_path, replica):
    logs = Logs(zookeeper.hosts, tmp_path)
    with logs.client() as client:
        client.create(f"{logs.root}/{replica}", b"log-replica(1)@10.0.0.1:8083", makepath=True, ephemeral=True)
        for act in (logs.open, logs.initialize, logs.wipe):
            with pytest.raises(LogError, match=f"replicas of a real Mesos log .it has the child {replica}"):
                act()
        assert client.get_children(logs.root) == [replica]


def test_the_quorum_is_that_of_the_voting_servers(logs, ensemble, tmp_path):
    logs.open("h1", quorum=1)
    with pytest.raises(LogError, match="has 1 voting server, so that it is 1"):
        logs.open("h2", quorum=2)
    with closing(Logs(ensemble.hosts, tmp_path)) as three:
        three.initialize()
        three.open("h3", quorum=2)
        for wrong in (1, 3):
            with pytest.raises(LogError, match=f"={wrong} is wrong: .* has 3 voting servers, so that it is 2"):
                three.open("h4", quorum=wrong)


def test_no_server_answers_in_time(tmp_path):
    logs = Logs("127.0.0.1:1", tmp_path)
    with pytest.raises(LogError, match=r"No ZooKeeper server of 127.0.0.1:1 answered in 0.2 s"):
        logs.open(place=logs.place._replace(connect_seconds=0.2))


def test_a_folder_serves_one_process(logs):
    logs.open("h1")
    with pytest.raises(LogError, match="in use by another process"):
        logs.open("h1")


def test_10_a_log_that_another_cluster_led_first_is_refused_to_who_waited(logs):
    standby = logs.open()
    logs.lead("h2", cluster="east").append([b"a"])
    with pytest.raises(LogError, match="is the log of the cluster east; this scheduler is of west"):
        standby.fence()


def test_11_a_log_that_has_gone_back_is_refused_without_a_flag(tmp_path, caplog):
    with running(tmp_path, 1) as zookeeper, closing(Logs(zookeeper.hosts, tmp_path)) as logs:
        server = zookeeper.servers[0]
        logs.initialize()
        log = logs.lead()
        log.append([b"kept"])
        zookeeper.kill()
        copy(server.folder / "data", tmp_path / "old")
        zookeeper.start()
        log.close()
        log = logs.lead()
        log.append([b"lost", b"lost"])
        zookeeper.kill()
        copy(tmp_path / "old", server.folder / "data")
        zookeeper.start()
        log.close()
        log = logs.open()
        text = "has gone back: it stands at epoch 1, position 0, and this host has seen epoch 2, position 2"
        with pytest.raises(LogError, match=text):
            log.fence()
        assert logs.records() == [b"kept"]
        log.close()
        with caplog.at_level(logging.WARNING):
            log = logs.lead(accept_older=True)
        assert "Going on without what came after, as -log_accept_older says" in caplog.text
        assert log.append([b"next"]) == 1
        log.close()
        assert [record for _, record in logs.lead().read_all()] == [b"kept", b"next"]


def test_11_positions_alone_that_went_back_are_refused(logs):
    log = logs.lead()
    log.append([b"a", b"b"])
    log.close()
    with logs.client() as client:
        client.delete(f"{logs.root}/seg/{0:010}/{1:020}")
    with pytest.raises(LogError, match="stands at epoch 1, position 0, and this host has seen epoch 1, position 1"):
        logs.lead()


def test_11_another_log_is_told_of_and_accepted_while_it_is_new(logs, zookeeper, caplog):
    logs.lead().close()
    with closing(Logs(zookeeper.hosts, logs.folder)) as other:
        other.initialize()
        with caplog.at_level(logging.WARNING):
            other.lead().append([b"a"])
        assert "it is new, and replaces the log" in caplog.text
        other.close()
        other.lead()


def test_11_another_log_that_is_in_use_is_refused(logs, zookeeper):
    logs.lead().close()
    other = Logs(zookeeper.hosts, logs.folder)
    other.initialize()
    other.lead("h2").close()
    with pytest.raises(LogError, match="this host knows another one"), closing(other):
        other.open("h1")


def test_11_a_log_that_replaces_the_known_one_is_accepted_after_another_host_led_it(logs, caplog):
    """Every host that ever led has a mark of the log that was wiped; only the first to lead sees the new one new."""
    logs.lead("h1").close()
    logs.wipe()
    logs.initialize()
    logs.wipe()
    logs.initialize()
    logs.lead("h2").close()
    with caplog.at_level(logging.WARNING):
        logs.lead("h1").append([b"a"])
    assert "replaces the log" in caplog.text


def test_a_mark_that_cannot_be_read_is_named(logs):
    (logs.folder / "h1").mkdir()
    (logs.folder / "h1" / "high-water.json").write_text("{}")
    with pytest.raises(LogError, match=r"high-water\.json cannot be read"):
        logs.open("h1")


def test_11_a_log_that_was_made_anew_while_a_standby_waited_is_not_taken_for_the_old_one(logs):
    standby = logs.open()
    logs.wipe()
    logs.initialize()
    with pytest.raises(LogError, match="was wiped and made anew; start again on the new one"):
        standby.fence()
    assert logs.lead("h2").append([b"a"]) == 0


@pytest.mark.parametrize("position", [0, 1, 2])
def test_12_a_missing_position_is_fatal_and_named(logs, position):
    log = logs.lead()
    log.append([b"a", b"b", b"c", b"d"])
    with logs.client() as client:
        client.delete(f"{logs.root}/seg/{0:010}/{position:020}")
    with pytest.raises(LogError, match=f"Position {position} is missing"):
        list(logs.lead("h2").read_all())


def test_12_a_log_that_is_empty_where_it_should_not_be_is_refused(logs):
    log = logs.lead()
    log.append([b"a", b"b", b"c"])
    log.truncate_before(2)
    log.close()
    with logs.client() as client:
        client.delete(f"{logs.root}/seg/{0:010}", recursive=True)
    with pytest.raises(LogError, match="Position 2 is missing"):
        logs.lead("h2")


def test_12_a_record_that_cannot_be_read_is_fatal_and_named(logs, tmp_path):
    logs.lead().append([b"\x02\x00\x03\x01\x00", b"\x02\x00"])
    with pytest.raises(LogError, match="at position 1 cannot be read"):
        Log(logs.lead("h2"), str(tmp_path), 1 << 19).replay(Stores(str(tmp_path)))


def test_12_a_group_that_fails_its_checksum_is_fatal_and_named(logs, tmp_path):
    spool = Spool(str(tmp_path))
    spool.deflate([os.urandom(300)])
    header, *chunks = spool.records(100)
    spool.close()
    logs.lead().append([header, *chunks[::-1]])
    with pytest.raises(LogError, match="at position 0 that failed its checksum"):
        Log(logs.lead("h2"), str(tmp_path), 1 << 19).replay(Stores(str(tmp_path)))
