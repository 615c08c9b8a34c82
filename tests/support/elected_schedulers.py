"""Several schedulers with an election on a real ZooKeeper, and the nodes that they write there."""

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError

from tests.support.processes import Scheduler
from tests.support.thrift_calls import get
from tests.support.waiting import wait_until

# Long enough for a busy machine: a scheduler that gets no processor time for so long loses its session.
SESSION_SECONDS = 8


@dataclass
class Elected:
    """The schedulers of one cluster. The first that is started leads."""

    folder: Path
    hosts: str
    keeper: KazooClient
    path: str = field(default_factory=lambda: f"/aurora-{uuid.uuid4().hex}/scheduler")
    session_seconds: int = SESSION_SECONDS
    flags: tuple[str, ...] = ()
    schedulers: list[Scheduler] = field(default_factory=list)

    def add(self, *flags: str, **options: str) -> Scheduler:
        """Add a scheduler that is not started yet. The given flags replace those of the same name."""
        ours = (
            f"-zk_endpoints={self.hosts}",
            f"-serverset_path={self.path}",
            f"-zk_session_timeout={self.session_seconds}secs",
            *self.flags,
        )
        named = {flag.partition("=")[0]: flag for flag in (*ours, *flags)}
        one = Scheduler(self.folder / f"scheduler{len(self.schedulers)}", tuple(named.values()), **options)
        self.schedulers.append(one)
        return one

    def lead(self, *flags: str) -> Scheduler:
        """Add and start a scheduler that leads: no other one may run."""
        return self.add(*flags).start()

    def stand_by(self, *flags: str) -> Scheduler:
        """Add and start a scheduler, and wait until it is a candidate."""
        return self.start_candidate(self.add(*flags))

    def start_candidate(self, one: Scheduler) -> Scheduler:
        """Start a scheduler and wait until it knows that it is a candidate: it logs the name of its node then."""
        read = len(one.log)
        one.start(until="Standing by")
        wait_until(lambda: f"{self.path}/_c_" in one.log[read:], f"{one.url} a candidate")
        return one

    def names(self, prefix: str = "") -> list[str]:
        """Return the nodes whose names begin with the prefix, the lowest number first."""
        if self.keeper.exists(self.path) is None:
            return []
        names = [name for name in self.keeper.get_children(self.path) if name.startswith(prefix)]
        return sorted(names, key=lambda name: name[-10:])

    def members(self) -> list[str]:
        """Return the advertised URLs."""
        found = []
        for name in self.names("member_"):
            with suppress(NoNodeError):  # deleted meanwhile
                endpoint = json.loads(self.keeper.get(f"{self.path}/{name}")[0])["serviceEndpoint"]
                found.append(f"http://{endpoint['host']}:{endpoint['port']}")
        return found

    def wait_advertised(self, one: Scheduler) -> None:
        """Wait until a scheduler, and no other one, is advertised, and says that it leads."""
        wait_until(lambda: self.members() == [one.url], lambda: f"{one.url} advertised alone\n{self._state()}")
        wait_until(lambda: get(one.url, "/leaderhealth")[0] == 200, lambda: f"{one.url} leading\n{self._state()}")

    def _state(self) -> str:
        """Describe the nodes and show the logs, to explain a failure."""
        nodes = "\n".join(f"{name} of session {self._owner(name):#x}" for name in self.names())
        return "\n".join([nodes, *(f"{one.url}:\n{one.log}" for one in self.schedulers)])

    def _owner(self, name: str) -> int:
        node = self.keeper.exists(f"{self.path}/{name}")
        return node.ephemeralOwner if node else 0

    def close(self) -> None:
        for one in self.schedulers:
            one.kill()
