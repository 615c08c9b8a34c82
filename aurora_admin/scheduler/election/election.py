"""Which of several schedulers leads, and the node by which clients find it (docs/api.md 7)."""

import logging
import re
import uuid
from collections.abc import Callable
from contextlib import suppress

from kazoo.exceptions import NoAuthError, NoNodeError

from aurora_admin.scheduler.election.session import Access, Session
from aurora_admin.scheduler.web.redirect import Endpoint, decode, payload

logger = logging.getLogger(__name__)

CANDIDATE = re.compile(r"_c_[0-9a-f-]{36}-lock-(-?\d+)", re.ASCII)
MEMBER = re.compile(r"member_-?\d+", re.ASCII)


class Election:
    """One candidate. Calls back in a thread of the session, each at most once.

    `on_elected`: no other scheduler leads now. `on_advertised`: clients find this one. `on_lost`: another may lead
    from now on, or could never be; the process must end. `on_connection` is told each state of the session.
    """

    def __init__(
        self,
        access: Access,
        path: str,
        host_name: str,
        *,
        on_elected: Callable[[], None],
        on_advertised: Callable[[], None],
        on_lost: Callable[[str], None],
        on_connection: Callable[[str], None],
    ) -> None:
        self._path, self._host_name = path, host_name
        self._on_elected, self._on_advertised, self._on_lost = on_elected, on_advertised, on_lost
        self._candidate = ""
        self._elected = self._advertised = False
        self._own: Endpoint | None = None
        self._payload = b""
        self.members: list[Endpoint] = []
        self._session = Session(access, path, self._look, self._stand, self._lost)
        if access.credentials is None:
            logger.warning("Anybody who reaches ZooKeeper can change our nodes: there are no -zk_digest_credentials")
        self._session.client.add_listener(on_connection)

    def start(self) -> None:
        """Stand for election; returns at once."""
        self._session.open()

    def advertise(self, own: Endpoint, endpoint_name: str) -> None:
        """Have a member node from now on for as long as the session lasts; returns at once."""
        self._own, self._payload = own, payload(own, endpoint_name)
        self._session.wake()

    def close(self) -> None:
        """Leave: nodes are removed at once where ZooKeeper can be reached, and with the session otherwise."""
        self._session.close()
        self.members = []

    def _stand(self) -> None:
        client = self._session.client
        client.ensure_path(self._path)
        node = client.create(
            f"{self._path}/_c_{uuid.uuid4()}-lock-", self._host_name.encode(), ephemeral=True, sequence=True
        )
        self._candidate = node.rpartition("/")[2]
        logger.info("Standing for election as %s", node)

    def _look(self, names: list[str]) -> None:
        owners = self._read_members([name for name in names if MEMBER.fullmatch(name)])
        candidates = {name: int(found[1]) for name in names if (found := CANDIDATE.fullmatch(name))}
        if self._candidate not in candidates:
            self._session.lose(f"our node {self._path}/{self._candidate} is gone")
        elif self._candidate == min(candidates, key=candidates.__getitem__):
            self._win(owners)
        elif self._elected:
            self._session.lose("another scheduler has a lower node")

    def _read_members(self, names: list[str]) -> set[int]:
        """Take note of the members' addresses, and return the sessions that their nodes belong to."""
        found, owners = [], set()
        for name in names:
            with suppress(NoNodeError):
                try:  # with a watch: a half-written one may be completed
                    data, stat = self._session.client.get(f"{self._path}/{name}", watch=self._session.wake)
                except NoAuthError:
                    logger.warning("Ignoring %s/%s: its ACL does not let us read it", self._path, name)
                    continue
                owners.add(stat.ephemeralOwner)
                found.append(decode(name, data))
        self.members = [member for member in found if member is not None]
        return owners

    def _win(self, owners: set[int]) -> None:
        if not self._elected:
            self._elected = True
            self._on_elected()
        if self._own is None:
            return
        if self._session.client.client_id[0] not in owners:
            # A client that has seen the node already must not be told that nobody leads.
            self.members = self.members or [self._own]
            # Also when somebody deleted it; what comes of this is seen at the next look.
            self._session.client.create(f"{self._path}/member_", self._payload, ephemeral=True, sequence=True)
        elif not self._advertised:
            self._advertised = True
            self._on_advertised()

    def _lost(self, reason: str) -> None:
        self._on_lost(f"Lost leadership, or the chance of it: {reason}" if self._candidate else reason)
