"""Fixtures of several files here."""

import pytest

from tests.support.serverset import Serverset


@pytest.fixture
def west(zk, zookeeper, clusters):
    """The nodes of cluster west, none but the path yet."""
    return Serverset(zk, zookeeper.hosts, clusters)
