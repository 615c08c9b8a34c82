"""The loss of a session with a real ZooKeeper is reported, and only once."""

import socket
import threading
import uuid
from contextlib import ExitStack, closing

import pytest

from aurora_admin.scheduler.election.election import Election
from aurora_admin.scheduler.election.session import Access, Session, new_client
from tests.support.waiting import DEADLINE_SECONDS, wait_until
from tests.support.zookeeper import zookeeper_client
from tests.support.zookeeper_log import expire_session

EXPIRED = "the session with ZooKeeper has expired"


@pytest.fixture
def path():
    return f"/aurora-{uuid.uuid4().hex}"


def wait_for_the_last_callback():
    """Return when the thread that calls back has ended."""
    wait_until(lambda: not [one for one in threading.enumerate() if one.name == "zookeeper"], "its end")


def test_an_expired_session_is_reported_once(zookeeper, path):
    looks, lost = [], []
    with closing(Session(Access(zookeeper.hosts), path, looks.append, on_lost=lost.append)) as session:
        session.open()
        wait_until(lambda: looks, "the first look")
        expire_session(session.client, zookeeper.hosts)
        assert lost == [EXPIRED]
        wait_for_the_last_callback()
        assert lost == [EXPIRED]


def test_a_candidate_with_an_expired_session_reports_the_loss_once(zookeeper, path):
    """It neither reports its missing node too, nor becomes a candidate again."""
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
        expire_session(election._session.client, zookeeper.hosts)
        wait_for_the_last_callback()
        assert lost == [f"Lost leadership or candidacy: {EXPIRED}"]


def test_a_session_without_on_lost_is_replaced_when_it_expires(zookeeper, path):
    looks = []
    with closing(Session(Access(zookeeper.hosts), path, looks.append)) as session:
        session.open()
        wait_until(lambda: looks, "the first look")
        expire_session(session.client, zookeeper.hosts)
        with zookeeper_client(zookeeper.hosts) as zk:
            zk.create(f"{path}/child", makepath=True)
        wait_until(lambda: looks[-1] == ["child"], "the child seen")


@pytest.fixture
def dead_host():
    """An address that neither accepts nor refuses a connection, like that of a host that is down."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_host_that_is_down_is_waited_for_no_longer_than_its_share(dead_host):
    """Otherwise the session would expire before another server is tried."""
    client = new_client(Access(",".join([dead_host] * 9), session_seconds=4.5))
    with pytest.raises(TimeoutError):
        client.handler.create_connection(address=("127.0.0.1", int(dead_host.partition(":")[2])), timeout=86400)
