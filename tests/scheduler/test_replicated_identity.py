"""The log in ZooKeeper: a wrong, old or damaged log is refused (docs/replicated-log.md 2.6)."""

import json
import logging
import os
from contextlib import closing

import pytest

from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.frames import Spool
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot.log_entry import NOOP_ENTRY
from tests.support.zookeeper import running
from tests.support.zookeeper_log import SharedLog, replace_folder


def change(shared_log, path, **values):
    with shared_log.client() as client:
        found = json.loads(client.get(f"{shared_log.root}/{path}")[0])
        client.set(f"{shared_log.root}/{path}", json.dumps({**found, **values}).encode())


def test_a_log_that_was_not_initialised_is_refused(zookeeper, tmp_path):
    shared_log = SharedLog(zookeeper.hosts, tmp_path)
    with shared_log.client() as client:
        client.ensure_path(shared_log.root)
    with pytest.raises(LogError, match="holds no initialised log") as refused:
        shared_log.open()
    assert f"initialize --zk={shared_log.hosts} --group={shared_log.root}" in str(refused.value)


def test_a_missing_path_is_refused(zookeeper, tmp_path):
    with pytest.raises(LogError, match=r"There is no node .* check -native_log_zk_group_path"):
        SharedLog(zookeeper.hosts, tmp_path).open()


@pytest.mark.parametrize("how", ["initialised for it", "led by it"])
def test_the_log_of_another_cluster_is_refused(shared_log, how):
    if how == "initialised for it":
        change(shared_log, "format", cluster="east")
    else:
        shared_log.lead(cluster="east").close()
    with pytest.raises(LogError, match="is the log of the cluster east; this scheduler is of west"):
        shared_log.open("h2")


def test_a_newer_format_is_refused(shared_log):
    change(shared_log, "format", format=2)
    with pytest.raises(LogError, match="has format 2; this version supports 1"):
        shared_log.open()


@pytest.mark.parametrize("path", ["format", "epoch", "begin"])
def test_a_damaged_node_is_named(shared_log, path):
    with shared_log.client() as client:
        client.set(f"{shared_log.root}/{path}", b"]")
    with pytest.raises(LogError, match=f"{shared_log.root}/{path} in ZooKeeper is damaged"):
        shared_log.lead()


@pytest.mark.parametrize("replica", ["0000000131", "log_0000000007"])
def test_the_path_of_a_mesos_log_is_refused_and_not_changed(zookeeper, tmp_path, replica):
    shared_log = SharedLog(zookeeper.hosts, tmp_path)
    with shared_log.client() as client:
        client.create(f"{shared_log.root}/{replica}", b"log-replica(1)@10.0.0.1:8083", makepath=True, ephemeral=True)
        for act in (shared_log.open, shared_log.initialize, shared_log.wipe):
            with pytest.raises(LogError, match=f"replicas of a real Mesos log .it has the child {replica}"):
                act()
        assert client.get_children(shared_log.root) == [replica]


def test_a_quorum_that_is_not_the_majority_of_voting_servers_is_refused(shared_log, ensemble, tmp_path):
    shared_log.open("h1", quorum=1)
    with pytest.raises(LogError, match="has 1 voting server, so the quorum is 1"):
        shared_log.open("h2", quorum=2)
    with closing(SharedLog(ensemble.hosts, tmp_path)) as three:
        three.initialize()
        three.open("h3", quorum=2)
        for wrong in (1, 3):
            with pytest.raises(LogError, match=f"={wrong} is wrong: .* has 3 voting servers, so the quorum is 2"):
                three.open("h4", quorum=wrong)


def test_a_server_that_does_not_respond_is_reported(tmp_path):
    shared_log = SharedLog("127.0.0.1:1", tmp_path)
    with pytest.raises(LogError, match=r"No ZooKeeper server of 127.0.0.1:1 responded within 0.2 s"):
        shared_log.open(location=shared_log.location._replace(connect_seconds=0.2))


def test_a_folder_can_be_used_by_one_process_only(shared_log):
    shared_log.open("h1")
    with pytest.raises(LogError, match="in use by another process"):
        shared_log.open("h1")


def test_a_standby_refuses_a_log_that_another_cluster_has_led_since(shared_log):
    standby = shared_log.open()
    shared_log.lead("h2", cluster="east").append([b"a"])
    with pytest.raises(LogError, match="is the log of the cluster east; this scheduler is of west"):
        standby.fence()


def test_a_log_that_has_gone_back_is_refused_without_a_flag(tmp_path, caplog):
    with running(tmp_path, 1) as zookeeper, closing(SharedLog(zookeeper.hosts, tmp_path)) as shared_log:
        server = zookeeper.servers[0]
        shared_log.initialize()
        log = shared_log.lead()
        log.append([b"kept"])
        zookeeper.kill()
        replace_folder(server.folder / "data", tmp_path / "old")
        zookeeper.start()
        log.close()
        log = shared_log.lead()
        log.append([b"lost", b"lost"])
        zookeeper.kill()
        replace_folder(tmp_path / "old", server.folder / "data")
        zookeeper.start()
        log.close()
        log = shared_log.open()
        text = "has gone back: it ends at epoch 1, position 0, and this host has seen epoch 2, position 2"
        with pytest.raises(LogError, match=text):
            log.fence()
        assert shared_log.records() == [b"kept"]
        log.close()
        with caplog.at_level(logging.WARNING):
            log = shared_log.lead(accept_older=True)
        assert "Continuing without what was written since then, because of -log_accept_older" in caplog.text
        assert log.append([b"next"]) == 1
        log.close()
        assert [record for _, record in shared_log.lead().read_all()] == [b"kept", b"next"]


def test_a_log_with_a_position_lost_at_its_end_is_refused(shared_log):
    log = shared_log.lead()
    log.append([b"a", b"b"])
    log.close()
    with shared_log.client() as client:
        client.delete(f"{shared_log.root}/seg/{0:010}/{1:020}")
    with pytest.raises(LogError, match="ends at epoch 1, position 0, and this host has seen epoch 1, position 1"):
        shared_log.lead()


def test_a_log_with_an_earlier_epoch_is_refused(shared_log):
    log = shared_log.lead()
    log.append([b"a"])
    log.close()
    change(shared_log, "epoch", epoch=0)
    with pytest.raises(LogError, match="ends at epoch 0, position 0, and this host has seen epoch 1, position 0"):
        shared_log.lead()


def test_another_log_is_accepted_with_a_warning_while_it_is_new(shared_log, zookeeper, caplog):
    shared_log.lead().close()
    with closing(SharedLog(zookeeper.hosts, shared_log.folder)) as other:
        other.initialize()
        with caplog.at_level(logging.WARNING):
            other.lead().append([b"a"])
        assert "it is new, and replaces the log" in caplog.text
        other.close()
        other.lead()


def test_another_log_that_is_in_use_is_refused(shared_log, zookeeper):
    shared_log.lead().close()
    other = SharedLog(zookeeper.hosts, shared_log.folder)
    other.initialize()
    other.lead("h2").close()
    with pytest.raises(LogError, match="this host knows another one"), closing(other):
        other.open("h1")


def test_a_log_that_replaces_the_known_one_is_accepted_also_when_in_use(shared_log, caplog):
    """Each host that has led knows the wiped log. Only the first to lead the new one sees it unused."""
    shared_log.lead("h1").close()
    shared_log.wipe()
    shared_log.initialize()
    shared_log.wipe()
    shared_log.initialize()
    shared_log.lead("h2").close()
    with caplog.at_level(logging.WARNING):
        shared_log.lead("h1").append([b"a"])
    assert "replaces the log" in caplog.text


def test_an_unreadable_high_water_mark_is_named(shared_log):
    (shared_log.folder / "h1").mkdir()
    (shared_log.folder / "h1" / "high-water.json").write_text("{}")
    with pytest.raises(LogError, match=r"high-water\.json cannot be read"):
        shared_log.open("h1")


def test_a_standby_refuses_a_log_that_was_initialised_again_since(shared_log):
    standby = shared_log.open()
    shared_log.wipe()
    shared_log.initialize()
    with pytest.raises(LogError, match="was wiped and initialised again while this scheduler waited"):
        standby.fence()
    assert shared_log.lead("h2").append([b"a"]) == 0


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_missing_position_is_an_error_that_names_it(shared_log, position):
    log = shared_log.lead()
    log.append([b"a", b"b", b"c", b"d"])
    with shared_log.client() as client:
        client.delete(f"{shared_log.root}/seg/{0:010}/{position:020}")
    with pytest.raises(LogError, match=f"Position {position} is missing"):
        list(shared_log.lead("h2").read_all())


def test_a_log_without_the_record_at_its_begin_is_refused(shared_log):
    log = shared_log.lead()
    log.append([b"a", b"b", b"c"])
    log.truncate_before(2)
    log.close()
    with shared_log.client() as client:
        client.delete(f"{shared_log.root}/seg/{0:010}", recursive=True)
    with pytest.raises(LogError, match="Position 2 is missing"):
        shared_log.lead("h2")


def test_an_unreadable_record_is_an_error_that_names_its_position(shared_log, tmp_path):
    shared_log.lead().append([NOOP_ENTRY, NOOP_ENTRY[:2]])
    with pytest.raises(LogError, match="at position 1 cannot be read"):
        Log(shared_log.lead("h2"), str(tmp_path), 1 << 19).replay(Stores(str(tmp_path)))


def test_a_framed_entry_with_a_wrong_checksum_is_an_error(shared_log, tmp_path):
    spool = Spool(str(tmp_path))
    spool.deflate([os.urandom(300)])
    header, *chunks = spool.records(100)
    spool.close()
    shared_log.lead().append([header, *chunks[::-1]])
    with pytest.raises(LogError, match="at position 0 fails its checksum"):
        Log(shared_log.lead("h2"), str(tmp_path), 1 << 19).replay(Stores(str(tmp_path)))
