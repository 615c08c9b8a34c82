"""The log in ZooKeeper: what stays of what was written (docs/replicated-log.md 2.6)."""

import itertools
import json
import os
import time
from contextlib import closing

import pytest
from kazoo.exceptions import NoAuthError
from kazoo.security import READ_ACL_UNSAFE

from aurora_admin.scheduler.storage.engine import LogBroken, LogError
from aurora_admin.scheduler.storage.zookeeper.layout import MAX_RECORD, MAX_ROOT
from tests.support.waiting import wait_until
from tests.support.zookeeper import zookeeper_client
from tests.support.zookeeper_log import NOOP, Logs, Silencer, append_for_ever, child, thread, wait_for_records


@pytest.fixture
def secret(zookeeper, tmp_path):
    """A log of somebody who has credentials."""
    with closing(Logs(zookeeper.hosts, tmp_path, credentials="aurora:secret")) as one:
        one.initialize()
        yield one


@pytest.fixture
def silencer(zookeeper):
    one = Silencer(zookeeper.servers[0].port)
    yield one
    one.close()


def test_positions_ascend_without_gaps(logs):
    log = logs.lead()
    assert log.append([b"a", b"b"]) == 0
    assert log.append([b"c"]) == 2
    log.truncate_before(2)
    assert list(log.read_all()) == [(2, b"c")]
    assert log.append([b"d"]) == 3


def test_another_host_finds_what_was_written(logs):
    first = logs.lead()
    first.append([b"a", b"b"])
    first.close()
    second = logs.lead("h2")
    assert list(second.read_all()) == [(0, b"a"), (1, b"b")]
    assert second.append([b"c"]) == 2


@pytest.mark.parametrize("count", range(7))
def test_3_a_kill_in_the_middle_of_a_group_leaves_its_first_records(logs, count):
    """What the reader makes of a fragment: test_13_fragments_are_left_out_and_told."""
    with child(logs) as leader:
        assert leader.ask("append", "before") == "0"
        leader.tell("hang", count)
        wait_for_records(logs, 1 + count)
        leader.kill()
    log = logs.lead()
    log.append([NOOP])
    assert logs.records() == [b"before", *(b"frame%d" % number for number in range(count)), NOOP]
    assert [record for _, record in log.read_all()] == logs.records()


def test_6_nothing_is_sent_again_after_a_lost_connection(logs, silencer):
    log = logs.lead(place=logs.place._replace(hosts=silencer.hosts))
    refused: list[str] = []
    log.append([b"a"])
    silencer.silence()
    with thread(append_for_ever, log, [], refused, 3):
        wait_for_records(logs, 4)
        silencer.cut()
    assert "was lost during a write" in refused[0]
    wait_until(log._hold.connected.is_set, "the connection back")
    with pytest.raises(LogBroken):
        log.append([b"again"])
    assert logs.records() == [b"a", b"0", b"1", b"2"]
    assert not logs.lost  # the session lives on: it is the write that broke the log


def test_6_a_connection_that_is_lost_behind_the_last_answer_of_a_write_is_told(logs, silencer):
    """What was answered stands; but nothing can follow it, and nobody may go on leading with that."""
    log = logs.lead(place=logs.place._replace(hosts=silencer.hosts))

    def records():
        yield b"a"
        wait_for_records(logs, 1)
        log._client.exists(logs.root)  # answers come in the order of their questions
        silencer.cut()
        wait_until(lambda: not log._hold.connected.is_set(), "the loss of the connection")

    assert log.append(records()) == 0
    assert "was lost during a write" in logs.lost[0]
    with pytest.raises(LogBroken):
        log.append([b"b"])
    assert logs.records() == [b"a"]


def test_6_a_connection_that_comes_back_between_two_writes_does_no_harm(logs, silencer):
    log = logs.lead(place=logs.place._replace(hosts=silencer.hosts))
    log.append([b"a"])
    silencer.cut()
    wait_until(lambda: silencer.accepted == 2, "the connection back")
    assert log.append([b"b"]) == 1


@pytest.mark.parametrize("size", [0, 512 * 1024, 512 * 1024 + 16, 512 * 1024 + 17, MAX_RECORD])
def test_9_records_up_to_the_limit_are_written_and_read(zookeeper, tmp_path, size):
    logs, record = Logs(zookeeper.hosts, tmp_path, root="/" + "r" * (MAX_ROOT - 1 - size % 3)), os.urandom(size)
    logs.initialize()
    with closing(logs.lead()) as log:
        log.append([record, record])
        assert [found for _, found in log.read_all()] == [record, record]
    logs.wipe()


def test_9_a_record_above_the_limit_is_refused_before_it_is_sent(logs):
    log = logs.lead()
    with pytest.raises(LogError, match="lower -dlog_max_entry_size") as refused:
        log.append([bytes(MAX_RECORD + 1)])
    assert not isinstance(refused.value, LogBroken)
    assert log.append([b"next"]) == 0


def test_22_the_clock_may_jump(logs, monkeypatch):
    log = logs.lead()
    hour = itertools.cycle([-1e9, 0.0, 1e9])
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + next(hour))
    for number in range(50):
        assert log.append([b"%d" % number]) == number
    assert [record for _, record in log.read_all()] == [b"%d" % number for number in range(50)]
    assert not logs.lost


def test_the_nodes_are_their_writers_alone_where_it_has_credentials(secret):
    logs = secret
    logs.lead().append([b"a"])
    with zookeeper_client(logs.hosts) as stranger:
        for path in ("format", "epoch", "begin", "leader", "seg", f"seg/{0:010}", f"seg/{0:010}/{0:020}"):
            with pytest.raises(NoAuthError):
                stranger.get(f"{logs.root}/{path}")
    with pytest.raises(LogError, match="access denied"):
        Logs(logs.hosts, logs.folder, root=logs.root).open("stranger")


def test_14_an_append_that_acl_forbids_is_told_and_is_the_last(secret):
    logs = secret
    log = logs.lead()
    log.append([b"a"])
    with logs.client() as client:
        client.set_acls(f"{logs.root}/seg/{0:010}", READ_ACL_UNSAFE)
        with pytest.raises(LogBroken, match="access denied"):
            log.append([b"b"])
        with pytest.raises(LogBroken):
            log.append([b"c"])
    assert logs.records() == [b"a"]


def test_the_high_water_mark_follows_every_append(logs):
    log = logs.lead()
    log.append([b"a", b"b"])
    mark = logs.folder / "h1" / "high-water.json"
    assert json.loads(mark.read_text()) == {"log_id": log.log_id, "epoch": 1, "position": 1}
    assert mark.stat().st_mode & 0o777 == 0o600
    assert mark.parent.stat().st_mode & 0o777 == 0o700
