"""The parts that a scheduler process is made of, from its flags."""

import logging
import threading
import time
from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.audit import Audit
from aurora_admin.scheduler.background import PeriodicTask
from aurora_admin.scheduler.drain_poller import DrainPoller
from aurora_admin.scheduler.election.advertised import warn_of_loopback
from aurora_admin.scheduler.election.registration import Registration
from aurora_admin.scheduler.lifecycle import Components, Lifecycle, TimeLimits
from aurora_admin.scheduler.recovery import Recovery
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.storage.backup_folder import BackupFolder
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.measured import MeasuredEngine
from aurora_admin.scheduler.storage.open_log import open_log
from aurora_admin.scheduler.storage.storage import Storage
from aurora_admin.scheduler.web.application import Application
from aurora_admin.scheduler.web.server import Server
from aurora_admin.zookeeper.server_set import Endpoint

if TYPE_CHECKING:
    from aurora_admin.scheduler.election.election import Election

logger = logging.getLogger(__name__)


def run(flags: Namespace) -> int:
    """Run a scheduler and return its exit status.

    Raises:
        LogError, BackupFailed, OSError: it cannot be started; nothing runs.
    """
    waits_for_master = flags.mesos_master_address is not None
    limits = TimeLimits(flags.max_leading_duration, flags.max_registration_delay if waits_for_master else None)
    lifecycle = Lifecycle(limits)
    components = assemble(flags, lifecycle)
    _warn(flags)
    return lifecycle.run(components)


def assemble(flags: Namespace, lifecycle: Lifecycle) -> Components:
    """Open the log and the backup folder, bind the port, and connect all parts; only the lifecycle starts them.

    Raises:
        LogError, BackupFailed, OSError: as run().
    """
    statistics = Statistics()
    statistics.count_uncaught()
    with statistics.timed("scheduler_storage_prepare"):
        engine = MeasuredEngine(open_log(flags, lifecycle.fail), statistics)
    backups = BackupFolder(flags.backup_dir, flags.max_saved_backups, flags.cluster_name, statistics=statistics)
    storage = _storage(flags, engine, statistics, lifecycle)
    recovery = Recovery(flags.backup_dir, storage, lifecycle.why_not_stage, allow_partial=flags.allow_partial_backup)
    backups.in_use = lambda: recovery.in_use
    poller = DrainPoller()
    services = Services(
        storage,
        recovery,
        backups,
        flags.cluster_name,
        flags.hostname,
        lifecycle.stop,
        audit=Audit(flags.native_log_file_path),
        poll_maintenance=poller.wake.set,
    )

    def variables() -> dict[str, object]:
        return {**lifecycle.variables(), **statistics.variables(), **storage.sizes()}

    server = Server((flags.ip, flags.http_port), Application(services, lifecycle.leadership, variables), statistics)
    server.prepare()
    return Components(
        engine,
        storage,
        server,
        Endpoint(flags.hostname, server.bind_addr[1]),
        flags.serverset_endpoint_name,
        Registration(flags.mesos_master_address, lifecycle.registered),
        _election(flags, statistics, lifecycle) if flags.zk_endpoints else None,
        [
            _snapshot_task(flags, storage),
            _backup_task(flags, storage, backups),
            _drain_task(flags, services, poller),
        ],
    )


def _storage(flags: Namespace, engine: MeasuredEngine, statistics: Statistics, lifecycle: Lifecycle) -> Storage:
    folder = flags.native_log_file_path
    log = Log(engine, folder, flags.dlog_max_entry_size, statistics)
    return Storage(log, folder, lifecycle.fail, flags.log_snapshot_bytes, allow_partial=flags.allow_partial_backup)


def _election(flags: Namespace, statistics: Statistics, lifecycle: Lifecycle) -> "Election":
    # These import kazoo, which is slow and which a scheduler that leads alone does not need.
    from aurora_admin.scheduler.election.connection_states import ConnectionStates
    from aurora_admin.scheduler.election.election import Election
    from aurora_admin.scheduler.election.session import Access

    access = Access(
        flags.zk_endpoints,
        flags.zk_chroot_path or "",
        flags.zk_session_timeout,
        flags.zk_connection_timeout,
        flags.zk_digest_credentials,
    )
    return Election(
        access,
        flags.serverset_path,
        flags.hostname,
        on_elected=lifecycle.elected,
        on_advertised=lifecycle.advertised,
        on_lost=lifecycle.fail,
        on_connection=ConnectionStates(statistics),
    )


def _snapshot_task(flags: Namespace, storage: Storage) -> PeriodicTask:
    interval = flags.dlog_snapshot_interval
    return PeriodicTask("snapshot", lambda elapsed: interval - elapsed, storage.snapshot, wake=storage.snapshot_due)


def _backup_task(flags: Namespace, storage: Storage, backups: BackupFolder) -> PeriodicTask:
    """A backup is due after the newest one on disk, or after the start where there is none (docs/storage.md 4)."""
    started = time.time()

    def seconds_until_due(elapsed: float) -> float:
        newest = backups.newest_time()
        return float((started if newest is None else newest) + flags.backup_interval - time.time())

    return PeriodicTask("backup", seconds_until_due, lambda: backups.save(storage.view()))


def _drain_task(flags: Namespace, services: Services, poller: DrainPoller) -> PeriodicTask:
    interval = flags.host_maintenance_polling_interval
    return PeriodicTask("drain", lambda elapsed: interval - elapsed, lambda: poller.run(services), wake=poller.wake)


def _warn(flags: Namespace) -> None:
    if flags.gc_executor_path is not None:
        logger.warning("-gc_executor_path is set: it must be left out during a recovery, or tasks may be killed")
    if flags.zk_endpoints is not None and flags.native_log_zk_group_path is None:
        logger.warning("Without -native_log_zk_group_path each scheduler has a log, and a state, of its own")
    if flags.zk_endpoints is not None:
        # A name server that does not answer must not delay the election.
        threading.Thread(target=warn_of_loopback, args=[flags.hostname], name="host name", daemon=True).start()
