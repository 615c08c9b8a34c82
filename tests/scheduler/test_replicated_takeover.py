"""Who may write the log in ZooKeeper: one, and a deposed one nothing more (docs/replicated-log.md 2.6)."""

import itertools
import re
from contextlib import closing, suppress

import pytest

from aurora_admin.scheduler.storage.engine import LogBroken, LogError
from aurora_admin.scheduler.storage.zookeeper import admin
from tests.support.processes import pause, resume
from tests.support.waiting import DEADLINE_SECONDS, wait_until
from tests.support.zookeeper_log import NOOP, Logs, child, end_session, never_told, thread


def test_the_leader_is_shown_for_as_long_as_it_holds_the_log(logs):
    log = logs.lead("first.example")
    with logs.client() as client:
        assert client.get(f"{logs.root}/leader")[0] == b"first.example"
        logs.lead("second.example")
        assert client.get(f"{logs.root}/leader")[0] == b"second.example"
        log.close()
        assert client.get(f"{logs.root}/leader")[0] == b"second.example"
        logs.close()
        assert not client.exists(f"{logs.root}/leader")


def test_a_process_that_did_not_take_the_log_over_writes_nothing(logs):
    log = logs.open()
    with pytest.raises(LogBroken):
        log.append([b"a"])
    assert logs.records() == []


def records_with(take_over, offset):
    """Number records without end; from the offset on a takeover runs beside them."""
    yield from (b"%d" % number for number in range(offset))
    with thread(take_over) as running:
        yield from (b"%d" % number for number in range(offset, offset + 400))
        running.join(DEADLINE_SECONDS)
    yield from (b"%d" % number for number in itertools.count(offset + 400))


def take_over_at(logs, offset):
    old, new = logs.lead("old"), logs.open("new")

    def take_over():
        new.fence()
        new.append([NOOP])

    with pytest.raises(LogBroken):
        old.append(records_with(take_over, offset))
    wait_until(lambda: NOOP in logs.records(), "the new leader's no-op")
    after = logs.records()
    accepted = after.index(NOOP)
    assert after == [*(b"%d" % number for number in range(accepted)), NOOP]
    with pytest.raises(LogBroken):
        old.append([b"late"])
    assert logs.records() == after


def test_1_a_takeover_at_any_offset_of_a_pipeline_leaves_a_row_and_shuts_the_old_leader_out(zookeeper, tmp_path, sweep):
    for offset in sweep(range(200), 10):
        with closing(Logs(zookeeper.hosts, tmp_path / str(offset))) as logs:
            logs.initialize()
            take_over_at(logs, offset)


def test_1_a_deposed_leader_is_refused_in_the_middle_of_its_pipeline_by_name(logs):
    old, new = logs.lead("old"), logs.open("new")

    def records():
        yield from (b"a", b"b")
        new.fence()
        yield b"late"

    with pytest.raises(LogBroken, match="Another scheduler has taken over the log"):
        old.append(records())
    assert b"late" not in logs.records()


def test_1_a_deposed_leader_that_was_not_told_is_refused_by_the_servers(logs):
    old = logs.lead("old")
    old.append([b"a"])
    new = logs.lead("new")
    never_told(logs, old)
    with pytest.raises(LogBroken, match=r"Another scheduler has taken over the log .*: the append was refused"):
        old.append([b"late", b"later"])
    assert new.append([NOOP]) == 1
    assert logs.records() == [b"a", NOOP]


def test_2_a_leader_that_slept_past_its_session_writes_nothing(logs):
    with child(logs, session_seconds=6) as sleeper, logs.client() as client:
        assert sleeper.ask("append", "a") == "0"
        pause(sleeper.process)
        wait_until(lambda: not client.exists(f"{logs.root}/leader"), "the end of its session")
        new = logs.lead()
        new.append([NOOP])
        resume(sleeper.process)
        answer = sleeper.ask("append", "late")
        # Which news reaches it first is chance: the takeover, the end of its session, or of its connection.
        assert re.match(r"Another scheduler has taken over|The (session|connection) .*ZooKeeper", answer)
        assert sleeper.ask("append", "later") == answer
    assert logs.records() == [b"a", NOOP]


def test_7_the_end_of_the_session_is_the_end_of_the_log(logs):
    log = logs.lead()
    end_session(log._client, logs.hosts)
    wait_until(lambda: logs.lost, "the loss told")
    assert "session with ZooKeeper" in logs.lost[0]
    with pytest.raises(LogBroken, match="session with ZooKeeper"):
        log.append([b"late"])
    assert logs.records() == []


def test_7_a_takeover_whose_session_ends_before_it_is_over_is_none(logs):
    """What showed that it holds the log is gone with the session."""
    log = logs.open()
    save = log._high_water.save

    def interrupted(mark):
        save(mark)
        end_session(log._client, logs.hosts)

    log._high_water.save = interrupted
    with pytest.raises(LogBroken, match="The session that took over the log"):
        log.fence()


def test_8_of_two_that_believe_to_lead_one_is_told_otherwise_without_writing(logs):
    first = logs.lead("first")
    with logs.client() as client:
        client.delete(f"{logs.root}/leader")
    second = logs.lead("second")
    wait_until(lambda: logs.lost, "the loss told")
    assert len(logs.lost) == 1
    second.append([b"mine"])
    with pytest.raises(LogBroken, match="Another scheduler has taken over"):
        first.append([b"late"])
    assert logs.records() == [b"mine"]


def test_8_two_takeovers_at_once_leave_one_writer(logs):
    ones = [logs.open(f"h{number}") for number in range(4)]
    failed = []

    def take_over(one):
        try:
            one.fence()
        except LogError as error:
            failed.append(error)

    with thread(take_over, ones[0]), thread(take_over, ones[1]), thread(take_over, ones[2]), thread(take_over, ones[3]):
        pass
    for one in ones:
        with suppress(LogBroken):
            one.append([b"mine"])
    assert logs.records() == [b"mine"]


def test_8_a_takeover_that_another_one_overtakes_is_refused(logs):
    slow, quick = logs.open("slow"), logs.open("quick")
    check = slow._high_water.check_end

    def overtaken(*seen, **settings):
        check(*seen, **settings)
        quick.fence()

    slow._high_water.check_end = overtaken
    with pytest.raises(LogError, match=r"Another scheduler took over the log .* at the same moment"):
        slow.fence()
    assert quick.append([b"mine"]) == 0


def test_8_a_log_that_is_taken_over_while_it_is_wiped_stays(logs, monkeypatch):
    log = logs.open()
    refuse_held = admin.refuse_held

    def taken_over(contents):
        refuse_held(contents)
        log.fence()

    monkeypatch.setattr(admin, "refuse_held", taken_over)
    with pytest.raises(LogError, match="cannot be changed: somebody else has changed it meanwhile"):
        logs.wipe()
    assert log.append([b"mine"]) == 0


def test_16_what_was_read_while_another_took_over_is_not_used(logs):
    log = logs.lead("first")
    log.append([b"a", b"b"])
    reading = log.read_all()
    next(reading)
    logs.lead("second")
    with pytest.raises(LogBroken, match="Another scheduler has taken over"):
        list(reading)
