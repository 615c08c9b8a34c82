"""What is in a log: the small nodes, where it ends, and its records."""

import re
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError, NoNodeError

from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.zookeeper.connection import FAILURES, Place, reason
from aurora_admin.scheduler.storage.zookeeper.layout import (
    MESOS_REPLICA,
    Format,
    Layout,
    Owner,
    decode_format,
    decode_owner,
    decode_position,
)

WINDOW = 16
# What the ensemble says of itself; a server alone says nothing.
CONFIG = "/zookeeper/config"
VOTER = re.compile(rb"^server\.\d+=[^;\n]*:participant\b", re.MULTILINE)


class Unanswered(LogError):
    """ZooKeeper did not answer; it may do so the next time."""


class Contents(NamedTuple):
    """The log's nodes as one session sees them. Nothing is written here.

    `seconds` is how long one answer may take.
    Everything raises LogError where a node cannot be read, and Unanswered where that may be different later.
    """

    client: KazooClient
    place: Place
    seconds: float

    @property
    def layout(self) -> Layout:
        return Layout(self.place.root)

    def catch_up(self) -> None:
        """See everything that was acknowledged to anybody; a server may be behind the others."""
        try:
            self.client.sync_async(self.place.root).get(timeout=self.seconds)
        except NoNodeError:
            return
        except FAILURES as error:
            raise self.unreadable(self.place.root, error) from error

    def check_root(self) -> None:
        """Refuse a path that is not there, or is a Mesos log's."""
        children = self.children(self.place.root)
        if children is None:
            raise LogError(
                f"There is no node {self.place}: check -native_log_zk_group_path, which no chroot is applied to. "
                f"If it is to be a new log, run: {self._initialize}"
            )
        replicas = [name for name in children if MESOS_REPLICA.fullmatch(name)]
        if replicas:
            raise LogError(
                f"{self.place} belongs to replicas of a real Mesos log (it has the child {replicas[0]}); nothing was "
                "changed. Give this log a path of its own."
            )

    def check_quorum(self, given: int | None) -> None:
        """Refuse a quorum that is not that of ZooKeeper's voting servers; with a Mesos log it could lose entries."""
        if given is None:
            return
        found = self.get(CONFIG)
        if found is None:
            raise LogError(
                f"-native_log_quorum_size cannot be checked: this ZooKeeper has no node {CONFIG}. Leave it out."
            )
        voters = len(VOTER.findall(found[0])) or 1
        if given != voters // 2 + 1:
            raise LogError(
                f"-native_log_quorum_size={given} is wrong: ZooKeeper {self.place.hosts} has {voters} voting "
                f"server{'s' * (voters > 1)}, so that it is {voters // 2 + 1}. Give that, or leave it out."
            )

    @property
    def _initialize(self) -> str:
        return f"aurora-reference-log initialize --zk={self.place.hosts} --group={self.place.root}"

    def format(self) -> Format:
        """Return what the log is.

        Raises:
            LogError: it is not initialised, or its format is not known.
        """
        found = self.get(self.layout.format)
        if found is None:
            raise LogError(
                f"{self.place} holds no initialised log. If it should, do not go on: look for the old one. "
                f"Otherwise run: {self._initialize}"
            )
        return decode_format(found[0], self.layout.format)

    def owner(self) -> tuple[Owner, int]:
        """Return who took the log over last, and the version of the node: the fence."""
        raw, version = self.need(self.layout.epoch)
        return decode_owner(raw, self.layout.epoch), version

    def begin(self) -> int:
        return decode_position(self.need(self.layout.begin)[0], self.layout.begin)

    def leader(self) -> str | None:
        """Return the host whose process holds the log, if one does."""
        found = self.get(self.layout.leader)
        return found and found[0].decode(errors="replace")

    def last(self) -> int:
        """Return the position of the newest record; -1 where there was none ever."""
        for segment in reversed(self.segments()):
            positions = self.positions(segment)
            if positions:
                return positions[-1]
        return -1

    def segments(self) -> list[str]:
        """Return the nodes of the segments, in order."""
        path = self.layout.segments
        return [f"{path}/{name}" for name in sorted(self.children(path) or ())]

    def positions(self, segment: str) -> list[int]:
        """Return the positions in one segment, in order; none where it is gone."""
        return sorted(decode_position(name.encode(), f"{segment}/{name}") for name in self.children(segment) or ())

    def records(self, begin: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Yield records with their positions, several on their way at a time.

        Raises:
            LogError: one is missing; it is named.
        """
        asked: deque[tuple[int, Any]] = deque()
        for position in range(begin, last + 1):
            asked.append((position, self.client.get_async(self.layout.record(position))))
            if len(asked) == WINDOW:
                yield self._answered(*asked.popleft())
        while asked:
            yield self._answered(*asked.popleft())

    def _answered(self, position: int, answer: Any) -> tuple[int, bytes]:
        try:
            return position, answer.get(timeout=self.seconds)[0]
        except NoNodeError as error:
            raise self.missing(position) from error
        except FAILURES as error:
            raise LogError(f"Position {position} of the log {self.place} cannot be read: {reason(error)}.") from error

    def missing(self, position: int) -> LogError:
        return LogError(
            f"Position {position} is missing from the log {self.place}. Wipe it, make a new log, and restore a backup."
        )

    def get(self, path: str) -> tuple[bytes, int] | None:
        """Return a node's bytes and version; None where there is no such node."""
        try:
            raw, stat = self.client.get_async(path).get(timeout=self.seconds)
        except NoNodeError:
            return None
        except FAILURES as error:
            raise self.unreadable(path, error) from error
        return raw, stat.version

    def need(self, path: str) -> tuple[bytes, int]:
        """Return a node that every log has."""
        found = self.get(path)
        if found is None:
            raise LogError(f"The log {self.place} has no node {path}: it is damaged or being wiped.")
        return found

    def children(self, path: str) -> list[str] | None:
        """Return the names below a node; None where there is no such node."""
        try:
            return list(self.client.get_children_async(path).get(timeout=self.seconds))
        except NoNodeError:
            return None
        except FAILURES as error:
            raise self.unreadable(path, error) from error

    def unreadable(self, path: str, error: BaseException) -> LogError:
        kind = LogError if isinstance(error, NoAuthError) else Unanswered
        return kind(f"The node {path} in ZooKeeper {self.place.hosts} cannot be read: {reason(error)}.")
