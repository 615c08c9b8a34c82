"""Look for the leader in ZooKeeper, and wait for one (docs/connection.md 2)."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from aurora_admin.client.discovery import Leader
from aurora_admin.client.discovery.ensemble import ensemble
from aurora_admin.client.discovery.members import MEMBER, Member, candidates, read, usable
from aurora_admin.client.failures import LookupFailed, NoEnsemble, NoLeader, NoPath, SeveralLeaders, quoted
from aurora_admin.client.retry import (
    BREATH_SECONDS,
    FIND_SECONDS,
    LOOK_SECONDS,
    QUIET_SECONDS,
    REAL_CLOCK,
    Attempts,
    Deadline,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aurora_admin.client.discovery.session import Session
    from aurora_admin.client.retry import Clock
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output


class Search:
    """The way to the leader through ZooKeeper.

    Nothing that was found is kept. The session stays between looks, because ZooKeeper tells when one is worth while.
    """

    def __init__(self, cluster: Cluster, log: Output) -> None:
        self._cluster = cluster
        self._ensemble = ensemble(cluster)
        self._log = log
        self._told: set[str] = set()
        self._changed = Event()
        self._session: Session | None = None

    def look(self, deadline: Deadline) -> Leader:
        """Read once who leads.

        Raises:
            LookupFailed: there is no leader now, or nobody can say.
        """
        from aurora_admin.client.discovery.session import Unavailable

        seconds = min(LOOK_SECONDS, deadline.left())
        try:
            found = self._read(seconds, Deadline(REAL_CLOCK, seconds))
        except Unavailable as error:
            self.close()
            raise self._failure(
                NoEnsemble,
                f"Failed to connect to Zookeeper {self._ensemble}: {quoted(str(error))}",
                f"check that it runs, and zk and zk_port of {self._cluster.name} in {self._cluster.path}",
            ) from error
        if found is None:
            raise self._no_path()
        return self._only(usable(self._members(found[1])), *found)

    def clock(self, clock: Clock) -> Clock:
        """Return a clock whose sleep ends early, and tells so, when something changes in ZooKeeper."""

        def sleep(seconds: float) -> bool:
            is_news = self._changed.wait(seconds)
            if is_news:
                REAL_CLOCK.sleep(BREATH_SECONDS)
            return is_news

        return clock._replace(sleep=sleep)

    def close(self) -> None:
        """End the session."""
        if self._session:
            self._session.close()
        self._session = None

    def _read(self, seconds: float, deadline: Deadline) -> tuple[list[str], dict[str, bytes | None]] | None:
        from aurora_admin.client.discovery.session import Session

        def wait(something: Callable[[float], bool]) -> bool:
            if something(min(QUIET_SECONDS, deadline.left())):
                return True
            if deadline.left():
                self._tell(f"Waiting for Zookeeper {self._ensemble} to answer")
            return something(deadline.left())

        if self._session and not self._session.is_open:
            self.close()
        self._changed.clear()
        if not self._session:
            self._session = Session(self._ensemble.hosts, seconds, self._changed)
            self._session.open(wait)
        return self._session.read(self._ensemble.path, MEMBER.fullmatch, wait)

    def _members(self, nodes: Mapping[str, bytes | None]) -> dict[str, Member]:
        """Read the members, and tell what is wrong with those that cannot be used."""
        members = {}
        for name, raw in sorted(nodes.items()):
            try:
                members[name] = read(raw)
            except ValueError as error:
                self._tell(f"Skipping {name} of {self._cluster.name} in Zookeeper: {error}")
                continue
            if members[name].oddity:
                self._tell(f"Taking the serviceEndpoint of {name} of {self._cluster.name}: {members[name].oddity}")
        return members

    def _only(self, members: Mapping[str, Member], names: list[str], nodes: Mapping[str, bytes | None]) -> Leader:
        if not members:
            raise self._no_leader(candidates(names), len(nodes))
        if len(members) > 1:
            raise self._several(members)
        [member] = members.values()
        return Leader(member.url, f"{member.url}/api")

    def _no_path(self) -> LookupFailed:
        return self._failure(
            NoPath,
            f"No schedulers detected in {self._cluster.name}! There is no {self._ensemble.path} in Zookeeper "
            f"{self._ensemble}",
            "check scheduler_zk_path of this cluster in "
            f"{self._cluster.path}: it has to be the -serverset_path of its schedulers, who make it",
        )

    def _no_leader(self, standing: int, skipped: int) -> LookupFailed:
        unusable = f"{skipped} that cannot be used, and " if skipped else ""
        advice = (
            "try again in a few minutes; one that is elected and waits for Mesos is not registered, and its /vars"
            " has scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1"
            if standing
            else "check that they run, with this path as their -serverset_path"
        )
        return self._failure(
            NoLeader,
            f"No schedulers detected in {self._cluster.name}! No leader is registered under "
            f"{self._ensemble.path} in Zookeeper {self._ensemble} ({unusable}{standing} standing for election)",
            advice,
        )

    def _several(self, members: Mapping[str, Member]) -> LookupFailed:
        listed = ", ".join(f"{name} {member.url}" for name, member in members.items())
        return self._failure(
            SeveralLeaders,
            f"{len(members)} schedulers of {self._cluster.name} are registered as leader under "
            f"{self._ensemble.path} in Zookeeper {self._ensemble}: {listed}",
            "none of them serves until the ZooKeeper session of the former leader ends, which takes seconds",
        )

    def _failure(self, kind: type[LookupFailed], reason: str, advice: str) -> LookupFailed:
        return kind(reason, str(self._ensemble), advice)

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._log.warn(quoted(text))


def wait_for_leader(search: Search, log: Output, timeout_seconds: float | None) -> Leader:
    """Look until there is a leader; raises as discovery.leader."""
    seconds = FIND_SECONDS if timeout_seconds is None else timeout_seconds
    attempts = Attempts(search.clock(REAL_CLOCK), log, seconds)
    try:
        while True:
            found = _leader_or_failure(search, attempts.deadline())
            if isinstance(found, Leader):
                return found
            if not attempts.again(found):
                raise found.error() from found
    finally:
        search.close()


def _leader_or_failure(search: Search, deadline: Deadline) -> Leader | LookupFailed:
    try:
        return search.look(deadline)
    except LookupFailed as failure:
        return failure
