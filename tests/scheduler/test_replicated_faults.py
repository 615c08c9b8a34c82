"""The log in ZooKeeper when servers fail: acknowledged is present, present is a row (docs/replicated-log.md 2.6)."""

import subprocess
from contextlib import closing, contextmanager

import pytest

from aurora_admin.scheduler.storage.engine import LogBroken, LogError
from tests.support.waiting import wait_until
from tests.support.zookeeper import running
from tests.support.zookeeper_log import NOOP, Logs, append_for_ever, thread


@pytest.fixture
def logs(ensemble, tmp_path):
    one = Logs(ensemble.hosts, tmp_path)
    one.initialize()
    yield one
    one.close()


@contextmanager
def log_on_a_server(folder, java=(), **settings):
    """A log on one server of the test's own."""
    with running(folder, 1, java, **settings) as zookeeper, closing(Logs(zookeeper.hosts, folder)) as logs:
        logs.initialize()
        yield logs, zookeeper


@pytest.fixture
def alone(tmp_path):
    """A log on a server to be paused."""
    with log_on_a_server(tmp_path) as (logs, zookeeper):
        yield logs, zookeeper.servers[0]


def assert_nothing_is_lost(logs, acknowledged):
    """A new leader finds a row that begins with what was acknowledged, and goes on behind it."""
    log = logs.lead("new")
    log.append([NOOP])
    found = [record for _, record in log.read_all()]
    assert found == logs.records()
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
def test_5_a_kill_of_servers_under_pipelined_appends_loses_nothing_acknowledged(logs, ensemble, which, after):
    log = logs.lead()
    acknowledged, refused = [], []
    doomed = victims(ensemble, which)
    with thread(append_for_ever, log, acknowledged, refused, 200):
        wait_until(lambda: len(acknowledged) >= after, f"{after} acknowledged")
        for server in doomed:
            server.kill()
        if which == "majority":
            wait_until(lambda: refused, "a refusal")
            ensemble.start()
    assert "log" in refused[0]
    ensemble.start()
    before = logs.records()
    with pytest.raises(LogBroken):
        log.append([b"again"])
    assert logs.records() == before
    assert_nothing_is_lost(logs, acknowledged)


def test_5_what_is_sent_after_a_lost_connection_leaves_no_gap(logs, ensemble):
    """As if nobody had noticed: all of a series is sent, the rest of it over the next connection."""
    log = logs.lead()
    with log._write("append") as pipeline:
        answers = [pipeline._transaction(position, b"%d" % position).commit_async() for position in range(200)]
        ensemble.leader.kill()
        answers += [pipeline._transaction(position, b"%d" % position).commit_async() for position in range(200, 300)]
        wait_until(lambda: all(answer.ready() for answer in answers), "every answer")
        wait_until(log._hold.connected.is_set, "the connection back")
        answers = [pipeline._transaction(position, b"%d" % position).commit_async() for position in range(300, 400)]
        wait_until(lambda: all(answer.ready() for answer in answers), "every answer")
    assert_nothing_is_lost(logs, [])
    assert len(logs.records()) < 300


def test_5_a_record_follows_the_one_before_it_or_is_refused(logs):
    log = logs.lead()
    log.append([b"0"])
    log._last = 1
    with pytest.raises(LogBroken, match="does not end where this process left it"):
        log.append([b"2"])
    assert logs.records() == [b"0"]


def test_5_a_kill_of_the_follower_that_serves_the_log_loses_nothing_acknowledged(logs, ensemble):
    follower = ensemble.followers[0]
    log = logs.lead(place=logs.place._replace(hosts=f"{follower.host}"))
    acknowledged, refused = [], []
    with thread(append_for_ever, log, acknowledged, refused, 200):
        wait_until(lambda: len(acknowledged) >= 400, "400 acknowledged")
        follower.kill()
    assert_nothing_is_lost(logs, acknowledged)


def test_5_a_log_on_two_of_three_servers_goes_on(logs, ensemble):
    log = logs.lead(place=logs.place._replace(hosts=ensemble.leader.host))
    log.append([b"0"])
    ensemble.followers[0].kill()
    log.append([b"1"])
    assert logs.records() == [b"0", b"1"]


def impatient(log, seconds=0.3):
    """Let a log wait no longer than that, now that its server is silent anyway."""
    log._settings = log._settings._replace(write_seconds=seconds, read_seconds=seconds, takeover_seconds=seconds)
    log._contents = log._contents._replace(seconds=seconds)
    log._takeover._settings, log._takeover._contents = log._settings, log._contents


def test_a_server_that_falls_silent_ends_the_log_in_time(alone):
    logs, server = alone
    log = logs.lead()
    log.append([b"a"])
    server.pause()
    impatient(log)
    with pytest.raises(LogBroken, match="no answer in time"):
        log.append([b"b"])
    server.resume()
    with pytest.raises(LogBroken):
        log.append([b"c"])
    assert b"c" not in logs.records()


def test_6_nothing_is_sent_while_the_connection_is_away(alone):
    """kazoo would keep it, and send it when the connection is back: when nobody waits for the answer any more."""
    logs, server = alone
    log = logs.lead()
    log.append([b"a"])
    server.kill()
    wait_until(lambda: not log._hold.connected.is_set(), "the connection gone")
    impatient(log)
    with pytest.raises(LogBroken, match="is gone: nothing was sent"):
        log.append([b"late"])
    server.start()
    wait_until(log._hold.connected.is_set, "the connection back")
    assert logs.records() == [b"a"]


def test_a_read_that_takes_too_long_is_an_error(alone):
    logs, server = alone
    log = logs.lead()
    log.append([b"%d" % number for number in range(100)])
    server.pause()
    impatient(log)
    reading = log.read_all()
    with pytest.raises(LogError, match="cannot be read: no answer in time"):
        list(reading)
    server.resume()


def test_a_takeover_is_tried_as_often_as_it_was_told(alone, caplog):
    logs, server = alone
    log = logs.open(takeover_tries=3)
    server.pause()
    impatient(log)
    with pytest.raises(LogError, match=r"could not be taken over in 3 attempts \(-native_log_election_retries\)"):
        log.fence()
    server.resume()
    attempts = [text.split()[1] for text in caplog.messages if text.startswith("Attempt")]
    assert attempts == ["1", "2", "3"]


def append_until_refused(log, record):
    """Append until it fails, and return how many were acknowledged."""
    acknowledged = 0
    with pytest.raises(LogBroken) as refused:  # noqa: PT012  how far it comes is the question
        while acknowledged < 10_000:
            log.append([record])
            acknowledged += 1
    return acknowledged, str(refused.value)


def assert_the_rest_was_refused(logs, log, count, record):
    """What was acknowledged is there, and nothing of this process follows."""
    with pytest.raises(LogBroken):
        log.append([b"more"])
    found = logs.records()
    assert found[:count] == [record] * count
    assert set(found[count:]) <= {record}


def test_14_a_full_disk_of_the_server_is_told_and_nothing_is_dropped(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], check=False).returncode:
        pytest.skip("a file system of a test's own takes root's rights")
    record = bytes(100_000)
    try:
        with log_on_a_server(tmp_path, dataDir=disk) as (logs, zookeeper):
            log = logs.lead()
            count, _ = append_until_refused(log, record)
            assert count > 10
            zookeeper.kill()
            subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
            zookeeper.start()
            assert_the_rest_was_refused(logs, log, count, record)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_14_an_exceeded_quota_is_told_and_nothing_is_dropped(tmp_path):
    with log_on_a_server(tmp_path, java=["-Dzookeeper.enforceQuota=true"]) as (logs, _):
        with logs.client() as client:
            limits = f"/zookeeper/quota{logs.root}/zookeeper_limits"
            client.create(limits, b"count=-1,bytes=-1;byteHardLimit=100000;countHardLimit=-1", makepath=True)
            client.create(f"/zookeeper/quota{logs.root}/zookeeper_stats", b"count=0,bytes=0")
        log, record = logs.lead(), bytes(10_000)
        count, why = append_until_refused(log, record)
        assert count > 3
        assert "the quota of the node is exceeded" in why
        assert_the_rest_was_refused(logs, log, count, record)


def test_14_a_server_without_memory_is_told_and_nothing_is_dropped(tmp_path):
    with log_on_a_server(tmp_path, java=["-Xmx24m", "-Xms24m", "-XX:+ExitOnOutOfMemoryError"]) as (logs, zookeeper):
        record = bytes(500_000)
        log = logs.lead()
        count, _ = append_until_refused(log, record)
        assert count > 3
        zookeeper.kill()
        zookeeper.servers[0].java = ["-Xmx384m"]
        zookeeper.start()
        assert_the_rest_was_refused(logs, log, count, record)
