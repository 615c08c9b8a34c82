"""The fields of a snapshot: its sections, the keys of their records, and their types (docs/storage.md 1.2)."""

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, NamedTuple

from thrift.Thrift import TType

from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.snapshot.paths import FRAMEWORK_ID
from aurora_admin.snapshot.task_table import JobName
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.path import path

TIMESTAMP = path(Snapshot, "timestamp").id
HOSTS = path(Snapshot, "hostAttributes").id
TASKS = path(Snapshot, "tasks").id
CRON_JOBS = path(Snapshot, "cronJobs").id
METADATA = path(Snapshot, "schedulerMetadata").id
QUOTAS = path(Snapshot, "quotaConfigurations").id
LOCKS = path(Snapshot, "locks").id
JOB_UPDATES = path(Snapshot, "jobUpdateDetails").id
SCRIPT = path(Snapshot, "dbScript")
DB_SCRIPT = SCRIPT.id
EXPERIMENTAL_TASK_STORE = path(Snapshot, "experimentalTaskStore").id
MAINTENANCE_REQUESTS = path(Snapshot, "hostMaintenanceRequests").id


class IncompleteSnapshot(Exception):
    """A snapshot without all of its sections; the text names them and the reason."""


class Section(NamedTuple):
    """A set of structs in a snapshot.

    Attributes:
        name: the name for messages.
        slim: the slim struct of a record.
        key: returns the key of a decoded record.
        retired: whether current releases do not have the section.
    """

    name: str
    slim: Any
    key: Callable[[Any], Hashable]
    retired: bool = False


def framework_id(metadata: bytes | None) -> str | None:
    """Return the framework id of Mesos in an encoded SchedulerMetadata."""
    value = FRAMEWORK_ID.value(metadata) if metadata else None
    return None if value is None else value.decode("utf-8", "replace")


def job_name(key: Any) -> JobName:
    """Return the job of a slim JobKey."""
    return JobName(key.role, key.environment, key.name)


def _update_key(stored: Any) -> tuple[JobName, bytes]:
    key = stored.details.update.summary.key
    return job_name(key.job), key.id


def _lock_key(lock: Any) -> Hashable:
    """A job has one lock at most. A lock on something else gets a key of its own."""
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
TYPES = {
    TIMESTAMP: TType.I64,
    TASKS: TType.SET,
    METADATA: TType.STRUCT,
    DB_SCRIPT: SCRIPT.ttype,
    **dict.fromkeys(SECTIONS, TType.SET),
}
# Every release writes these sections, even if they are empty (docs/releases.md 1).
ALWAYS_WRITTEN = {TASKS: TASKS_NAME, **{number: SECTIONS[number].name for number in (HOSTS, CRON_JOBS, QUOTAS)}}


def check_type(number: int, ttype: int, position: int) -> None:
    """Check the type of a field of a snapshot.

    Raises:
        WireError: every release gives the field another type; the error has the position.
    """
    expected = TYPES.get(number, ttype)
    if ttype != expected:
        raise WireError(f"field {number} of the snapshot has type {ttype}, not {expected}", position)


def section_counts(tasks: int, sections: Mapping[int, Mapping[Hashable, bytes]]) -> dict[str, int]:
    """Return the number of records of each section by its name; `tasks` is the number of tasks."""
    return {TASKS_NAME: tasks, **{section.name: len(sections.get(id_, ())) for id_, section in SECTIONS.items()}}


def missing_sections(present: Collection[int]) -> list[str]:
    """Return the names of the sections that a release must have written but are not present (docs/releases.md 1, 5)."""
    missing = [name for number, name in ALWAYS_WRITTEN.items() if number not in present]
    # Release 0.5 had no job updates. It wrote locks.
    if JOB_UPDATES not in present and LOCKS not in present:
        missing.append(SECTIONS[JOB_UPDATES].name)
    return missing
