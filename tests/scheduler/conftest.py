"""Fixtures of several files here."""

import pytest

from tests.scheduler.elected import Elected, keeper
from tests.scheduler.replicated import Logs


@pytest.fixture
def zk(zookeeper):
    """A look into that ZooKeeper."""
    with keeper(zookeeper.hosts) as client:
        yield client


@pytest.fixture
def elected(tmp_path, zookeeper, zk):
    """Schedulers of one cluster, none yet."""
    one = Elected(tmp_path, zookeeper.hosts, zk)
    yield one
    one.close()


@pytest.fixture
def logs(zookeeper, tmp_path):
    """A new log in a ZooKeeper that stays unharmed."""
    one = Logs(zookeeper.hosts, tmp_path)
    one.initialize()
    yield one
    one.close()
