"""Open the log engine that the flags of a scheduler select (docs/replicated-log.md 2.3)."""

from argparse import Namespace
from collections.abc import Callable

from aurora_admin.scheduler.storage.engine import LogEngine


def open_log(flags: Namespace, on_lost: Callable[[str], None]) -> LogEngine:
    """Open the log for reading; `fence` of its engine makes it writable.

    `on_lost` is called with a reason, in any thread, when this process no longer owns the log and must end. It must not
    block.

    Raises:
        LogError: the log is missing, not initialised, of another cluster, or in use.
    """
    if flags.native_log_zk_group_path is None:
        from aurora_admin.scheduler.storage.sqlite.log import SqliteLog

        return SqliteLog(flags.native_log_file_path)
    return _zookeeper_log(flags, on_lost)


def _zookeeper_log(flags: Namespace, on_lost: Callable[[str], None]) -> LogEngine:
    from aurora_admin.scheduler.storage.zookeeper.connection import LogLocation
    from aurora_admin.scheduler.storage.zookeeper.log import ZooKeeperLog
    from aurora_admin.scheduler.storage.zookeeper.settings import LogSettings

    location = LogLocation(
        flags.zk_endpoints,
        flags.native_log_zk_group_path,
        flags.zk_digest_credentials,
        session_seconds=flags.zk_session_timeout,
        connect_seconds=flags.zk_connection_timeout,
    )
    settings = LogSettings(
        flags.hostname,
        flags.cluster_name,
        flags.native_log_file_path,
        quorum=flags.native_log_quorum_size,
        takeover_seconds=flags.native_log_election_timeout,
        takeover_attempts=flags.native_log_election_retries,
        read_seconds=flags.native_log_read_timeout,
        write_seconds=flags.native_log_write_timeout,
        hard_limit=flags.log_hard_limit,
        accept_older=flags.log_accept_older,
    )
    return ZooKeeperLog(location, settings, on_lost)
