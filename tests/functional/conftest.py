"""Fixtures of several files here."""

import pytest

from tests.support.serverset import ServerSet


@pytest.fixture
def west(zk, zookeeper, clusters):
    """The nodes of cluster west: only the path yet."""
    return ServerSet(zk, zookeeper.hosts, clusters)
