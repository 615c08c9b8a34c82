"""Fixtures of several files here."""

import pytest

from tests.scheduler.replicated import Logs


@pytest.fixture
def logs(zookeeper, tmp_path):
    """A new log in a ZooKeeper that stays unharmed."""
    one = Logs(zookeeper.hosts, tmp_path)
    one.initialize()
    yield one
    one.close()
