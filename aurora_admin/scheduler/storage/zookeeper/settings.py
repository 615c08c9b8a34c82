"""How this process uses a log in ZooKeeper."""

from typing import NamedTuple


class LogSettings(NamedTuple):
    """Who uses the log, and its time-outs and limits. Times in seconds, sizes in bytes.

    `folder` is where this host keeps its high-water mark.
    """

    host: str
    cluster: str
    folder: str
    quorum: int | None = None
    takeover_seconds: float = 15.0
    takeover_attempts: int = 20
    read_seconds: float = 5.0
    write_seconds: float = 3.0
    hard_limit: int = 256 << 20
    accept_older: bool = False
