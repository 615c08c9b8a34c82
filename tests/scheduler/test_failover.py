"""How a leader is replaced, with real processes and a real ZooKeeper; each scheduler has a log of its own here."""

import signal
import sys
import uuid
from contextlib import suppress

import pytest
from kazoo.security import make_digest_acl

from aurora_admin.scheduler.election.connection_states import STATES
from tests.support.elected_schedulers import Elected
from tests.support.places import CHECKOUT
from tests.support.processes import PROGRAMS, pause, resume
from tests.support.recovery import SAMPLE
from tests.support.statistics import variables
from tests.support.thrift_calls import call, get, post, request, said
from tests.support.waiting import wait_until
from tests.support.zookeeper import free_port, running, zookeeper_client


def three(elected):
    return elected.lead(), elected.stand_by(), elected.stand_by()


def test_a_killed_leader_is_replaced_by_the_next(elected):
    leader, second, third = three(elected)
    leader.kill()
    elected.wait_advertised(second)
    wait_until(lambda: get(third.url, "/leaderhealth")[0] == 503, "the third knows the new leader")
    assert post(third.url, request("listBackups"))[1]["Location"] == f"{second.url}/api"
    assert len(elected.names("_c_")) == 2
    second.kill()
    elected.wait_advertised(third)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_leader_takes_its_nodes_along(elected, sig):
    """Long before its session would end."""
    elected.session_seconds = 60
    leader, second, _ = three(elected)
    assert leader.stop(sig) == 0
    assert len(elected.names("_c_")) == 2
    elected.wait_advertised(second)
    assert second.stop(sig) == 0


def test_a_stopped_standby_is_not_missed(elected):
    leader, second, third = three(elected)
    assert second.stop() == 0
    assert len(elected.names("_c_")) == 2
    assert elected.members() == [leader.url]
    leader.stop()
    elected.wait_advertised(third)


def test_a_leader_that_was_paused_for_too_long_ends(elected):
    """By its own clock, or because its session has expired, whichever it notices first."""
    leader, second, _ = three(elected)
    pause(leader.process)
    elected.wait_advertised(second)
    resume(leader.process)
    assert leader.wait_exit() == 1
    assert "Lost leadership" in leader.log
    assert elected.members() == [second.url]


def test_a_leader_that_is_restarted_at_once_waits_for_the_end_of_its_session(elected):
    """Until then its former node advertises it, as with a real scheduler; it serves no call before it leads."""
    leader = elected.add()
    leader.port = free_port()
    leader.start()
    elected.wait_advertised(leader)
    [before] = elected.names("member_")
    leader.kill()
    elected.start_candidate(leader)
    outcomes = set()
    wait_until(lambda: outcomes.add(_outcome(leader.url)) or "served" in outcomes, "serving")
    assert outcomes <= {"served", "not ready", "no leader"}
    assert elected.names("member_") != [before]


def _outcome(url: str) -> str:
    status, _, body = post(url, request("getRoleSummary"))
    if status == 503:
        return "no leader"
    return "not ready" if b"Storage is not READY" in body else "served"


def test_a_pause_shorter_than_the_session_is_survived(elected):
    elected.session_seconds = 60
    leader, *_ = three(elected)
    pause(leader.process)
    with pytest.raises(TimeoutError):
        post(leader.url, request("listBackups"), timeout=1)
    resume(leader.process)
    assert said(call(leader.url, "listBackups")) == ("OK", "")
    assert elected.members() == [leader.url]


def test_a_leader_whose_candidate_was_deleted_ends(elected, zk):
    """As by a cleanup by hand; for a moment two lead."""
    leader, second, _ = three(elected)
    zk.delete(f"{elected.path}/{elected.names('_c_')[0]}")
    assert leader.wait_exit() == 1
    assert "Lost leadership or candidacy: the candidate node" in leader.log
    elected.wait_advertised(second)


def test_a_leader_with_another_node_before_its_own_ends(elected, zk):
    """ZooKeeper's sequence numbers become negative after 2^31: still only one may lead."""
    leader = elected.lead()
    zk.create(f"{elected.path}/_c_{uuid.uuid4()}-lock--000000001")
    assert leader.wait_exit() == 1
    assert "another scheduler has a lower node" in leader.log


@pytest.mark.parametrize(
    ("data", "acl"),
    [
        (b'{"a":' * 100_000, None),
        (b"{}", [make_digest_acl("another", "user", all=True)]),
    ],
    ids=["malformed", "unreadable"],
)
def test_a_member_that_cannot_be_read_is_ignored(elected, zk, data, acl):
    leader, second = elected.lead(), elected.stand_by()
    member = zk.create(f"{elected.path}/member_", data, acl=acl, sequence=True)
    wait_until(lambda: all(member.rpartition("/")[2] in one.log for one in (leader, second)), "both have looked at it")
    leader.kill()
    wait_until(lambda: get(second.url, "/leaderhealth")[0] == 200, "the second leads")


def test_a_member_that_is_completed_is_seen(elected, zk):
    """As by a writer that was interrupted. Then two are advertised, and no client may be redirected to either."""
    leader = elected.lead()
    half = zk.create(f"{elected.path}/member_", b"", sequence=True)
    wait_until(lambda: half.rpartition("/")[2] in leader.log, "it has looked at it")
    zk.set(half, b'{"serviceEndpoint": {"host": "other", "port": 1}}')
    wait_until(lambda: get(leader.url, "/leaderhealth")[0] == 502, "it has seen the other")


def test_a_standby_whose_candidate_was_deleted_ends(elected, zk):
    leader, second, _ = three(elected)
    zk.delete(f"{elected.path}/{elected.names('_c_')[1]}")
    assert second.wait_exit() == 1
    assert elected.members() == [leader.url]


def test_deleting_all_nodes_ends_all_schedulers(elected, zk):
    schedulers = three(elected)
    for _ in range(20):  # the leader puts its member node back meanwhile
        with suppress(Exception):
            zk.delete(elected.path, recursive=True)
    assert [one.wait_exit() for one in schedulers] == [1, 1, 1]


def test_a_deleted_member_node_comes_back(elected, zk):
    leader = elected.lead()
    [member] = elected.names("member_")
    zk.delete(f"{elected.path}/{member}")
    wait_until(lambda: elected.names("member_") not in ([], [member]), "another member node")
    elected.wait_advertised(leader)


def test_a_leader_ends_after_max_leading_duration(elected):
    leader = elected.lead("-max_leading_duration=3secs")
    second = elected.stand_by()
    assert leader.wait_exit() == 0
    assert "it has led for -max_leading_duration" in leader.log
    elected.wait_advertised(second)


def test_a_committed_recovery_hands_over(elected):
    leader = elected.add()
    (leader.backup_dir / "b").write_bytes(SAMPLE.read_bytes())
    leader.start()
    second = elected.stand_by()
    elected.wait_advertised(leader)
    assert said(call(leader.url, "stageRecovery", backupId="b")) == ("OK", "")
    assert said(call(leader.url, "commitRecovery")) == ("OK", "")
    assert leader.wait_exit() == 0
    elected.wait_advertised(second)


def test_a_leader_that_is_restarted_goes_to_the_end_of_the_queue(elected):
    leader, second, third = three(elected)
    leader.stop()
    elected.wait_advertised(second)
    elected.start_candidate(leader)
    second.stop()
    elected.wait_advertised(third)


@pytest.fixture
def own_keeper(tmp_path):
    """A ZooKeeper server of the test's own, and schedulers elected there."""
    with running(tmp_path / "zookeeper") as one, zookeeper_client(one.hosts) as client:
        schedulers = Elected(tmp_path, one.hosts, client)
        yield one, schedulers
        schedulers.close()


def test_without_zookeeper_a_leader_ends_by_its_own_clock(own_keeper):
    """kazoo reports a lost session only when it has reached a server again."""
    zookeeper, elected = own_keeper
    leader, standby = elected.lead(), elected.stand_by()
    zookeeper.kill()
    assert [leader.wait_exit(), standby.wait_exit()] == [1, 1]
    assert f"no reply from ZooKeeper for {elected.session_seconds} s" in leader.log


def test_a_leader_ends_when_zookeeper_hangs(own_keeper):
    zookeeper, elected = own_keeper
    leader = elected.lead()
    zookeeper.servers[0].pause()
    assert leader.wait_exit() == 1
    zookeeper.servers[0].resume()
    assert "no reply from ZooKeeper" in leader.log


def test_the_granted_session_time_out_counts(tmp_path):
    with running(tmp_path / "zookeeper", maxSessionTimeout=4000) as one, zookeeper_client(one.hosts) as client:
        elected = Elected(tmp_path, one.hosts, client, session_seconds=600)
        try:
            leader = elected.lead()
            one.kill()
            assert leader.wait_exit() == 1
            assert "no reply from ZooKeeper for 4 s" in leader.log
        finally:
            elected.close()


def test_a_short_absence_of_zookeeper_is_survived(tmp_path):
    """Of three servers: a single one that forgets a connection while it starts is waited for too long."""
    with running(tmp_path / "zookeeper", 3) as zookeeper, zookeeper_client(zookeeper.hosts) as client:
        elected = Elected(tmp_path, zookeeper.hosts, client, session_seconds=60)
        try:
            survive(zookeeper, elected)
        finally:
            elected.close()


def survive(zookeeper, elected):
    leader, standby = elected.lead(), elected.stand_by()
    candidates = elected.names("_c_")
    zookeeper.kill()
    wait_until(lambda: connections(leader, standby) == {"SUSPENDED"}, "both miss it")
    assert said(call(leader.url, "listBackups")) == ("OK", "")
    zookeeper.start()
    # A leader that is not connected cannot close its session, which then lasts for its minute. The log does not say
    # whether it is: while the servers are killed one after another, it may connect to the next for a moment.
    wait_until(lambda: connections(leader, standby) == {"RECONNECTED"}, "both are back")
    wait_until(lambda: elected.keeper.connected, "the test's own client is back")
    assert elected.names("_c_") == candidates
    leader.stop()
    elected.wait_advertised(standby)


def connections(*schedulers) -> set[str]:
    """Return the states of their connections to ZooKeeper."""
    found = [variables(one) for one in schedulers]
    return {state for state in STATES for values in found if values[f"zk_connection_state_{state}"]}


def test_a_leader_that_must_end_does_so_even_if_it_hangs(elected):
    """As in an append that never returns and keeps the storage locked: an end in order would wait for ever."""
    one = elected.add()
    one.initialize()
    program = str(PROGRAMS / "aurora-reference-scheduler")
    command = one.command()
    python = ["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "tests.support.hanging_scheduler"]
    one.command = lambda: [*python, *command[command.index(program) + 1 :]]
    one.spawn()
    code = one.wait_exit()
    assert "Shutting down: on purpose" in one.log, one.log
    assert code == 1
    assert "Stopped" not in one.log
