"""The sections of a snapshot besides its tasks: the field of each, and what names its records (docs/storage.md 1.2)."""

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from thrift.Thrift import TType

from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.snapshot.task_table import JobName
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError

TIMESTAMP = 1
HOSTS = 3
TASKS = 4
CRON_JOBS = 5
METADATA = 6
QUOTAS = 8
LOCKS = 9
JOB_UPDATES = 10
DB_SCRIPT = 11
EXPERIMENTAL_TASK_STORE = 12
MAINTENANCE_REQUESTS = 13


class Section(NamedTuple):
    """One set<struct> of a snapshot; `key` names a decoded record."""

    name: str
    slim: Any
    key: Callable[[Any], Hashable]
    retired: bool = False


def framework_id(metadata: bytes | None) -> str | None:
    """Return the id under which a scheduler was known to Mesos, from its record of itself."""
    raw = fields.get(metadata, 1) if metadata else None
    return raw[4:].decode("utf-8", "replace") if raw else None


def job_name(key: Any) -> JobName:
    return JobName(key.role, key.environment, key.name)


def _update_key(stored: Any) -> tuple[JobName, bytes]:
    key = stored.details.update.summary.key
    return job_name(key.job), key.id


def _lock_key(lock: Any) -> Hashable:
    """A job has one lock at most; one of anything else keeps a key of its own."""
    return job_name(lock.key.job) if lock.key and lock.key.job else object()


SECTIONS: dict[int, Section] = {
    HOSTS: Section("hosts", slim.HostAttributes, lambda record: record.host),
    CRON_JOBS: Section("cron jobs", slim.StoredCronJob, lambda record: job_name(record.jobConfiguration.key)),
    QUOTAS: Section("quotas", slim.QuotaConfiguration, lambda record: record.role),
    LOCKS: Section("locks", slim.Lock, _lock_key, retired=True),
    JOB_UPDATES: Section("job updates", slim.StoredJobUpdateDetails, _update_key),
    MAINTENANCE_REQUESTS: Section("maintenance requests", slim.HostMaintenanceRequest, lambda record: record.host),
}
TASKS_NAME = "tasks"
TYPES = {TIMESTAMP: TType.I64, TASKS: TType.SET, METADATA: TType.STRUCT, **dict.fromkeys(SECTIONS, TType.SET)}


def check_type(number: int, ttype: int, at: int) -> None:
    """Refuse a field of a snapshot that has another type than every release gives it.

    Raises:
        WireError: with this place of it.
    """
    expected = TYPES.get(number, ttype)
    if ttype != expected:
        raise WireError(f"field {number} of the snapshot has type {ttype}, not {expected}", at)
