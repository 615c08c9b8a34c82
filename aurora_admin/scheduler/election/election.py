"""The election of the leader among several schedulers, and the node by which clients find it (docs/api.md 7)."""

import logging
from collections.abc import Callable
from contextlib import suppress

from kazoo.exceptions import NoAuthError, NoNodeError

from aurora_admin.scheduler.election.session import Access, Session
from aurora_admin.zookeeper import server_set
from aurora_admin.zookeeper.server_set import Endpoint

logger = logging.getLogger(__name__)


class Election:
    """One candidate: a node with a sequence number, of which the lowest leads.

    Each callback is called at most once (`on_connection` at each change), in a thread of the session or of kazoo:

    - `on_elected`: this candidate has the lowest node. No other scheduler that keeps the same rules leads now.
    - `on_advertised`: the member node exists, and clients find this scheduler.
    - `on_lost`: leadership, or the chance of it, is lost. Another scheduler may be elected from now on, so the process
      must end. Besides the losses that Session reports, the candidate node is gone or another one is lower.
    - `on_connection`: the state of the session as kazoo names it.

    Another scheduler may be elected a little before `on_lost` is called: see Session. So being elected alone does not
    allow writing; the log has a fence of its own.

    `members` are the advertised addresses, as last read.
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
        self._is_elected = self._is_advertised = False
        self._own: Endpoint | None = None
        self._payload = b""
        self.members: list[Endpoint] = []
        self._session = Session(access, path, self._on_children, self._create_candidate, self._report_loss)
        if access.credentials is None:
            logger.warning(
                "There are no -zk_digest_credentials: everybody who reaches ZooKeeper can change the nodes of this "
                "scheduler"
            )
        self._session.client.add_listener(on_connection)

    def start(self) -> None:
        """Become a candidate; return at once."""
        self._session.open()

    def advertise(self, own: Endpoint, endpoint_name: str) -> None:
        """Create the member node and keep it while the session lasts; return at once."""
        self._own, self._payload = own, server_set.encode(own, endpoint_name)
        self._session.wake()

    def close(self) -> None:
        """Leave the election: the nodes are removed at once if ZooKeeper is reached, otherwise with the session."""
        self._session.close()
        self.members = []

    def _create_candidate(self) -> None:
        client = self._session.client
        client.ensure_path(self._path)
        node = client.create(
            f"{self._path}/{server_set.candidate_prefix()}", self._host_name.encode(), ephemeral=True, sequence=True
        )
        self._candidate = node.rpartition("/")[2]
        logger.info("Candidate for leader: %s", node)

    def _on_children(self, names: list[str]) -> None:
        owners = self._read_members([name for name in names if server_set.MEMBER.fullmatch(name)])
        candidates = {name: int(found[1]) for name in names if (found := server_set.CANDIDATE.fullmatch(name))}
        if self._candidate not in candidates:
            self._session.give_up(f"the candidate node {self._path}/{self._candidate} was deleted")
        elif self._candidate == min(candidates, key=candidates.__getitem__):
            self._lead(owners)
        elif self._is_elected:
            self._session.give_up("another scheduler has a lower node")

    def _read_members(self, names: list[str]) -> set[int]:
        """Keep the members' addresses, and return the ids of the sessions that own their nodes."""
        found, owners = [], set()
        for name in names:
            with suppress(NoNodeError):
                try:  # with a watch: an incomplete payload may be completed
                    data, stat = self._session.client.get(f"{self._path}/{name}", watch=self._session.wake)
                    owners.add(stat.ephemeralOwner)
                    found.append(server_set.service_endpoint(data))
                except NoAuthError:
                    logger.warning("Ignoring %s/%s: its ACL does not allow reading it", self._path, name)
                except ValueError as error:
                    logger.warning("Ignoring %s/%s: %s", self._path, name, error)
        self.members = found
        return owners

    def _lead(self, owners: set[int]) -> None:
        if not self._is_elected:
            self._is_elected = True
            self._on_elected()
        if self._own is None:
            return
        if self._session.client.client_id[0] not in owners:
            # Before the node exists: a client that has seen it must not get the reply that no leader is known.
            self.members = self.members or [self._own]
            # Also when it was deleted from outside. The watch on the children reports the new node.
            self._session.client.create(
                f"{self._path}/{server_set.MEMBER_PREFIX}", self._payload, ephemeral=True, sequence=True
            )
        elif not self._is_advertised:
            self._is_advertised = True
            self._on_advertised()

    def _report_loss(self, reason: str) -> None:
        self._on_lost(f"Lost leadership or candidacy: {reason}" if self._candidate else reason)
