"""The log in ZooKeeper when servers fail: nothing acknowledged is lost, no gap is left (docs/replicated-log.md 2.6)."""

import itertools
import re
import subprocess
from contextlib import closing, contextmanager

import pytest

from aurora_admin.scheduler.storage.engine import FatalLogError, LogError
from tests.support.waiting import wait_until
from tests.support.zookeeper import running
from tests.support.zookeeper_log import NOOP, SharedLog, append_until_fatal, shorten_timeouts, thread


@pytest.fixture
def shared_log(ensemble, tmp_path):
    one = SharedLog(ensemble.hosts, tmp_path)
    one.initialize()
    yield one
    one.close()


@contextmanager
def log_on_a_server(folder, java=(), **settings):
    """Provide a log on one server that only this test uses."""
    with running(folder, 1, java, **settings) as zookeeper, closing(SharedLog(zookeeper.hosts, folder)) as shared_log:
        shared_log.initialize()
        yield shared_log, zookeeper


@pytest.fixture
def log_and_server(tmp_path):
    """A log on one server, and the server, which the test may pause or kill."""
    with log_on_a_server(tmp_path) as (shared_log, zookeeper):
        yield shared_log, zookeeper.servers[0]


def assert_nothing_is_lost(shared_log, acknowledged):
    """Check that a new leader finds records without a gap, the acknowledged ones first, and appends after them."""
    log = shared_log.lead("new")
    log.append([NOOP])
    found = [record for _, record in log.read_all()]
    assert found == shared_log.records()
    assert found[-1] == NOOP
    assert found[:-1] == [b"%d" % number for number in range(len(found) - 1)]
    assert found[: len(acknowledged)] == acknowledged


def victims(ensemble, which):
    return {
        "leader": [ensemble.leader],
        "followers": ensemble.followers,
        "majority": [ensemble.leader, ensemble.followers[0]],
    }[which]


@pytest.mark.parametrize("which", ["leader", "majority"])
@pytest.mark.parametrize("after", [100, 1000])
def test_killing_servers_during_pipelined_appends_loses_nothing_acknowledged(shared_log, ensemble, which, after):
    log = shared_log.lead()
    acknowledged, refused = [], []
    doomed = victims(ensemble, which)
    with thread(append_until_fatal, log, acknowledged, refused, 200):
        wait_until(lambda: len(acknowledged) >= after, f"{after} acknowledged")
        for server in doomed:
            server.kill()
        if which == "majority":
            wait_until(lambda: refused, "a refusal")
            ensemble.start()
    assert re.search(r"connection to ZooKeeper|The append .* (failed|was refused)", refused[0]), refused
    ensemble.start()
    before = shared_log.records()
    with pytest.raises(FatalLogError):
        log.append([b"again"])
    assert shared_log.records() == before
    assert_nothing_is_lost(shared_log, acknowledged)


def test_records_sent_after_a_lost_connection_leave_no_gap(shared_log, ensemble):
    """The test sends a series as a process would that does not notice the loss: its rest over the next connection."""
    log = shared_log.lead()
    with log._write("append") as pipeline:
        results = [pipeline._transaction(position, b"%d" % position).commit_async() for position in range(200)]
        ensemble.leader.kill()
        results += [pipeline._transaction(position, b"%d" % position).commit_async() for position in range(200, 300)]
        wait_until(lambda: all(result.ready() for result in results), "every result")
        wait_until(log._ownership.connected.is_set, "a new connection")
        results = [pipeline._transaction(position, b"%d" % position).commit_async() for position in range(300, 400)]
        wait_until(lambda: all(result.ready() for result in results), "every result")
    assert_nothing_is_lost(shared_log, [])
    assert len(shared_log.records()) < 300


def test_a_record_without_the_one_before_it_is_refused(shared_log):
    log = shared_log.lead()
    log.append([b"0"])
    log._last = 1
    with pytest.raises(FatalLogError, match="does not end where this process left it"):
        log.append([b"2"])
    assert shared_log.records() == [b"0"]


def test_killing_the_follower_that_serves_the_log_loses_nothing_acknowledged(shared_log, ensemble):
    follower = ensemble.followers[0]
    log = shared_log.lead(location=shared_log.location._replace(hosts=f"{follower.host}"))
    acknowledged, refused = [], []
    with thread(append_until_fatal, log, acknowledged, refused, 200):
        wait_until(lambda: len(acknowledged) >= 400, "400 acknowledged")
        follower.kill()
    assert_nothing_is_lost(shared_log, acknowledged)


def test_a_log_stays_writable_on_two_of_three_servers(shared_log, ensemble):
    log = shared_log.lead(location=shared_log.location._replace(hosts=ensemble.leader.host))
    log.append([b"0"])
    ensemble.followers[0].kill()
    log.append([b"1"])
    assert shared_log.records() == [b"0", b"1"]


def test_an_append_without_a_response_times_out_and_is_the_last(log_and_server):
    shared_log, server = log_and_server
    log = shared_log.lead()
    log.append([b"a"])
    server.pause()
    shorten_timeouts(log)
    with pytest.raises(FatalLogError, match="no response in time"):
        log.append([b"b"])
    server.resume()
    with pytest.raises(FatalLogError):
        log.append([b"c"])
    assert b"c" not in shared_log.records()


def test_nothing_is_sent_without_a_connection(log_and_server):
    """kazoo would keep the request and send it over the next connection, after the append has failed."""
    shared_log, server = log_and_server
    log = shared_log.lead()
    log.append([b"a"])
    server.kill()
    wait_until(lambda: not log._ownership.connected.is_set(), "the loss of the connection")
    shorten_timeouts(log)
    with pytest.raises(FatalLogError, match="is lost: nothing was sent"):
        log.append([b"late"])
    server.start()
    wait_until(log._ownership.connected.is_set, "a new connection")
    assert shared_log.records() == [b"a"]


def test_a_read_without_a_response_times_out(log_and_server):
    shared_log, server = log_and_server
    log = shared_log.lead()
    log.append([b"%d" % number for number in range(100)])
    server.pause()
    shorten_timeouts(log)
    reading = log.read_all()
    with pytest.raises(LogError, match="cannot be read: no response in time"):
        list(reading)
    server.resume()


def test_a_takeover_is_attempted_as_often_as_configured(log_and_server, caplog):
    shared_log, server = log_and_server
    log = shared_log.open(takeover_attempts=3)
    server.pause()
    shorten_timeouts(log)
    with pytest.raises(LogError, match=r"could not be taken over in 3 attempts \(-native_log_election_retries\)"):
        log.fence()
    server.resume()
    attempts = [text.split()[1] for text in caplog.messages if text.startswith("Attempt")]
    assert attempts == ["1", "2", "3"]


@pytest.mark.parametrize("server_is", ["paused", "down"])
def test_a_takeover_is_stopped_between_its_attempts(log_and_server, server_is, caplog):
    """With the defaults the attempts last five minutes: a signal must not wait for that."""
    shared_log, server = log_and_server
    log = shared_log.open(takeover_attempts=1_000_000)
    if server_is == "paused":
        server.pause()
    else:
        server.kill()
        wait_until(lambda: not log._ownership.connected.is_set(), "the loss of the connection")
    shorten_timeouts(log, 0.3 if server_is == "paused" else 3600.0)
    asked = itertools.count()
    with pytest.raises(LogError, match="was stopped"):
        log.fence(lambda: next(asked) > 2)
    if server_is == "paused":
        server.resume()


def append_until_refused(log, record):
    """Append until it fails, and return how many were acknowledged."""
    acknowledged = 0
    with pytest.raises(FatalLogError) as refused:  # noqa: PT012  any of the appends may fail
        while acknowledged < 10_000:
            log.append([record])
            acknowledged += 1
    return acknowledged, str(refused.value)


def assert_later_appends_are_refused(shared_log, log, count, record):
    """Check that the acknowledged records are there, and that this process can append no more."""
    with pytest.raises(FatalLogError):
        log.append([b"more"])
    found = shared_log.records()
    assert found[:count] == [record] * count
    assert set(found[count:]) <= {record}


def test_a_full_disk_of_the_server_loses_nothing_acknowledged(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], check=False).returncode:
        pytest.skip("a file system of a test's own takes root's rights")
    record = bytes(100_000)
    try:
        with log_on_a_server(tmp_path, dataDir=disk) as (shared_log, zookeeper):
            log = shared_log.lead()
            count, _ = append_until_refused(log, record)
            assert count > 10
            zookeeper.kill()
            subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
            zookeeper.start()
            assert_later_appends_are_refused(shared_log, log, count, record)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_an_exceeded_quota_is_named_and_loses_nothing_acknowledged(tmp_path):
    with log_on_a_server(tmp_path, java=["-Dzookeeper.enforceQuota=true"]) as (shared_log, _):
        with shared_log.client() as client:
            limits = f"/zookeeper/quota{shared_log.root}/zookeeper_limits"
            client.create(limits, b"count=-1,bytes=-1;byteHardLimit=100000;countHardLimit=-1", makepath=True)
            client.create(f"/zookeeper/quota{shared_log.root}/zookeeper_stats", b"count=0,bytes=0")
        log, record = shared_log.lead(), bytes(10_000)
        count, why = append_until_refused(log, record)
        assert count > 3
        assert "the quota of the node is exceeded" in why
        assert_later_appends_are_refused(shared_log, log, count, record)


def test_a_server_without_memory_loses_nothing_acknowledged(tmp_path):
    with log_on_a_server(tmp_path, java=["-Xmx24m", "-Xms24m", "-XX:+ExitOnOutOfMemoryError"]) as (
        shared_log,
        zookeeper,
    ):
        record = bytes(500_000)
        log = shared_log.lead()
        count, _ = append_until_refused(log, record)
        assert count > 3
        zookeeper.kill()
        zookeeper.servers[0].java = ["-Xmx384m"]
        zookeeper.start()
        assert_later_appends_are_refused(shared_log, log, count, record)
