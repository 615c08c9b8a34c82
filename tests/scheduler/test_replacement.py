"""Schedulers with one log in ZooKeeper replace each other without losing what was acknowledged."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aurora_admin.gen.api.ttypes import ResourceAggregate, Response, ResponseCode
from aurora_admin.wire import fields
from aurora_admin.wire.path import path
from tests.support.elected_schedulers import Elected
from tests.support.jobs import resources
from tests.support.processes import PROGRAMS, environment, pause, resume, run
from tests.support.statistics import lifecycle
from tests.support.thrift_calls import BINARY, OK, call, get, request, said
from tests.support.waiting import DEADLINE_SECONDS, wait_until
from tests.support.zookeeper import zookeeper_client

WAITING = 4
RESPONSE_OK = path(Response, "responseCode").header + fields.i32(ResponseCode.OK)


@contextmanager
def three_schedulers(folder: Path, hosts: str) -> Iterator[Elected]:
    """Start three schedulers with one log; the first one leads."""
    with zookeeper_client(hosts) as client:
        one = Elected(folder, hosts, client)
        one.group = f"{one.path}-log"
        one.flags = (f"-native_log_zk_group_path={one.group}",)
        log_tool(one, "initialize")
        for _ in range(3):
            one.add().log_dir.mkdir()
        try:
            one.schedulers[0].start()
            for standby in one.schedulers[1:]:
                one.start_candidate(standby)
            one.wait_advertised(one.schedulers[0])
            yield one
        finally:
            one.close()


@pytest.fixture
def elected(tmp_path, zookeeper):
    with three_schedulers(tmp_path, zookeeper.hosts) as one:
        yield one


def log_tool(elected, command: str, *arguments: str) -> str:
    where = (f"--zk={elected.hosts}", f"--group={elected.group}")
    done = run([PROGRAMS / "aurora-reference-log", command, *where, *arguments], environment(elected.folder))
    assert done.code == 0, done.err
    return done.out


def quota(number: int) -> dict[str, object]:
    return {"ownerRole": "www", "quota": ResourceAggregate(resources=resources(float(number), 1, 1))}


def cpus(url: str, role: str = "www") -> float:
    reply = call(url, "getQuota", ownerRole=role)
    assert said(reply) == OK
    return max(one.numCpus or 0.0 for one in reply.result.getQuotaResult.quota.resources)


class Writer(threading.Thread):
    """Sets a quota to 1, 2, 3 and so on until a request fails."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.acknowledged = 0
        self.is_over = False

    def run(self) -> None:
        with suppress(OSError, HTTPException, AssertionError):
            while not self.is_over and said(call(self.url, "setQuota", **quota(self.acknowledged + 1))) == OK:
                self.acknowledged += 1


def start_writer(elected) -> Writer:
    writer = Writer(elected.schedulers[0].url)
    writer.start()
    wait_until(lambda: writer.acknowledged > 20, "writes acknowledged")
    return writer


def assert_nothing_acknowledged_is_lost(elected, writer: Writer, successor) -> None:
    """Check that the successor has the last acknowledged write, and at most one write after it."""
    writer.join(60)
    elected.wait_advertised(successor)
    assert cpus(successor.url) in (writer.acknowledged, writer.acknowledged + 1)


def positions(elected) -> list[int]:
    return [int(found) for found in re.findall(r"^(\d+)\b", log_tool(elected, "read"), re.MULTILINE)]


def assert_contiguous(found: list[int]) -> None:
    assert found
    assert found == list(range(found[0], found[0] + len(found)))


@pytest.mark.parametrize("how", ["killed", "stopped", "candidate deleted", "epoch changed"])
def test_nothing_acknowledged_is_lost_when_the_leader_is(elected, how):
    leader, second, third = elected.schedulers
    writer = start_writer(elected)
    if how == "killed":
        leader.kill()
    elif how == "stopped":
        assert leader.stop() == 0
    elif how == "candidate deleted":
        elected.keeper.delete(f"{elected.path}/{elected.names('_c_')[0]}")
        assert leader.wait_exit() == 1
    else:
        epoch, _ = elected.keeper.get(f"{elected.group}/epoch")
        elected.keeper.set(f"{elected.group}/epoch", epoch)
        assert leader.wait_exit() == 1
        assert "taken over" in leader.log
    assert_nothing_acknowledged_is_lost(elected, writer, second)
    assert_contiguous(positions(elected))
    second.kill()
    elected.wait_advertised(third)
    assert cpus(third.url) in (writer.acknowledged, writer.acknowledged + 1)


@pytest.mark.parametrize("which", ["leader", "follower", "majority"])
def test_nothing_acknowledged_is_lost_when_zookeeper_servers_are_killed(tmp_path, ensemble, which):
    """The leader may continue or end; afterwards a leader has everything that was acknowledged."""
    with three_schedulers(tmp_path, ensemble.hosts) as elected:
        writer = start_writer(elected)
        leader, followers = ensemble.leader, ensemble.followers
        for server in {"leader": [leader], "follower": followers[:1], "majority": followers}[which]:
            server.kill()
        before = writer.acknowledged
        wait_until(
            lambda: not writer.is_alive() or writer.acknowledged > before + 20,
            "the end of the writer, or twenty more writes",
        )
        writer.is_over = True
        writer.join(DEADLINE_SECONDS)
        ensemble.start()
        wait_until(lambda: elected.keeper.connected, "the test's own client to reconnect")
        successor = wait_until(lambda: restart_ended(elected) or find_leader(elected), "a leader")
        assert cpus(successor.url) in (writer.acknowledged, writer.acknowledged + 1)
        assert_contiguous(positions(elected))


def restart_ended(elected) -> None:
    """Restart schedulers that have ended."""
    for one in elected.schedulers:
        if one.process.poll() is not None:
            one.start(until="Standing by")


def find_leader(elected):
    """Return the leader; None if there is none, or a scheduler ends at this moment."""
    with suppress(OSError, HTTPException):
        found = (one for one in elected.schedulers if get(one.url, "/leaderhealth")[0] == 200)
        return next((one for one in found if lifecycle(one) == "ACTIVE"), None)


def send_request(url: str, body: bytes) -> socket.socket:
    """Send a request and do not wait for its reply; a paused process reads it when it is resumed."""
    target = urlsplit(url)
    connection = socket.create_connection((target.hostname, target.port), timeout=DEADLINE_SECONDS)
    head = f"Content-Type: {BINARY}\r\nAccept: {BINARY}\r\nBypass-Leader-Redirect: x\r\nContent-Length: {len(body)}"
    connection.sendall(f"POST /api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n\r\n".encode() + body)
    return connection


def test_a_leader_that_was_replaced_while_paused_appends_nothing(elected):
    """Requests are waiting in its sockets. It may reply to them, but never with OK."""
    leader, second, third = elected.schedulers
    assert RESPONSE_OK in read_reply(send_request(leader.url, request("setQuota", **quota(1))))
    pause(leader.process)
    waiting = [send_request(leader.url, request("setQuota", **quota(2))) for _ in range(WAITING)]
    elected.wait_advertised(second)
    assert said(call(second.url, "setQuota", **quota(3))) == OK
    before = positions(elected)
    resume(leader.process)
    replies = [read_reply(connection) for connection in waiting]
    assert leader.wait_exit() == 1
    assert not any(RESPONSE_OK in reply for reply in replies)
    assert positions(elected) == before
    second.kill()
    elected.wait_advertised(third)
    assert cpus(third.url) == 3.0


def read_reply(connection: socket.socket) -> bytes:
    reply = b""
    with connection, suppress(OSError):
        while part := connection.recv(1 << 16):
            reply += part
    return reply


def test_each_new_leader_has_what_the_earlier_ones_wrote(elected):
    for number, one in enumerate(elected.schedulers, 1):
        elected.wait_advertised(one)
        role = f"role{number}"
        given = ResourceAggregate(resources=resources(float(number), 1, 1))
        assert said(call(one.url, "setQuota", ownerRole=role, quota=given)) == OK
        assert [cpus(one.url, f"role{earlier}") for earlier in range(1, number + 1)] == list(range(1, number + 1))
        if number < 3:
            assert one.stop() == 0
    assert get(elected.schedulers[2].url, "/leaderhealth")[0] == 200
