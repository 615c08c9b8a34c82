"""Registration with Mesos, without Mesos: at once, or when a Mesos master is in ZooKeeper.

A real scheduler registers with the master itself; that ours only waits for its node is a choice of this project.
"""

import logging
import re
from collections.abc import Callable

from aurora_admin.scheduler.flags.election import MasterAddress

logger = logging.getLogger(__name__)

# Nodes of Mesos masters: with JSON since Mesos 0.24, with protobuf before.
MASTER = re.compile(r"(json\.)?info_-?\d+", re.ASCII)


class Registration:
    """Wait for a Mesos master; `on_registered` is called once, in any thread."""

    def __init__(self, address: MasterAddress | None, on_registered: Callable[[], None]) -> None:
        self._address = address
        self._on_registered = on_registered
        self._close: Callable[[], None] = lambda: None
        self._is_registered = False

    def start(self) -> None:
        """Begin to wait; return at once."""
        if self._address is None:
            self._on_registered()
            return
        from aurora_admin.scheduler.election.session import Access, Session

        hosts, path, credentials = self._address
        logger.info("Waiting for a Mesos master at zk://%s%s", hosts, path)
        session = Session(Access(hosts, credentials=credentials), path, self._on_children)
        self._close = session.close
        session.open()

    def close(self) -> None:
        """Stop waiting."""
        self._close()

    def _on_children(self, names: list[str]) -> None:
        master = next(filter(MASTER.fullmatch, sorted(names)), None)
        if master and not self._is_registered:
            self._is_registered = True
            logger.info("Registered: found the Mesos master %s", master)
            self._on_registered()
