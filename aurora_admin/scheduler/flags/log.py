"""The flags of the log: which engine it runs on, and how (docs/storage.md 3.4, docs/replicated-log.md 2.3)."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable

from aurora_admin.scheduler.flags.amounts import boolean, count, data_size
from aurora_admin.scheduler.flags.election import node_path, positive_seconds

# What means nothing for a log in a file of this host.
OF_ZOOKEEPER = """
native_log_election_timeout native_log_election_retries native_log_read_timeout native_log_write_timeout log_hard_limit
log_accept_older
""".split()
# A frame chunk is -dlog_max_entry_size of data in so many bytes of thrift around it (docs/storage.md 2.9).
FRAME_BYTES = 16
LARGEST_FILE_RECORD = 2**30
# A record travels in one request, and ZooKeeper takes requests of less than 1 MiB.
LARGEST_ZOOKEEPER_RECORD = 1_000_000


def add_flags(flag: Callable[..., None]) -> None:
    """Declare them; `flag` takes name, metavar, help and what argparse takes."""
    flag(
        "native_log_zk_group_path",
        "PATH",
        "node of the log in the ZooKeeper of -zk_endpoints, made by aurora-reference-log initialize "
        "(default: the log is a file in -native_log_file_path)",
        type=node_path,
    )
    flag(
        "native_log_quorum_size",
        "COUNT",
        "how many replicas must have an entry: checked against ZooKeeper's servers (default: whatever is right)",
        type=count,
    )
    _add_sizes(flag)
    _add_patience(flag)
    flag(
        "log_hard_limit",
        "SIZE",
        "refuse to lead with more than this in the log, all of which ZooKeeper keeps in memory (default 256MB)",
        type=_size,
        default=256 << 20,
    )
    flag(
        "log_accept_older",
        "true|false",
        "lead with a log that has gone back, as ZooKeeper restored from an old copy has (default false)",
        type=boolean,
        default=False,
    )


def _add_sizes(flag: Callable[..., None]) -> None:
    flag(
        "dlog_snapshot_interval",
        "TIME",
        "time between two snapshots in the log (default 1hrs)",
        type=positive_seconds,
        default=3600.0,
    )
    flag(
        "log_snapshot_bytes",
        "SIZE",
        "size of the log entries since the last snapshot that calls for one before its time (default 16MB)",
        type=_size,
        default=16 << 20,
    )
    flag(
        "dlog_max_entry_size",
        "SIZE",
        "largest log record; longer entries are split into frames (default 512KB)",
        type=entry_size,
        default=512 * 1024,
    )


def _add_patience(flag: Callable[..., None]) -> None:
    flag(
        "native_log_election_timeout",
        "TIME",
        "how long to wait for each answer of ZooKeeper in one attempt to take over the log (default 15secs)",
        type=positive_seconds,
        default=15.0,
    )
    flag(
        "native_log_election_retries",
        "COUNT",
        "how many attempts to take over the log are made before the scheduler exits (default 20)",
        type=count,
        default=20,
    )
    flag(
        "native_log_read_timeout",
        "TIME",
        "how long to wait for one record to be read (default 5secs)",
        type=positive_seconds,
        default=5.0,
    )
    flag(
        "native_log_write_timeout",
        "TIME",
        "how long to wait for the next record, or a truncation, to be written (default 3secs)",
        type=positive_seconds,
        default=3.0,
    )


def fault(flags: Namespace, given: set[str]) -> str | None:
    """Say which flags do not go together, if any."""
    if flags.native_log_zk_group_path is None:
        return _fault_of_file(flags, given)
    if flags.zk_endpoints is None:
        return "-native_log_zk_group_path without -zk_endpoints: give the ZooKeeper servers as well"
    return too_large("-dlog_max_entry_size", flags.dlog_max_entry_size, "-native_log_zk_group_path")


def too_large(option: str, size: int, where: str) -> str | None:
    """Say that a log in ZooKeeper takes no records of this size, if that is so."""
    most = LARGEST_ZOOKEEPER_RECORD - FRAME_BYTES
    return f"{option} of {size} bytes with {where}: ZooKeeper takes at most {most}BYTES" if size > most else None


def _fault_of_file(flags: Namespace, given: set[str]) -> str | None:
    lonely = [f"-{name}" for name in OF_ZOOKEEPER if name in given]
    if lonely:
        return f"{', '.join(lonely)} without -native_log_zk_group_path: a log in a file has no such thing; leave it out"
    if flags.native_log_quorum_size not in (None, 1):
        return (
            f"-native_log_quorum_size={flags.native_log_quorum_size} without -native_log_zk_group_path: a log in one "
            "file has one replica, so its quorum is 1"
        )
    return None


def _size(text: str) -> int:
    value = data_size(text)
    if value < 1:
        raise ArgumentTypeError(f"{text!r} must be more than nothing")
    return value


def entry_size(text: str) -> int:
    """Read -dlog_max_entry_size, in bytes."""
    value = data_size(text)
    if not 1 <= value <= LARGEST_FILE_RECORD:
        raise ArgumentTypeError(f"{text!r} must be from 1BYTES to 1GB")
    return value
