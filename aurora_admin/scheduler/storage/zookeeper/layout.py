"""The nodes of a log below its root R, and what they contain (docs/replicated-log.md 2.4).

R/format                log id, format and cluster; a log is initialised if it exists
R/epoch                 the owner; the version of this node is the fence, and only a takeover writes it
R/begin                 the first live position
R/leader                ephemeral: the host of the process that holds the log
R/seg/SEGMENT/POSITION  one record, written once; a segment has 1024 positions, so that the reply to a listing is small
R/wiped                 ids of the logs that were at this path before
"""

import json
import re
from typing import Any, NamedTuple

from aurora_admin.scheduler.storage.engine import FORMAT, RESTORE_ADVICE, LogError

SEGMENT = 1024
# A server closes the connection without an error if a request has more bytes, so the limit is checked here. Besides the
# record a request has three paths, each with the root, and the headers of its operations.
MAX_REQUEST = 1_048_575
MAX_ROOT = 1024
MAX_RECORD = MAX_REQUEST - 4 * MAX_ROOT - 1024
# Replicas of a Mesos log: ten digits, or a label and digits (docs/replicated-log.md 1.10).
MESOS_REPLICA = re.compile(r"(.*_)?\d+", re.ASCII | re.DOTALL)


class Layout(NamedTuple):
    """The paths of one log's nodes."""

    root: str

    @property
    def format(self) -> str:
        return f"{self.root}/format"

    @property
    def epoch(self) -> str:
        return f"{self.root}/epoch"

    @property
    def begin(self) -> str:
        return f"{self.root}/begin"

    @property
    def leader(self) -> str:
        return f"{self.root}/leader"

    @property
    def segments(self) -> str:
        return f"{self.root}/seg"

    @property
    def wiped(self) -> str:
        return f"{self.root}/wiped"

    def segment(self, position: int) -> str:
        """Return the path of the segment that a position is in."""
        return f"{self.root}/seg/{position // SEGMENT:010}"

    def record(self, position: int) -> str:
        return f"{self.segment(position)}/{position:020}"


class Format(NamedTuple):
    """The content of R/format, which never changes."""

    log_id: str
    cluster: str | None
    created: str
    tool: str
    replaces: tuple[str, ...]

    def encode(self) -> bytes:
        return json.dumps({"format": FORMAT, **self._asdict()}).encode()


class Owner(NamedTuple):
    """The content of R/epoch: how often the log was taken over, and the process that did so last."""

    epoch: int
    host: str | None = None
    cluster: str | None = None
    time: str | None = None

    def encode(self) -> bytes:
        return json.dumps(self._asdict()).encode()


def decode_format(raw: bytes, path: str) -> Format:
    """Decode R/format.

    Raises:
        LogError: it has a newer format, or is damaged.
    """
    found = _document(raw, path)
    version = found.pop("format", None)
    if version != FORMAT:
        raise LogError(
            f"The log's node {path} has format {version}; this version supports {FORMAT}. "
            "Use the version that wrote it."
        )
    try:
        return Format(**{**found, "replaces": tuple(found["replaces"])})
    except (KeyError, TypeError) as error:
        raise _damaged(path) from error


def decode_owner(raw: bytes, path: str) -> Owner:
    """Decode R/epoch.

    Raises:
        LogError: it is damaged.
    """
    try:
        owner = Owner(**_document(raw, path))
    except TypeError as error:
        raise _damaged(path) from error
    if not isinstance(owner.epoch, int):
        raise _damaged(path)
    return owner


def decode_position(raw: bytes, path: str) -> int:
    """Decode R/begin, or the name of a record.

    Raises:
        LogError: it is damaged.
    """
    if not raw.isdigit():
        raise _damaged(path)
    return int(raw)


def _document(raw: bytes, path: str) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(found, dict):
        raise _damaged(path)
    return found


def _damaged(path: str) -> LogError:
    return LogError(f"The log's node {path} in ZooKeeper is damaged. Wipe the log. {RESTORE_ADVICE}")
