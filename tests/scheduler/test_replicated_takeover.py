"""The log in ZooKeeper has one writer, and a deposed leader writes nothing more (docs/replicated-log.md 2.6)."""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from aurora_admin.scheduler.storage.engine import FatalLogError, LogError
from aurora_admin.scheduler.storage.zookeeper import admin
from tests.support.processes import pause, resume
from tests.support.waiting import DEADLINE_SECONDS, wait_until
from tests.support.zookeeper_log import NOOP, SharedLog, expire_session, ignore_loss, leader_process, thread


def test_the_leader_node_exists_while_a_process_holds_the_log(shared_log):
    log = shared_log.lead("first.example")
    with shared_log.client() as client:
        assert client.get(f"{shared_log.root}/leader")[0] == b"first.example"
        shared_log.lead("second.example")
        assert client.get(f"{shared_log.root}/leader")[0] == b"second.example"
        log.close()
        assert client.get(f"{shared_log.root}/leader")[0] == b"second.example"
        shared_log.close()
        assert not client.exists(f"{shared_log.root}/leader")


def test_a_process_cannot_write_before_it_has_taken_the_log_over(shared_log):
    log = shared_log.open()
    with pytest.raises(FatalLogError):
        log.append([b"a"])
    assert shared_log.records() == []


def records_with(take_over, offset):
    """Yield numbered records without end, and run a takeover at the same time from the offset on."""
    yield from (b"%d" % number for number in range(offset))
    with thread(take_over) as running:
        yield from (b"%d" % number for number in range(offset, offset + 400))
        running.join(DEADLINE_SECONDS)
    yield from (b"%d" % number for number in itertools.count(offset + 400))


def take_over_at(shared_log, offset):
    old, new = shared_log.lead("old"), shared_log.open("new")

    def take_over():
        new.fence()
        new.append([NOOP])

    with pytest.raises(FatalLogError):
        old.append(records_with(take_over, offset))
    wait_until(lambda: NOOP in shared_log.records(), "the new leader's no-op")
    after = shared_log.records()
    accepted = after.index(NOOP)
    assert after == [*(b"%d" % number for number in range(accepted)), NOOP]
    with pytest.raises(FatalLogError):
        old.append([b"late"])
    assert shared_log.records() == after


def test_a_takeover_during_pipelined_appends_leaves_no_gap_and_fences_the_old_leader(zookeeper, tmp_path, sweep):
    for offset in sweep(range(200), 10):
        with closing(SharedLog(zookeeper.hosts, tmp_path / str(offset))) as shared_log:
            shared_log.initialize()
            take_over_at(shared_log, offset)


def test_a_leader_that_is_deposed_during_an_append_gets_the_reason(shared_log):
    old, new = shared_log.lead("old"), shared_log.open("new")

    def records():
        yield from (b"a", b"b")
        new.fence()
        yield b"late"

    with pytest.raises(FatalLogError, match="Another scheduler has taken over the log"):
        old.append(records())
    assert b"late" not in shared_log.records()


def test_a_deposed_leader_that_has_not_noticed_is_refused_by_the_servers(shared_log):
    old = shared_log.lead("old")
    old.append([b"a"])
    new = shared_log.lead("new")
    ignore_loss(shared_log, old)
    with pytest.raises(FatalLogError, match=r"Another scheduler has taken over the log .*: the append was refused"):
        old.append([b"late", b"later"])
    assert new.append([NOOP]) == 1
    assert shared_log.records() == [b"a", NOOP]


def test_a_leader_that_was_paused_past_its_session_writes_nothing(shared_log):
    with leader_process(shared_log, session_seconds=6) as paused, shared_log.client() as client:
        assert paused.request("append", "a") == "0"
        pause(paused.process)
        wait_until(lambda: not client.exists(f"{shared_log.root}/leader"), "the end of its session")
        new = shared_log.lead()
        new.append([NOOP])
        resume(paused.process)
        error = paused.request("append", "late")
        # It may notice the takeover, the end of its session or the loss of its connection first.
        assert re.match(r"Another scheduler has taken over|The (session|connection) .*ZooKeeper", error)
        assert paused.request("append", "later") == error
    assert shared_log.records() == [b"a", NOOP]


def test_after_the_end_of_the_session_nothing_can_be_written(shared_log):
    log = shared_log.lead()
    expire_session(log._client, shared_log.hosts)
    wait_until(lambda: shared_log.lost, "the loss to be reported")
    assert "session with ZooKeeper" in shared_log.lost[0]
    with pytest.raises(FatalLogError, match="session with ZooKeeper"):
        log.append([b"late"])
    assert shared_log.records() == []


def test_a_takeover_fails_if_its_session_ends_before_it_is_complete(shared_log):
    """R/leader, which shows that the process holds the log, is deleted with the session."""
    log = shared_log.open()
    save = log._high_water.save

    def interrupted(mark):
        save(mark)
        expire_session(log._client, shared_log.hosts)

    log._high_water.save = interrupted
    with pytest.raises(FatalLogError, match="The session that took over the log"):
        log.fence()


def test_a_deposed_leader_notices_the_takeover_without_writing(shared_log):
    first = shared_log.lead("first")
    with shared_log.client() as client:
        client.delete(f"{shared_log.root}/leader")
    second = shared_log.lead("second")
    wait_until(lambda: shared_log.lost, "the loss to be reported")
    assert len(shared_log.lost) == 1
    second.append([b"mine"])
    with pytest.raises(FatalLogError, match="Another scheduler has taken over"):
        first.append([b"late"])
    assert shared_log.records() == [b"mine"]


def test_of_several_takeovers_at_once_one_succeeds(shared_log):
    hosts = [shared_log.open(f"h{number}") for number in range(4)]

    def take_over(log):
        with suppress(LogError):
            log.fence()

    with ThreadPoolExecutor() as pool:
        list(pool.map(take_over, hosts))
    for log in hosts:
        with suppress(FatalLogError):
            log.append([b"mine"])
    assert shared_log.records() == [b"mine"]


def test_a_takeover_fails_if_another_one_was_faster(shared_log):
    slow, fast = shared_log.open("slow"), shared_log.open("fast")
    check = slow._high_water.check_end

    def overtaken(*seen, **settings):
        check(*seen, **settings)
        fast.fence()

    slow._high_water.check_end = overtaken
    with pytest.raises(LogError, match=r"Another scheduler took over the log .* at the same moment"):
        slow.fence()
    assert fast.append([b"mine"]) == 0


def test_a_wipe_fails_if_the_log_is_taken_over_meanwhile(shared_log, monkeypatch):
    log = shared_log.open()
    check_not_held = admin.check_not_held

    def taken_over(nodes):
        check_not_held(nodes)
        log.fence()

    monkeypatch.setattr(admin, "check_not_held", taken_over)
    with pytest.raises(LogError, match="cannot be changed: another client changed it at the same time"):
        shared_log.wipe()
    assert log.append([b"mine"]) == 0


def test_a_read_fails_if_another_process_takes_over_meanwhile(shared_log):
    log = shared_log.lead("first")
    log.append([b"a", b"b"])
    reading = log.read_all()
    next(reading)
    shared_log.lead("second")
    with pytest.raises(FatalLogError, match="Another scheduler has taken over"):
        list(reading)
