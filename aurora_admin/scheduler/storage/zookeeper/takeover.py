"""How a process becomes the only writer of a log (docs/replicated-log.md 2.4)."""

import logging
from datetime import datetime, timezone
from typing import NamedTuple

from kazoo.exceptions import BadVersionError, NoAuthError

from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.high_water import HighWater, Mark
from aurora_admin.scheduler.storage.zookeeper.connection import FAILURES, commit, reason
from aurora_admin.scheduler.storage.zookeeper.layout import Owner
from aurora_admin.scheduler.storage.zookeeper.nodes import Contents, Unanswered
from aurora_admin.scheduler.storage.zookeeper.ownership import Hold

logger = logging.getLogger(__name__)


class Settings(NamedTuple):
    """Who writes, and with what patience; times in seconds, sizes in bytes."""

    host: str
    cluster: str
    folder: str
    quorum: int | None = None
    takeover_seconds: float = 15.0
    takeover_tries: int = 20
    read_seconds: float = 5.0
    write_seconds: float = 3.0
    hard_limit: int = 256 << 20
    accept_older: bool = False


class Taken(NamedTuple):
    """What a takeover found: the version of R/epoch that it made, the first live position, and epoch and end."""

    version: int
    begin: int
    mark: Mark


class Takeover:
    """The takeover of the log that is there now: of the same name, another one is another log.

    Raises:
        LogError: it is not initialised, of a newer format, another cluster's, or another log than this host knows.
    """

    def __init__(self, contents: Contents, high_water: HighWater, hold: Hold, settings: Settings) -> None:
        self._contents = contents
        self._high_water = high_water
        self._hold = hold
        self._settings = settings
        self._place = contents.place
        self._format = contents.format()
        self._check_identity()

    @property
    def log_id(self) -> str:
        return self._format.log_id

    def _check_identity(self) -> tuple[Owner, int]:
        owner, version = self._contents.owner()
        cluster = self._format.cluster or owner.cluster
        if cluster not in (None, self._settings.cluster):
            raise LogError(
                f"{self._place} is the log of the cluster {cluster}; this scheduler is of {self._settings.cluster} "
                "(-cluster_name). Give each cluster a path of its own."
            )
        self._high_water.check_log(self._format, owner.epoch)
        return owner, version

    def run(self) -> Taken:
        """Fence out every earlier writer, in as many attempts as it takes.

        Raises:
            LogError: another one was quicker, the log has gone back, or ZooKeeper did not answer.
        """
        for attempt in range(1, self._settings.takeover_tries + 1):
            self._hold.connected.wait(self._settings.takeover_seconds)
            try:
                return self._attempt()
            except BadVersionError as error:
                raise LogError(f"Another scheduler took over the log {self._place} at the same moment.") from error
            except NoAuthError as error:
                raise LogError(f"The log {self._place} cannot be taken over: {reason(error)}.") from error
            except (*FAILURES, Unanswered) as error:
                logger.warning("Attempt %d to take over the log %s failed: %s", attempt, self._place, reason(error))
        raise LogError(
            f"The log {self._place} could not be taken over in {self._settings.takeover_tries} attempts "
            "(-native_log_election_retries); the log says why."
        )

    def _attempt(self) -> Taken:
        sessions_lost = self._hold.sessions_lost
        self._contents.catch_up()
        if self._contents.format() != self._format:
            raise LogError(f"The log {self._place} was wiped and made anew; start again on the new one.")
        owner, version = self._check_identity()
        self._high_water.check_end(self.log_id, owner.epoch, self._contents.last(), accept=self._settings.accept_older)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        mine = Owner(owner.epoch + 1, self._settings.host, self._settings.cluster, now)
        self._become_owner(mine, version)
        taken = self._taken(mine, version + 1)
        self._hold.taken = True
        if self._hold.sessions_lost != sessions_lost:
            raise self._hold.broken(f"The session that took over the log {self._place} is over")
        return taken

    def _become_owner(self, owner: Owner, version: int) -> None:
        """Fence out every earlier writer, and show who holds the log: both or neither.

        Raises:
            KazooException: nothing was changed, or that is not known.
        """
        layout, transaction = self._contents.layout, self._contents.client.transaction()
        transaction.set_data(layout.epoch, owner.encode(), version)
        # A leader that was killed is still shown until its session has timed out; fenced out it is by the line above.
        if self._contents.leader() is not None:
            transaction.delete(layout.leader)
        transaction.create(layout.leader, self._settings.host.encode(), ephemeral=True)
        commit(self._contents.client, transaction, self._settings.takeover_seconds)

    def _taken(self, owner: Owner, version: int) -> Taken:
        """Look where the log ends, now that nobody else can write, and keep it in mind durably."""
        self._contents.catch_up()
        begin, last = self._contents.begin(), self._contents.last()
        if last < begin - 1:
            raise self._contents.missing(begin)
        mark = Mark(self.log_id, owner.epoch, last)
        self._high_water.save(mark)
        return Taken(version, begin, mark)
