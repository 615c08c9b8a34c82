"""Everything that the scheduler keeps."""

from collections.abc import Hashable, Mapping
from typing import Any

from aurora_admin.scheduler.state.job_updates import JobUpdates
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.scheduler.state.store import Store
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.snapshot.sections import (
    CRON_JOBS,
    HOSTS,
    LOCKS,
    MAINTENANCE_REQUESTS,
    QUOTAS,
    framework_id,
)
from aurora_admin.snapshot.task_table import JobName
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire import fields


class Stores:
    """The live state, in the current format.

    Log first: a change is an op that is appended to the log, and becomes part of the state when `replay.apply` applies
    it; the other way to change the state is to load a snapshot from the log (`loading`). So the state is always what a
    replay of the log would make of it. Readers take the lock of the storage; what is safe without it is said at `Store`
    and `LiveTasks`.

    Attributes:
        allow_partial: a snapshot may lack the sections that only an unusable dbScript holds, and events without their
            job update are dropped.
        snapshot_ms: the timestamp of the snapshot that the state began with, or None.
        metadata: SchedulerMetadata as it was loaded, framework id included.
        extras: the unknown fields of the snapshot that was loaded.
        has_locks: there are locks, or job updates with the token of one.
    """

    def __init__(self, spill_folder: str, *, allow_partial: bool = False, statistics: Statistics | None = None) -> None:
        self.statistics = Statistics() if statistics is None else statistics
        self._spill_folder = spill_folder
        self.allow_partial = allow_partial
        self.metadata: bytes | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything but the metadata, whose framework id must survive (docs/storage.md 2.10)."""
        self.snapshot_ms: int | None = None
        self.extras: list[fields.Field] = []
        self.has_locks = False
        self.upgrader = Upgrader()
        self.tasks = LiveTasks(self._spill_folder, self.upgrader, self.statistics)
        self.hosts: Store[bytes] = Store(HOSTS, self.upgrader)
        self.cron_jobs: Store[JobName] = Store(CRON_JOBS, self.upgrader)
        self.quotas: Store[bytes] = Store(QUOTAS, self.upgrader)
        self.locks: Store[Hashable] = Store(LOCKS, self.upgrader)
        self.job_updates = JobUpdates(self.upgrader)
        self.maintenance_requests: Store[bytes] = Store(MAINTENANCE_REQUESTS, self.upgrader)

    @property
    def sections(self) -> Mapping[int, Store[Any]]:
        """The stores by the id of the snapshot's field that holds their records."""
        stores: tuple[Store[Any], ...] = (
            self.hosts,
            self.cron_jobs,
            self.quotas,
            self.locks,
            self.job_updates,
            self.maintenance_requests,
        )
        return {store.section: store for store in stores}

    @property
    def framework_id(self) -> str | None:
        return framework_id(self.metadata)
