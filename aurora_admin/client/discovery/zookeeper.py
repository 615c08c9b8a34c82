"""Find the leader in ZooKeeper, and wait for one (docs/connection.md 2)."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from aurora_admin.client.discovery.leader import Leader
from aurora_admin.client.failures import (
    LookupFailed,
    MultipleLeaders,
    NoLeader,
    PathMissing,
    ZooKeeperUnreachable,
    one_line,
)
from aurora_admin.client.http.url import request_url
from aurora_admin.client.retry import (
    FIND_LEADER_SECONDS,
    LOOKUP_SECONDS,
    REAL_CLOCK,
    SETTLE_SECONDS,
    WARN_AFTER_SECONDS,
    Deadline,
    Retry,
)
from aurora_admin.errors import ConfigError
from aurora_admin.zookeeper import addresses, server_set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aurora_admin.client.discovery.session import LookupSession
    from aurora_admin.client.retry import Clock
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output
    from aurora_admin.zookeeper.server_set import Member

T = TypeVar("T")


class Ensemble(NamedTuple):
    """The ZooKeeper servers of a cluster, host:port each, and the path of its schedulers from the root."""

    hosts: tuple[str, ...]
    path: str

    def __str__(self) -> str:
        return ",".join(self.hosts)


def ensemble_of(cluster: Cluster) -> Ensemble:
    """Return the servers and the path in a cluster's entry; a chroot may follow the last server.

    Raises:
        ConfigError: one of them is invalid, or the path is missing.
    """
    where, connection = f"Cluster {cluster.name} in {cluster.path}", cluster.connection()
    try:
        hosts, chroot = addresses.hosts_and_chroot(connection.zk or "", connection.zk_port)
    except ValueError as error:
        raise ConfigError(f"{where}: zk {connection.zk!r} cannot be used: {error}") from error
    if not connection.scheduler_zk_path:
        raise ConfigError(
            f"{where} has zk but no scheduler_zk_path: give the path that its schedulers have as -serverset_path"
        )
    try:
        return Ensemble(hosts, addresses.path(chroot, connection.scheduler_zk_path))
    except ValueError as error:
        raise ConfigError(f"{where}: scheduler_zk_path cannot be used: {error}") from error


class ZooKeeperFinder:
    """Finds the leader in ZooKeeper.

    Every lookup reads ZooKeeper. The session is kept between lookups, because its watches end a wait as soon as
    something has changed.
    """

    def __init__(self, cluster: Cluster, log: Output) -> None:
        self._cluster = cluster
        self._ensemble = ensemble_of(cluster)
        self._log = log
        self._warned: set[str] = set()
        self._changed = Event()
        self._session: LookupSession | None = None

    def find(self, deadline: Deadline) -> Leader:
        """Look the leader up once.

        Raises:
            LookupFailed: there is no leader now, or ZooKeeper cannot be read.
        """
        names, nodes = self.read(deadline, server_set.MEMBER.fullmatch)
        return self._only(server_set.prefer_alive(self.members(nodes)), names, len(nodes))

    def read(self, deadline: Deadline, wanted: Callable[[str], Any]) -> tuple[list[str], dict[str, bytes | None]]:
        """Return the names of the nodes, and the contents of those that are wanted; None is one that is not readable.

        Raises:
            LookupFailed: ZooKeeper cannot be read, or does not have the path.
        """
        from aurora_admin.client.discovery.session import Unavailable

        seconds = min(LOOKUP_SECONDS, deadline.left())
        try:
            found = self._read(seconds, Deadline(REAL_CLOCK, seconds), wanted)
        except Unavailable as error:
            self.close()
            raise self._failure(
                ZooKeeperUnreachable,
                f"Failed to connect to Zookeeper {self._ensemble}: {one_line(str(error))}",
                f"check that it runs, and zk and zk_port of {self._cluster.name} in {self._cluster.path}",
            ) from error
        if found is None:
            raise self._path_missing()
        return found

    def clock(self, clock: Clock) -> Clock:
        """Return a clock whose sleep returns true, and early, when something has changed in ZooKeeper."""

        def sleep(seconds: float) -> bool:
            has_changed = self._changed.wait(seconds)
            if has_changed:
                REAL_CLOCK.sleep(SETTLE_SECONDS)
            return has_changed

        return clock._replace(sleep=sleep)

    def close(self) -> None:
        """End the session, if there is one."""
        if self._session:
            self._session.close()
        self._session = None

    def _read(
        self, seconds: float, deadline: Deadline, wanted: Callable[[str], Any]
    ) -> tuple[list[str], dict[str, bytes | None]] | None:
        from aurora_admin.client.discovery.session import LookupSession

        def wait(event: Callable[[float], bool]) -> bool:
            if event(min(WARN_AFTER_SECONDS, deadline.left())):
                return True
            if deadline.left():
                self._warn_once(f"Waiting for Zookeeper {self._ensemble} to answer")
            return event(deadline.left())

        if self._session and not self._session.is_open:
            self.close()
        self._changed.clear()
        if not self._session:
            self._session = LookupSession(str(self._ensemble), seconds, self._changed)
            self._session.open(wait)
        return self._session.read(self._ensemble.path, wanted, wait)

    def members(self, nodes: Mapping[str, bytes | None]) -> dict[str, Member]:
        """Return the members that can be used, of the contents of nodes, and warn of the others."""
        members = {}
        for name, raw in sorted(nodes.items()):
            if not server_set.MEMBER.fullmatch(name):
                continue
            try:
                member = server_set.member(raw)
                members[name] = member._replace(url=request_url(member.url))
            except ValueError as error:
                self._warn_once(f"Skipping {name} of {self._cluster.name} in Zookeeper: {error}")
                continue
            if member.warning:
                self._warn_once(f"Taking the serviceEndpoint of {name} of {self._cluster.name}: {member.warning}")
        return members

    def _only(self, members: Mapping[str, Member], names: list[str], node_count: int) -> Leader:
        if not members:
            raise self.no_leader(server_set.count_candidates(names), node_count)
        if len(members) > 1:
            raise self._multiple_leaders(members)
        [(name, member)] = members.items()
        self._log.debug(f"{name} in Zookeeper {self._ensemble}: {member.url}, {member.status or 'no status'}")
        return Leader(member.url, f"{member.url}/api")

    def _path_missing(self) -> LookupFailed:
        return self._failure(
            PathMissing,
            f"No schedulers detected in {self._cluster.name}! There is no {self._ensemble.path} in Zookeeper "
            f"{self._ensemble}",
            f"check scheduler_zk_path of this cluster in {self._cluster.path}: it has to be the -serverset_path of its "
            "schedulers, which create it",
        )

    def no_leader(self, candidates: int, skipped: int) -> LookupFailed:
        """Return the failure if there is no usable member; `skipped` is the number of those that cannot be used."""
        unusable = f"{skipped} unusable, " if skipped else ""
        advice = (
            "try again in a few minutes; a scheduler that is elected and waits for Mesos is not registered, and its "
            "/vars has scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1"
            if candidates
            else "check that they run, with this path as their -serverset_path"
        )
        return self._failure(
            NoLeader,
            f"No schedulers detected in {self._cluster.name}! No leader is registered under "
            f"{self._ensemble.path} in Zookeeper {self._ensemble} ({unusable}candidates: {candidates})",
            advice,
        )

    def _multiple_leaders(self, members: Mapping[str, Member]) -> LookupFailed:
        listed = ", ".join(f"{name} {member.url}" for name, member in members.items())
        return self._failure(
            MultipleLeaders,
            f"{len(members)} schedulers of {self._cluster.name} are registered as leader under "
            f"{self._ensemble.path} in Zookeeper {self._ensemble}: {listed}",
            "none of them serves until the ZooKeeper session of the former leader ends, which takes seconds",
        )

    def _failure(self, kind: type[LookupFailed], reason: str, advice: str) -> LookupFailed:
        return kind(reason, str(self._ensemble), advice)

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._log.warn(one_line(text))


def wait_for(
    look_up: Callable[[Deadline], T], finder: ZooKeeperFinder, log: Output, timeout_seconds: float | None
) -> T:
    """Look something up with a finder until that succeeds, and close the finder; raise as discovery.leader does."""
    seconds = FIND_LEADER_SECONDS if timeout_seconds is None else timeout_seconds
    retry = Retry(finder.clock(REAL_CLOCK), log, seconds)
    try:
        while True:
            found = _found_or_failure(look_up, retry.attempt_deadline())
            if not isinstance(found, LookupFailed):
                return found
            if not retry.wait_after(found):
                raise found.error() from found
    finally:
        finder.close()


def _found_or_failure(look_up: Callable[[Deadline], T], deadline: Deadline) -> T | LookupFailed:
    try:
        return look_up(deadline)
    except LookupFailed as failure:
        return failure
