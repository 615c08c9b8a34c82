"""Which engine the log runs on: that follows from the flags (docs/replicated-log.md 2.3)."""

from argparse import Namespace
from collections.abc import Callable

from aurora_admin.scheduler.storage.engine import LogEngine


def open_log(flags: Namespace, on_lost: Callable[[str], None]) -> LogEngine:
    """Open the log that the flags name, to be read; its engine's `fence` makes it writable.

    `on_lost` is called with a text, in any thread, when this process holds the log no more: it must end. It must not
    wait for anything.

    Raises:
        LogError: it is not there, not initialised, not this cluster's, or in use.
    """
    if flags.native_log_zk_group_path is None:
        from aurora_admin.scheduler.storage.sqlite import SqliteLog

        return SqliteLog(flags.native_log_file_path)
    return _zookeeper_log(flags, on_lost)


def _zookeeper_log(flags: Namespace, on_lost: Callable[[str], None]) -> LogEngine:
    from aurora_admin.scheduler.storage.zookeeper.connection import Place
    from aurora_admin.scheduler.storage.zookeeper.log import ZooKeeperLog
    from aurora_admin.scheduler.storage.zookeeper.takeover import Settings

    place = Place(
        flags.zk_endpoints,
        flags.native_log_zk_group_path,
        flags.zk_digest_credentials,
        session_seconds=flags.zk_session_timeout,
        connect_seconds=flags.zk_connection_timeout,
    )
    settings = Settings(
        flags.hostname,
        flags.cluster_name,
        flags.native_log_file_path,
        quorum=flags.native_log_quorum_size,
        takeover_seconds=flags.native_log_election_timeout,
        takeover_tries=flags.native_log_election_retries,
        read_seconds=flags.native_log_read_timeout,
        write_seconds=flags.native_log_write_timeout,
        hard_limit=flags.log_hard_limit,
        accept_older=flags.log_accept_older,
    )
    return ZooKeeperLog(place, settings, on_lost)
