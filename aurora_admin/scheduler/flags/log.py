"""The flags of the log: its engine, sizes and time-outs (docs/storage.md 3.4, docs/replicated-log.md 2.3)."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable

from aurora_admin.scheduler.flags.amounts import boolean, count, data_size, positive_seconds, positive_size
from aurora_admin.scheduler.flags.election import node_path

# The flags that have no effect on a log in a file.
NEED_ZOOKEEPER = """
native_log_election_timeout native_log_election_retries native_log_read_timeout native_log_write_timeout log_hard_limit
log_accept_older
""".split()
# What Thrift adds to the -dlog_max_entry_size bytes of data in a frame (docs/storage.md 2.9).
FRAME_BYTES = 16
MAX_FILE_RECORD = 2**30
# A record is sent in one request, and ZooKeeper accepts requests of less than 1 MiB.
MAX_ZOOKEEPER_RECORD = 1_000_000


def add_flags(flag: Callable[..., None]) -> None:
    """Declare the flags. `flag` takes name, metavar and help, and what else argparse takes."""
    flag(
        "native_log_zk_group_path",
        "PATH",
        "node of the log in the ZooKeeper of -zk_endpoints, created by aurora-reference-log initialize "
        "(default: the log is a file in -native_log_file_path)",
        type=node_path,
    )
    flag(
        "native_log_quorum_size",
        "COUNT",
        "number of replicas that must have an entry; checked against the ZooKeeper servers (default: not checked)",
        type=count,
    )
    _add_sizes(flag)
    _add_timeouts(flag)
    flag(
        "log_hard_limit",
        "SIZE",
        "largest log that the scheduler leads with; ZooKeeper keeps all of it in memory (default 256MB)",
        type=positive_size,
        default=256 << 20,
    )
    flag(
        "log_accept_older",
        "true|false",
        "lead with a log that is older than the one seen last, as after ZooKeeper was restored from a copy (default "
        "false)",
        type=boolean,
        default=False,
    )


def _add_sizes(flag: Callable[..., None]) -> None:
    flag(
        "dlog_snapshot_interval",
        "TIME",
        "time between two snapshots of the state in the log (default 1hrs)",
        type=positive_seconds,
        default=3600.0,
    )
    flag(
        "log_snapshot_bytes",
        "SIZE",
        "write a snapshot before its time when the log entries since the last one exceed this size (default 16MB)",
        type=positive_size,
        default=16 << 20,
    )
    flag(
        "dlog_max_entry_size",
        "SIZE",
        "largest log record; longer entries are split into frames (default 512KB)",
        type=entry_size,
        default=512 * 1024,
    )


def _add_timeouts(flag: Callable[..., None]) -> None:
    flag(
        "native_log_election_timeout",
        "TIME",
        "time-out of each request to ZooKeeper while the log is taken over (default 15secs)",
        type=positive_seconds,
        default=15.0,
    )
    flag(
        "native_log_election_retries",
        "COUNT",
        "how many times to try to take over the log before the scheduler exits (default 20)",
        type=count,
        default=20,
    )
    flag(
        "native_log_read_timeout",
        "TIME",
        "time-out of reading one record (default 5secs)",
        type=positive_seconds,
        default=5.0,
    )
    flag(
        "native_log_write_timeout",
        "TIME",
        "time-out of writing one record, or of a truncation (default 3secs)",
        type=positive_seconds,
        default=3.0,
    )


def conflict(flags: Namespace, given: set[str]) -> str | None:
    """Return a text about flags that do not go together; None if all do."""
    if flags.native_log_zk_group_path is None:
        return _conflict_of_file(flags, given)
    if flags.zk_endpoints is None:
        return "-native_log_zk_group_path without -zk_endpoints: give the ZooKeeper servers as well"
    return too_large("-dlog_max_entry_size", flags.dlog_max_entry_size, "-native_log_zk_group_path")


def too_large(option: str, size: int, where: str) -> str | None:
    """Return a text if records of this size are too large for a log in ZooKeeper; None if they are not."""
    most = MAX_ZOOKEEPER_RECORD - FRAME_BYTES
    return f"{option} of {size} bytes with {where}: ZooKeeper takes at most {most}BYTES" if size > most else None


def _conflict_of_file(flags: Namespace, given: set[str]) -> str | None:
    names = ", ".join(f"-{name}" for name in NEED_ZOOKEEPER if name in given)
    if names:
        return f"{names} without -native_log_zk_group_path: this does not apply to a log in a file; leave it out"
    if flags.native_log_quorum_size not in (None, 1):
        return (
            f"-native_log_quorum_size={flags.native_log_quorum_size} without -native_log_zk_group_path: a log in one "
            "file has one replica, so its quorum is 1"
        )
    return None


def entry_size(text: str) -> int:
    """Return the value of -dlog_max_entry_size, in bytes.

    Raises:
        ArgumentTypeError: the text is not a size, or not one that a log in a file takes.
    """
    value = data_size(text)
    if not 1 <= value <= MAX_FILE_RECORD:
        raise ArgumentTypeError(f"{text!r} must be from 1BYTES to 1GB")
    return value
