"""Read the nodes of a log: the small ones, its records, and where it ends."""

import re
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError, NoNodeError

from aurora_admin.scheduler.storage.engine import RESTORE_ADVICE, LogError
from aurora_admin.scheduler.storage.zookeeper.connection import LogLocation, reason
from aurora_admin.scheduler.storage.zookeeper.layout import (
    MESOS_REPLICA,
    Format,
    Layout,
    Owner,
    decode_format,
    decode_owner,
    decode_position,
)
from aurora_admin.zookeeper.connection import KAZOO_ERRORS

WINDOW = 16
# The members of the ensemble; a standalone server lists none.
CONFIG = "/zookeeper/config"
VOTER = re.compile(rb"^server\.\d+=[^;\n]*:participant\b", re.MULTILINE)


class LogUnavailable(LogError):
    """ZooKeeper did not respond; a later attempt may succeed."""


class LogNodes(NamedTuple):
    """The nodes of a log as one session sees them. Nothing is written here.

    `seconds` is the time-out of each request.
    Every method raises LogError if a node cannot be read, and LogUnavailable if a later attempt may succeed.
    """

    client: KazooClient
    location: LogLocation
    seconds: float

    @property
    def layout(self) -> Layout:
        return Layout(self.location.root)

    def sync(self) -> None:
        """Wait until the server has every write that was acknowledged before; it may be behind the others."""
        try:
            self.client.sync_async(self.location.root).get(timeout=self.seconds)
        except NoNodeError:
            return
        except KAZOO_ERRORS as error:
            raise self._read_error(self.location.root, error) from error

    def check_root(self) -> None:
        """Check that the path exists and is not that of a Mesos log.

        Raises:
            LogError: it is missing, or has replicas of a Mesos log.
        """
        children = self.children(self.location.root)
        if children is None:
            raise LogError(
                f"There is no node {self.location}: check -native_log_zk_group_path, to which no chroot is added. "
                f"To create a new log, run: {self._initialize_command}"
            )
        replicas = [name for name in children if MESOS_REPLICA.fullmatch(name)]
        if replicas:
            raise LogError(
                f"{self.location} belongs to replicas of a real Mesos log (it has the child {replicas[0]}); nothing "
                "was changed. Use a different path for this log."
            )

    def check_quorum(self, given: int | None) -> None:
        """Check that a quorum is the majority of the voting servers; a wrong one could lose entries of a Mesos log.

        Raises:
            LogError: it is not, or cannot be checked.
        """
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
                f"-native_log_quorum_size={given} is wrong: ZooKeeper {self.location.hosts} has {voters} voting "
                f"server{'s' * (voters > 1)}, so the quorum is {voters // 2 + 1}. Use that value, or leave it out."
            )

    @property
    def _initialize_command(self) -> str:
        return f"aurora-reference-log initialize --zk={self.location.hosts} --group={self.location.root}"

    def format(self) -> Format:
        """Return R/format.

        Raises:
            LogError: the log is not initialised, or its format is unknown.
        """
        found = self.get(self.layout.format)
        if found is None:
            raise LogError(
                f"{self.location} holds no initialised log. If there should be one, stop and look for it. "
                f"To create a new log, run: {self._initialize_command}"
            )
        return decode_format(found[0], self.layout.format)

    def owner(self) -> tuple[Owner, int]:
        """Return R/epoch, and the version of its node, which is the fence."""
        raw, version = self.require(self.layout.epoch)
        return decode_owner(raw, self.layout.epoch), version

    def begin(self) -> int:
        return decode_position(self.require(self.layout.begin)[0], self.layout.begin)

    def leader(self) -> str | None:
        """Return the host of the process that holds the log; None if no process does."""
        found = self.get(self.layout.leader)
        return found and found[0].decode(errors="replace")

    def last(self) -> int:
        """Return the position of the newest record; -1 if there never was one."""
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
        """Return the positions in one segment, in order; none if it was deleted."""
        return sorted(decode_position(name.encode(), f"{segment}/{name}") for name in self.children(segment) or ())

    def records(self, begin: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Yield records with their positions; WINDOW of them are requested at a time.

        Raises:
            LogError: a position is missing or cannot be read.
        """
        pending: deque[tuple[int, Any]] = deque()
        for position in range(begin, last + 1):
            pending.append((position, self.client.get_async(self.layout.record(position))))
            if len(pending) == WINDOW:
                yield self._received(*pending.popleft())
        while pending:
            yield self._received(*pending.popleft())

    def _received(self, position: int, result: Any) -> tuple[int, bytes]:
        try:
            return position, result.get(timeout=self.seconds)[0]
        except NoNodeError as error:
            raise self.missing_position(position) from error
        except KAZOO_ERRORS as error:
            raise LogError(
                f"Position {position} of the log {self.location} cannot be read: {reason(error)}."
            ) from error

    def missing_position(self, position: int) -> LogError:
        """Return the error to raise if a record is missing."""
        return LogError(f"Position {position} is missing from the log {self.location}. Wipe the log. {RESTORE_ADVICE}")

    def get(self, path: str) -> tuple[bytes, int] | None:
        """Return the data and version of a node; None if there is no such node."""
        try:
            raw, stat = self.client.get_async(path).get(timeout=self.seconds)
        except NoNodeError:
            return None
        except KAZOO_ERRORS as error:
            raise self._read_error(path, error) from error
        return raw, stat.version

    def require(self, path: str) -> tuple[bytes, int]:
        """Return the data and version of a node that every log has."""
        found = self.get(path)
        if found is None:
            raise LogError(f"The log {self.location} has no node {path}: it is damaged or being wiped.")
        return found

    def children(self, path: str) -> list[str] | None:
        """Return the names of the children of a node; None if there is no such node."""
        try:
            return list(self.client.get_children_async(path).get(timeout=self.seconds))
        except NoNodeError:
            return None
        except KAZOO_ERRORS as error:
            raise self._read_error(path, error) from error

    def _read_error(self, path: str, error: BaseException) -> LogError:
        kind = LogError if isinstance(error, NoAuthError) else LogUnavailable
        return kind(f"The node {path} in ZooKeeper {self.location.hosts} cannot be read: {reason(error)}.")
