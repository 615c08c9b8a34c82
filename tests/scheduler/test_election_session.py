"""What a session with a real ZooKeeper tells when it is over, and that it does so once."""

import socket
import threading
import uuid
from contextlib import ExitStack, closing

import pytest

from aurora_admin.scheduler.election.election import Election
from aurora_admin.scheduler.election.session import Access, Session, _client
from tests.support.waiting import DEADLINE_SECONDS, wait_until
from tests.support.zookeeper import zookeeper_client
from tests.support.zookeeper_log import end_session

EXPIRED = "the session with ZooKeeper has expired"


@pytest.fixture
def path():
    return f"/aurora-{uuid.uuid4().hex}"


def assert_nothing_more_is_told():
    """The thread that calls back is over."""
    wait_until(lambda: not [one for one in threading.enumerate() if one.name == "zookeeper"], "its end")


def test_7_a_session_that_the_servers_have_ended_is_told_once(zookeeper, path):
    looks, lost = [], []
    with closing(Session(Access(zookeeper.hosts), path, looks.append, on_lost=lost.append)) as session:
        session.open()
        wait_until(lambda: looks, "the first look")
        end_session(session.client, zookeeper.hosts)
        assert lost == [EXPIRED]
        assert_nothing_more_is_told()
        assert lost == [EXPIRED]


def test_7_a_candidate_whose_session_the_servers_have_ended_is_told_once(zookeeper, path):
    """The next look would not find its node, nor is it for this process to stand again."""
    elected, lost = threading.Event(), []
    with closing(
        Election(
            Access(zookeeper.hosts),
            path,
            "h",
            on_elected=elected.set,
            on_advertised=lambda: None,
            on_lost=lost.append,
            on_connection=lambda state: None,
        )
    ) as election:
        election.start()
        assert elected.wait(DEADLINE_SECONDS)
        end_session(election._session.client, zookeeper.hosts)
        assert_nothing_more_is_told()
        assert lost == [f"Lost leadership, or the chance of it: {EXPIRED}"]


def test_a_session_that_loses_nothing_is_made_anew(zookeeper, path):
    """Who only watches goes on watching."""
    looks = []
    with closing(Session(Access(zookeeper.hosts), path, looks.append)) as session:
        session.open()
        wait_until(lambda: looks, "the first look")
        end_session(session.client, zookeeper.hosts)
        with zookeeper_client(zookeeper.hosts) as zk:
            zk.create(f"{path}/child", makepath=True)
        wait_until(lambda: looks[-1] == ["child"], "the child seen")


@pytest.fixture
def dark_host():
    """An address where nobody takes a connection, nor refuses one: as of a host without power."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_host_without_power_is_waited_for_no_longer_than_its_share(dark_host):
    """The session would be over before another server was asked."""
    client = _client(Access(",".join([dark_host] * 9), session_seconds=4.5))
    with pytest.raises(TimeoutError):
        client.handler.create_connection(address=("127.0.0.1", int(dark_host.partition(":")[2])), timeout=86400)
