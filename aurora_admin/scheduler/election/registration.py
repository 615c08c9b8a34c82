"""What being registered is without Mesos: at once, or as soon as ZooKeeper knows a Mesos master (a choice of ours)."""

import logging
import re
from collections.abc import Callable

from aurora_admin.scheduler.flags.election import MasterAddress

logger = logging.getLogger(__name__)

# As a Mesos master makes its node: as JSON since 0.24, before as protobuf.
MASTER = re.compile(r"(json\.)?info_-?\d+", re.ASCII)


class Registration:
    """Waits for a master; `on_registered` is called once, in any thread."""

    def __init__(self, address: MasterAddress | None, on_registered: Callable[[], None]) -> None:
        self._address = address
        self._on_registered = on_registered
        self._close: Callable[[], None] = lambda: None
        self._is_registered = False

    def start(self) -> None:
        """Begin to wait; returns at once."""
        if self._address is None:
            self._on_registered()
            return
        from aurora_admin.scheduler.election.session import Access, Session

        hosts, path, credentials = self._address
        logger.info("Waiting for a Mesos master at zk://%s%s", hosts, path)
        session = Session(Access(hosts, credentials=credentials), path, self._look)
        self._close = session.close
        session.open()

    def close(self) -> None:
        """Stop waiting."""
        self._close()

    def _look(self, names: list[str]) -> None:
        master = next(filter(MASTER.fullmatch, sorted(names)), None)
        if master and not self._is_registered:
            self._is_registered = True
            logger.info("Registered: the Mesos master %s is there", master)
            self._on_registered()
