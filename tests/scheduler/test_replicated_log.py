"""The log in ZooKeeper: what is written is there, in order, whatever happens meanwhile (docs/replicated-log.md 2.6)."""

import itertools
import json
import os
import time
from contextlib import closing

import pytest
from kazoo.exceptions import NoAuthError
from kazoo.security import READ_ACL_UNSAFE

from aurora_admin.scheduler.storage.engine import FatalLogError, LogError
from aurora_admin.scheduler.storage.zookeeper.layout import MAX_RECORD, MAX_ROOT
from tests.support.waiting import wait_until
from tests.support.zookeeper import zookeeper_client
from tests.support.zookeeper_log import (
    NOOP,
    SharedLog,
    SilencingProxy,
    append_until_fatal,
    leader_process,
    thread,
    wait_for_records,
)


@pytest.fixture
def log_with_credentials(zookeeper, tmp_path):
    """A log that only a client with credentials can access."""
    with closing(SharedLog(zookeeper.hosts, tmp_path, credentials="aurora:secret")) as shared_log:
        shared_log.initialize()
        yield shared_log


@pytest.fixture
def proxy(zookeeper):
    proxy = SilencingProxy(zookeeper.servers[0].port)
    yield proxy
    proxy.close()


def test_positions_ascend_without_gaps(shared_log):
    log = shared_log.lead()
    assert log.append([b"a", b"b"]) == 0
    assert log.append([b"c"]) == 2
    log.truncate_before(2)
    assert list(log.read_all()) == [(2, b"c")]
    assert log.append([b"d"]) == 3


def test_another_host_finds_what_was_written(shared_log):
    first = shared_log.lead()
    first.append([b"a", b"b"])
    first.close()
    second = shared_log.lead("h2")
    assert list(second.read_all()) == [(0, b"a"), (1, b"b")]
    assert second.append([b"c"]) == 2


@pytest.mark.parametrize("count", range(7))
def test_a_kill_during_an_append_leaves_its_first_records(shared_log, count):
    with leader_process(shared_log) as leader:
        assert leader.request("append", "before") == "0"
        leader.send("hang", count)
        wait_for_records(shared_log, 1 + count)
        leader.kill()
    log = shared_log.lead()
    log.append([NOOP])
    assert shared_log.records() == [b"before", *(b"frame%d" % number for number in range(count)), NOOP]
    assert [record for _, record in log.read_all()] == shared_log.records()


def test_nothing_is_sent_twice_after_a_lost_connection(shared_log, proxy):
    log = shared_log.lead(location=shared_log.location._replace(hosts=proxy.hosts))
    refused: list[str] = []
    log.append([b"a"])
    proxy.drop_replies()
    with thread(append_until_fatal, log, [], refused, 3):
        wait_for_records(shared_log, 4)
        proxy.break_connections()
    assert "was lost during a write" in refused[0]
    wait_until(log._ownership.connected.is_set, "a new connection")
    with pytest.raises(FatalLogError):
        log.append([b"again"])
    assert shared_log.records() == [b"a", b"0", b"1", b"2"]
    assert not shared_log.lost  # the session still exists: the append reported the loss


def test_a_connection_lost_after_the_last_response_of_a_write_is_reported(shared_log, proxy):
    """The write is durable, but no other can follow it, so the process must not continue to lead."""
    log = shared_log.lead(location=shared_log.location._replace(hosts=proxy.hosts))

    def records():
        yield b"a"
        wait_for_records(shared_log, 1)
        log._client.exists(shared_log.root)  # its response comes after that of the record
        proxy.break_connections()
        wait_until(lambda: not log._ownership.connected.is_set(), "the loss of the connection")

    assert log.append(records()) == 0
    assert "was lost during a write" in shared_log.lost[0]
    with pytest.raises(FatalLogError):
        log.append([b"b"])
    assert shared_log.records() == [b"a"]


def test_an_append_sends_nothing_after_its_connection_was_lost(shared_log, proxy):
    log = shared_log.lead(location=shared_log.location._replace(hosts=proxy.hosts))

    def records():
        yield b"a"
        wait_for_records(shared_log, 1)
        log._client.exists(shared_log.root)  # its response comes after that of the record
        proxy.break_connections()
        wait_until(lambda: proxy.accepted == 2 and log._ownership.connected.is_set(), "a new connection")
        yield b"late"

    with pytest.raises(FatalLogError, match="was lost during a write"):
        log.append(records())
    assert shared_log.records() == [b"a"]


def test_a_connection_lost_between_two_writes_does_no_harm(shared_log, proxy):
    log = shared_log.lead(location=shared_log.location._replace(hosts=proxy.hosts))
    log.append([b"a"])
    proxy.break_connections()
    wait_until(lambda: proxy.accepted == 2, "a new connection")
    assert log.append([b"b"]) == 1


@pytest.mark.parametrize("size", [0, 512 * 1024, 512 * 1024 + 16, 512 * 1024 + 17, MAX_RECORD])
def test_records_up_to_the_maximum_size_are_written_and_read(zookeeper, tmp_path, size):
    shared_log, record = (
        SharedLog(zookeeper.hosts, tmp_path, root="/" + "r" * (MAX_ROOT - 1 - size % 3)),
        os.urandom(size),
    )
    shared_log.initialize()
    with closing(shared_log.lead()) as log:
        log.append([record, record])
        assert [found for _, found in log.read_all()] == [record, record]
    shared_log.wipe()


def test_a_record_above_the_maximum_size_is_refused_before_it_is_sent(shared_log):
    log = shared_log.lead()
    with pytest.raises(LogError, match="lower -dlog_max_entry_size") as refused:
        log.append([bytes(MAX_RECORD + 1)])
    assert not isinstance(refused.value, FatalLogError)
    assert log.append([b"next"]) == 0


def test_jumps_of_the_clock_have_no_effect(shared_log, monkeypatch):
    log = shared_log.lead()
    jump = itertools.cycle([-1e9, 0.0, 1e9])
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + next(jump))
    for number in range(50):
        assert log.append([b"%d" % number]) == number
    assert [record for _, record in log.read_all()] == [b"%d" % number for number in range(50)]
    assert not shared_log.lost


def test_with_credentials_only_their_owner_can_read_the_nodes(log_with_credentials):
    shared_log = log_with_credentials
    shared_log.lead().append([b"a"])
    with zookeeper_client(shared_log.hosts) as stranger:
        for path in ("format", "epoch", "begin", "leader", "seg", f"seg/{0:010}", f"seg/{0:010}/{0:020}"):
            with pytest.raises(NoAuthError):
                stranger.get(f"{shared_log.root}/{path}")
    with pytest.raises(LogError, match="access denied"):
        SharedLog(shared_log.hosts, shared_log.folder, root=shared_log.root).open("stranger")


def test_an_append_that_the_acl_forbids_is_named_and_is_the_last(log_with_credentials):
    shared_log = log_with_credentials
    log = shared_log.lead()
    log.append([b"a"])
    with shared_log.client() as client:
        client.set_acls(f"{shared_log.root}/seg/{0:010}", READ_ACL_UNSAFE)
        with pytest.raises(FatalLogError, match="access denied"):
            log.append([b"b"])
        with pytest.raises(FatalLogError):
            log.append([b"c"])
    assert shared_log.records() == [b"a"]


def test_the_high_water_mark_follows_every_append(shared_log):
    log = shared_log.lead()
    log.append([b"a", b"b"])
    mark = shared_log.folder / "h1" / "high-water.json"
    assert json.loads(mark.read_text()) == {"log_id": log.log_id, "epoch": 1, "position": 1}
    assert mark.stat().st_mode & 0o777 == 0o600
    assert mark.parent.stat().st_mode & 0o777 == 0o700
