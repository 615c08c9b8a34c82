"""The log in ZooKeeper: truncation, segments, and how much it may hold (docs/replicated-log.md 2.6)."""

import json
import logging

import pytest

from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.storage.engine import LogBroken, LogError
from aurora_admin.scheduler.storage.log import Log
from tests.conftest import SAMPLED
from tests.support.waiting import wait_until
from tests.support.zookeeper_log import NOOP, child, never_told

SEGMENT = 1024


def numbers(count, start=0):
    return [b"%d" % number for number in range(start, start + count)]


def segments(logs):
    with logs.client() as client:
        return sorted(int(name) for name in client.get_children(f"{logs.root}/seg"))


def wait_for_first(logs, position):
    wait_until(lambda: logs.stored()[0][0] == position, f"position {position} to be the first one stored")


@pytest.mark.parametrize("begin", [1, 1023, 1024, 1025, 2047, 2048, 2999])
def test_forgotten_records_and_their_segments_are_deleted(logs, begin):
    log = logs.lead()
    log.append(numbers(3000))
    log.truncate_before(begin)
    assert [record for _, record in log.read_all()] == numbers(3000 - begin, begin)
    wait_for_first(logs, begin)
    wait_until(lambda: segments(logs) == list(range(begin // SEGMENT, 3)), "the empty segments to be gone")
    assert log.append([b"next"]) == 3000


def crash(logs, begin, deleted):
    """Leave what a leader leaves that is killed after it has moved the begin and deleted so many nodes."""
    nodes = []
    for position in range(begin):
        nodes.append(f"{logs.root}/seg/{position // SEGMENT:010}/{position:020}")
        if position % SEGMENT == SEGMENT - 1:
            nodes.append(f"{logs.root}/seg/{position // SEGMENT:010}")
    with logs.client() as client:
        client.set(f"{logs.root}/begin", b"%d" % begin)
        for node in nodes[:deleted]:
            client.delete(node)


@pytest.mark.parametrize("deleted", [0, 1, 600, 1023, 1024, 1025, 1026, 1100])
def test_4_what_a_crash_leaves_below_the_begin_is_no_state_and_the_next_leader_deletes_it(logs, deleted):
    first = logs.lead()
    first.append(numbers(1500))
    first.close()
    crash(logs, 1200, deleted)
    log = logs.lead("h2")
    assert [record for _, record in log.read_all()] == numbers(300, 1200)
    wait_for_first(logs, 1200)
    wait_until(lambda: segments(logs) == [1], "the empty segment to be gone")
    assert log.append([NOOP]) == 1500


def test_4_a_kill_while_records_are_deleted(logs):
    with child(logs) as leader:
        leader.ask("append", *range(4000))
        assert leader.ask("truncate", 3500) == "None"
        leader.kill()
    log = logs.lead()
    assert [record for _, record in log.read_all()] == numbers(500, 3500)
    wait_for_first(logs, 3500)


def test_4_a_kill_before_the_begin_is_moved_forgets_nothing(logs):
    """The snapshot is there, and so is all that came before it."""
    with child(logs) as leader:
        leader.ask("append", *range(20))
        leader.kill()
    assert [record for _, record in logs.lead().read_all()] == numbers(20)


def test_17_a_truncation_to_where_nothing_is_is_an_error_and_loses_nothing(logs):
    log = logs.lead()
    log.append(numbers(5))
    with pytest.raises(LogError, match="ends at position 4; it cannot be cut at 6"):
        log.truncate_before(6)
    assert [record for _, record in log.read_all()] == numbers(5)
    assert log.append([b"next"]) == 5


def test_17_a_truncation_twice_or_backwards_changes_nothing(logs):
    log = logs.lead()
    log.append(numbers(5))
    for position in (3, 3, 1, 0):
        log.truncate_before(position)
        assert [record for _, record in log.read_all()] == [b"3", b"4"]
    with logs.client() as client:
        assert client.get(f"{logs.root}/begin")[0] == b"3"


def test_17_positions_go_on_after_everything_was_truncated(logs):
    log = logs.lead()
    log.append(numbers(1025))
    log.truncate_before(1025)
    assert list(log.read_all()) == []
    wait_until(lambda: logs.stored() == [(1024, b"1024")], "all but the newest to be deleted")
    assert log.append([b"next"]) == 1025
    log.close()
    assert [record for _, record in logs.lead("h2").read_all()] == [b"next"]


def test_17_a_deposed_leader_truncates_nothing(logs):
    first = logs.lead("first")
    first.append(numbers(5))
    logs.lead("second")
    never_told(logs, first)
    with pytest.raises(LogBroken, match=r"Another scheduler has taken over the log .*: the truncation was refused"):
        first.truncate_before(3)
    with logs.client() as client:
        assert client.get(f"{logs.root}/begin")[0] == b"0"


def test_17_a_deposed_leader_deletes_nothing(logs):
    first = logs.lead("first")
    first.append(numbers(5))
    first._collector._version += 1  # what it deletes is held against the epoch: as if another one had come
    first.truncate_before(3)
    assert not first._collector._collected()
    assert logs.records() == numbers(5)


FULL = 100_000


def test_18_segments_hold_a_long_log(logs, request):
    count = FULL if request.config.getoption("--all") else 5_000
    request.node.user_properties.append((SAMPLED, (count, FULL)))
    log = logs.lead()
    log.append(numbers(count))
    log.close()
    found = [record for _, record in logs.lead("h2").read_all()]
    assert found == numbers(count)
    assert segments(logs) == list(range(-(-count // SEGMENT)))
    with logs.client() as client:
        assert all(len(client.get_children(f"{logs.root}/seg/{segment:010}")) <= SEGMENT for segment in segments(logs))


def test_more_than_the_hard_limit_is_not_led(logs):
    log = logs.lead()
    log.append([bytes(1000)] * 100)
    log.close()
    refused = logs.lead("h2", hard_limit=99_999)
    with pytest.raises(LogError, match=r"refusing to lead\. Raise -log_hard_limit"):
        list(refused.read_all())
    refused.close()
    assert len(list(logs.lead("h2", hard_limit=100_000).read_all())) == 100


def test_a_log_above_the_comfortable_size_is_told_of_once_each_time(logs, tmp_path, caplog):
    engine = logs.open()
    engine.comfortable_bytes = 1000
    log = Log(engine, str(tmp_path), 1 << 19)
    log.take_over()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            log._append([bytes(600)], 600)
    assert [text for text in caplog.messages if "keeps all of it in memory" in text] == [caplog.messages[-1]]
    assert log.statistics["scheduler_log_live_bytes"] == 1800


def test_live_bytes_are_those_that_the_next_leader_finds(logs, tmp_path):
    log = Log(logs.open(), str(tmp_path), 1 << 19)
    log.take_over()
    log.replay(Stores(str(tmp_path)))
    before = sum(len(record) for record in logs.records())
    assert log.statistics["scheduler_log_live_bytes"] == before > 0


def test_the_mark_says_what_was_written_last_after_a_truncation(logs):
    log = logs.lead()
    log.append(numbers(5))
    log.truncate_before(3)
    assert json.loads((logs.folder / "h1" / "high-water.json").read_text())["position"] == 4
