"""The log in ZooKeeper: truncation, segments, and how much it may hold (docs/replicated-log.md 2.6)."""

import json
import logging

import pytest

from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.storage.engine import FatalLogError, LogError, LogFull
from aurora_admin.scheduler.storage.log import Log
from tests.conftest import SAMPLED
from tests.support.waiting import wait_until
from tests.support.zookeeper_log import NOOP, ignore_loss, leader_process

SEGMENT = 1024


def numbers(count, start=0):
    return [b"%d" % number for number in range(start, start + count)]


def segments(shared_log):
    with shared_log.client() as client:
        return sorted(int(name) for name in client.get_children(f"{shared_log.root}/seg"))


def wait_for_first(shared_log, position):
    wait_until(lambda: shared_log.stored()[0][0] == position, f"position {position} to be the first one stored")


@pytest.mark.parametrize("begin", [1, 1023, 1024, 1025, 2047, 2048, 2999])
def test_truncated_records_and_their_segments_are_deleted(shared_log, begin):
    log = shared_log.lead()
    log.append(numbers(3000))
    log.truncate_before(begin)
    assert [record for _, record in log.read_all()] == numbers(3000 - begin, begin)
    wait_for_first(shared_log, begin)
    wait_until(lambda: segments(shared_log) == list(range(begin // SEGMENT, 3)), "the empty segments to be deleted")
    assert log.append([b"next"]) == 3000


def leave_truncated_records(shared_log, begin, deleted):
    """Move R/begin and delete this many nodes, as a leader does that is killed then."""
    nodes = []
    for position in range(begin):
        nodes.append(f"{shared_log.root}/seg/{position // SEGMENT:010}/{position:020}")
        if position % SEGMENT == SEGMENT - 1:
            nodes.append(f"{shared_log.root}/seg/{position // SEGMENT:010}")
    with shared_log.client() as client:
        client.set(f"{shared_log.root}/begin", b"%d" % begin)
        for node in nodes[:deleted]:
            client.delete(node)


@pytest.mark.parametrize("deleted", [0, 1, 600, 1023, 1024, 1025, 1026, 1100])
def test_truncated_records_left_by_a_crash_are_ignored_and_deleted(shared_log, deleted):
    first = shared_log.lead()
    first.append(numbers(1500))
    first.close()
    leave_truncated_records(shared_log, 1200, deleted)
    log = shared_log.lead("h2")
    assert [record for _, record in log.read_all()] == numbers(300, 1200)
    wait_for_first(shared_log, 1200)
    wait_until(lambda: segments(shared_log) == [1], "the empty segment to be deleted")
    assert log.append([NOOP]) == 1500


def test_after_a_kill_during_the_deletion_the_next_leader_completes_it(shared_log):
    with leader_process(shared_log) as leader:
        leader.request("append", *range(4000))
        assert leader.request("truncate", 3500) == "None"
        leader.kill()
    log = shared_log.lead()
    assert [record for _, record in log.read_all()] == numbers(500, 3500)
    wait_for_first(shared_log, 3500)


def test_after_a_kill_before_the_truncation_all_records_are_there(shared_log):
    with leader_process(shared_log) as leader:
        leader.request("append", *range(20))
        leader.kill()
    assert [record for _, record in shared_log.lead().read_all()] == numbers(20)


def test_a_truncation_after_the_end_is_an_error_and_changes_nothing(shared_log):
    log = shared_log.lead()
    log.append(numbers(5))
    with pytest.raises(LogError, match="ends at position 4; it cannot be truncated before 6"):
        log.truncate_before(6)
    assert [record for _, record in log.read_all()] == numbers(5)
    assert log.append([b"next"]) == 5


def test_a_repeated_or_earlier_truncation_changes_nothing(shared_log):
    log = shared_log.lead()
    log.append(numbers(5))
    for position in (3, 3, 1, 0):
        log.truncate_before(position)
        assert [record for _, record in log.read_all()] == [b"3", b"4"]
    with shared_log.client() as client:
        assert client.get(f"{shared_log.root}/begin")[0] == b"3"


def test_positions_continue_after_all_records_were_truncated(shared_log):
    log = shared_log.lead()
    log.append(numbers(1025))
    log.truncate_before(1025)
    assert list(log.read_all()) == []
    wait_until(lambda: shared_log.stored() == [(1024, b"1024")], "all but the newest to be deleted")
    assert log.append([b"next"]) == 1025
    log.close()
    assert [record for _, record in shared_log.lead("h2").read_all()] == [b"next"]


def test_a_deposed_leader_truncates_nothing(shared_log):
    first = shared_log.lead("first")
    first.append(numbers(5))
    shared_log.lead("second")
    ignore_loss(shared_log, first)
    with pytest.raises(FatalLogError, match=r"Another scheduler has taken over the log .*: the truncation was refused"):
        first.truncate_before(3)
    with shared_log.client() as client:
        assert client.get(f"{shared_log.root}/begin")[0] == b"0"


def test_a_deposed_leader_deletes_nothing(shared_log):
    first = shared_log.lead("first")
    first.append(numbers(5))
    first._collector._epoch_version += 1  # R/epoch has another version now, as after a takeover
    first.truncate_before(3)
    assert not first._collector._collect_now()
    assert shared_log.records() == numbers(5)


FULL = 100_000


def test_a_long_log_is_split_into_segments(shared_log, request):
    count = FULL if request.config.getoption("--all") else 5_000
    request.node.user_properties.append((SAMPLED, (count, FULL)))
    log = shared_log.lead()
    log.append(numbers(count))
    log.close()
    found = [record for _, record in shared_log.lead("h2").read_all()]
    assert found == numbers(count)
    assert segments(shared_log) == list(range(-(-count // SEGMENT)))
    with shared_log.client() as client:
        assert all(
            len(client.get_children(f"{shared_log.root}/seg/{segment:010}")) <= SEGMENT
            for segment in segments(shared_log)
        )


def test_a_log_above_the_hard_limit_is_refused(shared_log):
    log = shared_log.lead()
    log.append([bytes(1000)] * 100)
    log.close()
    refused = shared_log.lead("h2", hard_limit=99_999)
    with pytest.raises(LogError, match=r"refusing to lead\. Raise -log_hard_limit"):
        list(refused.read_all())
    refused.close()
    assert len(list(shared_log.lead("h2", hard_limit=100_000).read_all())) == 100


def test_an_entry_above_the_hard_limit_is_refused_before_it_is_written(shared_log):
    log = shared_log.lead(hard_limit=1000)
    log.check_space(1000)
    with pytest.raises(LogFull, match=r"1001 bytes is larger than the 1000 .* nothing was written\. Raise -log_hard"):
        log.check_space(1001)


def test_a_large_log_is_warned_about_once(shared_log, tmp_path, caplog):
    engine = shared_log.open()
    engine.warn_above_bytes = 1000
    log = Log(engine, str(tmp_path), 1 << 19)
    log.take_over()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            log._append([bytes(600)], 600)
    assert [text for text in caplog.messages if "keeps all of it in memory" in text] == [caplog.messages[-1]]
    assert log.statistics["scheduler_log_live_bytes"] == 1800


def test_a_new_leader_counts_the_live_bytes(shared_log, tmp_path):
    log = Log(shared_log.open(), str(tmp_path), 1 << 19)
    log.take_over()
    log.replay(Stores(str(tmp_path)))
    before = sum(len(record) for record in shared_log.records())
    assert log.statistics["scheduler_log_live_bytes"] == before > 0


def test_a_truncation_does_not_lower_the_high_water_mark(shared_log):
    log = shared_log.lead()
    log.append(numbers(5))
    log.truncate_before(3)
    assert json.loads((shared_log.folder / "h1" / "high-water.json").read_text())["position"] == 4
