"""Counters and timings with a clock that is set by hand."""

import pytest

from aurora_admin.scheduler.election.connection_states import ConnectionStates
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.snapshot.sections import DB_SCRIPT, TASKS, TIMESTAMP

READ = "scheduler_log_native_read"
SECOND = 10**9


class ManualClock:
    now = 5 * SECOND

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def statistics(clock):
    return Statistics(clock)


def timing(statistics, name):
    found = statistics.variables()
    return [found[f"{name}_{part}"] for part in ("events", "nanos_total", "nanos_per_event")]


def test_a_timing_has_events_their_nanoseconds_and_the_mean(statistics, clock):
    assert timing(statistics, READ) == [0, 0, 0]
    for nanos in (10, 30):
        with statistics.timed(READ):
            clock.now += nanos
    assert timing(statistics, READ) == [2, 40, 20]


def test_a_block_that_raises_is_timed_too(statistics, clock):
    def fail():
        clock.now += 7
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"), statistics.timed(READ):
        fail()
    assert timing(statistics, READ) == [1, 7, 7]


def test_the_mean_is_of_the_last_minute_and_the_total_of_all_time(statistics, clock):
    statistics.took(READ, 1000)
    clock.now += 59 * SECOND
    statistics.took(READ, 10)
    assert timing(statistics, READ) == [2, 1010, 505]
    clock.now += 2 * SECOND
    assert timing(statistics, READ) == [2, 1010, 10]
    clock.now += 59 * SECOND
    assert timing(statistics, READ) == [2, 1010, 0]


def test_events_may_be_timed_together_and_one_in_parts(statistics):
    statistics.took(READ, 100, 10)
    assert timing(statistics, READ) == [10, 100, 10]
    with statistics.restoring(TASKS), statistics.restoring(TASKS, events=0):
        pass
    assert timing(statistics, "snapshot_restore_tasks")[0] == 1


def test_only_fields_with_a_name_are_timed(statistics):
    before = statistics.variables()
    for number in (TIMESTAMP, 99):
        with statistics.saving(number), statistics.restoring(number):
            pass
    with statistics.saving(DB_SCRIPT):
        pass
    assert statistics.variables() == before


def test_an_unknown_name_cannot_be_timed_or_changed(statistics):
    with pytest.raises(KeyError), statistics.timed("scheduler_log_native_raed"):
        pass
    with pytest.raises(KeyError):
        statistics["scheduler_log_entries_raed"] += 1


def test_the_uptime_is_in_whole_seconds(statistics, clock):
    clock.now += 2 * SECOND - 1
    assert statistics.variables()["jvm_uptime_secs"] == 1


def test_a_session_is_in_one_state_at_a_time(statistics):
    states = ConnectionStates(statistics)
    for state in ("CONNECTED", "SUSPENDED", "CONNECTED", "SUSPENDED", "LOST", "CONNECTED"):
        states(state)
    gauges = {name: value for name, value in statistics.items() if name.startswith("zk_") and value}
    assert gauges == {
        "zk_connection_state_RECONNECTED": 1,
        "zk_connection_state_CONNECTED_counter": 1,
        "zk_connection_state_SUSPENDED_counter": 2,
        "zk_connection_state_RECONNECTED_counter": 2,
        "zk_connection_state_LOST_counter": 1,
    }
