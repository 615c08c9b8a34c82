"""The statistics of schedulers on ZooKeeper: their session, and the log there (docs/api.md 5.5)."""

from contextlib import closing

import pytest

from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.engine import FatalLogError, LogError
from aurora_admin.scheduler.storage.measured import MeasuredEngine
from tests.support.elected_schedulers import Elected
from tests.support.jobs import job
from tests.support.statistics import events, variables
from tests.support.thrift_calls import OK, call, code_and_text
from tests.support.waiting import wait_until
from tests.support.zookeeper import running, zookeeper_client
from tests.support.zookeeper_log import SharedLog, shorten_timeouts

STATES = ("CONNECTED", "SUSPENDED", "RECONNECTED", "LOST")


@pytest.fixture
def own(tmp_path):
    """A ZooKeeper server of the test's own."""
    with running(tmp_path / "zookeeper") as one:
        yield one


@pytest.fixture
def elected(tmp_path, own):
    with zookeeper_client(own.hosts) as client:
        one = Elected(tmp_path, own.hosts, client, session_seconds=60)
        yield one
        one.close()


@pytest.fixture
def shared_log(tmp_path, own):
    with closing(SharedLog(own.hosts, tmp_path)) as one:
        one.initialize()
        yield one


def session(one) -> tuple[list[str], dict[str, float]]:
    """Return the states that the session is in, and how often it came to be in each."""
    found = variables(one)
    assert {name for name in found if name.startswith("zk_")} == {
        f"zk_connection_state_{state}{part}" for state in STATES for part in ("", "_counter")
    }
    counts = {state: found[f"zk_connection_state_{state}_counter"] for state in STATES}
    return [state for state in STATES if found[f"zk_connection_state_{state}"]], counts


def test_the_state_of_the_election_session_is_shown(own, elected):
    elected.session_seconds = 20  # a third of it is left when kazoo gives a silent server up
    leader = elected.lead()
    assert session(leader) == (["CONNECTED"], {"CONNECTED": 1, "SUSPENDED": 0, "RECONNECTED": 0, "LOST": 0})
    own.servers[0].pause()
    wait_until(lambda: session(leader)[0] == ["SUSPENDED"], "the loss of the connection")
    own.servers[0].resume()
    wait_until(lambda: session(leader)[0] == ["RECONNECTED"], "the connection again")
    assert session(leader)[1] == {"CONNECTED": 1, "SUSPENDED": 1, "RECONNECTED": 1, "LOST": 0}


def test_a_standby_has_opened_its_log_and_shows_no_tasks(elected):
    elected.lead()
    standby = elected.stand_by()
    found = variables(standby)
    assert events(found, "scheduler_storage_prepare", "scheduler_storage_start", "scheduler_log_native_read") == [
        1,
        0,
        0,
    ]
    assert not [name for name in found if name.startswith("task_store_") and "index" not in name]


def test_the_log_in_zookeeper_is_timed_by_the_same_names(elected):
    with closing(SharedLog(elected.hosts, elected.folder)) as shared_log:
        shared_log.initialize()
        leader = elected.lead(f"-native_log_zk_group_path={shared_log.root}")
        before = variables(leader)["scheduler_log_native_append_events"]
        assert code_and_text(call(leader.url, "createJob", description=job(instances=2))) == OK
        assert code_and_text(call(leader.url, "snapshot")) == OK
        found = variables(leader)
        names = [f"scheduler_log_native_{what}" for what in ("read", "append", "truncate", "truncate_before")]
        assert events(found, *names) == [1, before + 2, 1, 1]
        assert found["task_store_PENDING"] == 2
        assert not [name for name in found if name.endswith(("_timeouts", "_failures")) and found[name]]


def test_an_append_without_a_response_is_a_time_out_and_a_refused_one_a_failure(own, shared_log):
    statistics = Statistics()
    inner = shared_log.lead()
    log = MeasuredEngine(inner, statistics)
    log.append([b"a"])
    own.servers[0].pause()
    shorten_timeouts(inner)
    with pytest.raises(FatalLogError, match="no response in time"):
        log.append([b"b"])
    own.servers[0].resume()
    assert bad(statistics, "append") == (1, 0)
    with pytest.raises(FatalLogError):
        log.append([b"c"])
    assert bad(statistics, "append") == (1, 1)
    with pytest.raises(FatalLogError):
        log.truncate_before(1)
    assert bad(statistics, "truncate") == (0, 1)
    found = statistics.variables()
    assert events(found, *(f"scheduler_log_native_{what}" for what in ("append", "truncate"))) == [3, 1]


def test_a_read_without_a_response_is_a_time_out(own, shared_log):
    statistics = Statistics()
    inner = shared_log.lead()
    log = MeasuredEngine(inner, statistics)
    log.append([b"a", b"b"])
    assert len(list(log.read_all())) == 2
    own.servers[0].pause()
    shorten_timeouts(inner)
    with pytest.raises(LogError, match="no response in time"):
        list(log.read_all())
    own.servers[0].resume()
    assert bad(statistics, "read") == (1, 0)
    assert events(statistics.variables(), "scheduler_log_native_read") == [2]


def bad(statistics, what) -> tuple[int, int]:
    return statistics[f"scheduler_log_native_{what}_timeouts"], statistics[f"scheduler_log_native_{what}_failures"]
