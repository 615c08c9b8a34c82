"""What each op of the log does to the stores (docs/storage.md 2.2 and 2.4)."""

import logging
from collections.abc import Callable
from typing import cast

from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import JobUpdate, JobUpdateDetails
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.job_updates import UpdateKey
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.paths import (
    CRON_JOB,
    FRAMEWORK_ID,
    GROUP_CONFIG,
    GROUP_RANGES,
    INITIAL_STATE,
    LOCK_TOKEN,
    UPDATE_DETAILS,
)
from aurora_admin.snapshot.records import format_key
from aurora_admin.snapshot.sections import job_name
from aurora_admin.wire import codec, fields
from aurora_admin.wire.errors import NewerFormat, WireError
from aurora_admin.wire.path import Path, path
from aurora_admin.wire.struct import Struct

logger = logging.getLogger(__name__)

NO_STRUCTS = fields.container(TType.STRUCT, [])

REMOVED_QUOTA_ROLE = path(storage.RemoveQuota, "role")
SAVED_JOB = path(storage.SaveCronJob, "jobConfig")
REMOVED_JOB = path(storage.RemoveJob, "jobKey")
REWRITTEN_TASK_ID = path(storage.RewriteTask, "taskId")
REWRITTEN_CONFIG = path(storage.RewriteTask, "task")
LOCK = path(storage.SaveLock, "lock")
LOCK_KEY = path(storage.RemoveLock, "lockKey")
SAVED_UPDATE = path(storage.SaveJobUpdate, "jobUpdate")
SAVED_LOCK_TOKEN = path(storage.SaveJobUpdate, "lockToken")
REMOVED_UPDATES = path(storage.RemoveJobUpdates, "keys")
SAVED_FRAMEWORK_ID = path(storage.SaveFrameworkId, "id")

# SaveJobInstanceUpdateEvent has the same fields with the same ids.
EVENT = path(storage.SaveJobUpdateEvent, "event")
EVENT_UPDATE_KEY = path(storage.SaveJobUpdateEvent, "key")
EVENT_UPDATE_ID = path(storage.SaveJobUpdateEvent, "updateId")

UPDATE = path(JobUpdateDetails, "update")
EVENTS = path(JobUpdateDetails, "updateEvents")
INSTANCE_EVENTS = path(JobUpdateDetails, "instanceEvents")
DESIRED_STATE = path(JobUpdate, "instructions.desiredState")


def apply(stores: Stores, op: Op) -> None:
    """Carry out one op.

    Raises:
        WireError: it is unknown, malformed, or about a job update that is missing.
    """
    act = _ACTIONS.get(op.number)
    if act is None:
        kind = NewerFormat if op.number > max(_ACTIONS) else WireError
        raise kind(f"op {op.number} is not known to this version", 0)
    act(stores, op)


def _required(op: Op, member: Path) -> bytes:
    """Return a field of an op: a string as its bytes, anything else encoded."""
    value: bytes | None = member.value(op.body) if member.ttype == TType.STRING else member.get(op.body)
    if value is None:
        raise WireError(f"op {op.number} lacks its field {member.id}", 0)
    return value


def _required_elements(op: Op, member: Path) -> list[bytes]:
    found = member.elements(op.body)
    if not found:
        _required(op, member)
    return found


def _save_framework_id(stores: Stores, op: Op) -> None:
    framework_id = fields.string(_required(op, SAVED_FRAMEWORK_ID))
    stores.metadata = FRAMEWORK_ID.put(stores.metadata or fields.STOP, framework_id)


def _save_tasks(stores: Stores, op: Op) -> None:
    stores.tasks.save_all(_required_elements(op, ops.SAVED_TASKS))


def _remove_tasks(stores: Stores, op: Op) -> None:
    _required(op, ops.REMOVED_TASK_IDS)
    task_ids = set(ops.removed_task_ids(op))
    present = [task_id for task_id in task_ids if task_id in stores.tasks.ids]
    stores.tasks.remove([stores.tasks.ids[task_id] for task_id in present], present)


def _rewrite_task(stores: Stores, op: Op) -> None:
    stores.tasks.rewrite(_required(op, REWRITTEN_TASK_ID), _required(op, REWRITTEN_CONFIG))


def _save_quota(stores: Stores, op: Op) -> None:
    # SaveQuota and QuotaConfiguration have the same fields with the same ids.
    stores.quotas.save(op.body)


def _remove_quota(stores: Stores, op: Op) -> None:
    stores.quotas.remove(_required(op, REMOVED_QUOTA_ROLE))


def _save_cron_job(stores: Stores, op: Op) -> None:
    # SaveAcceptedJob, which releases up to 0.7 wrote, has the manager's id as well, and the same job with the same id.
    stores.cron_jobs.save(fields.join([CRON_JOB.field(_required(op, SAVED_JOB))]))


def _remove_job(stores: Stores, op: Op) -> None:
    stores.cron_jobs.remove(job_name(codec.decode(slim.JobKey, _required(op, REMOVED_JOB))))


def _save_host(stores: Stores, op: Op) -> None:
    stores.hosts.save(_required(op, ops.HOST_ATTRIBUTES))


def _save_lock(stores: Stores, op: Op) -> None:
    stores.has_locks = True
    stores.locks.save(_required(op, LOCK))


def _remove_lock(stores: Stores, op: Op) -> None:
    key = codec.decode(slim.LockKey, _required(op, LOCK_KEY))
    if key.job is not None:
        stores.locks.remove(job_name(key.job))


def _save_update(stores: Stores, op: Op) -> None:
    """Save a job update without events; one with the same key loses its events."""
    update, token = _required(op, SAVED_UPDATE), SAVED_LOCK_TOKEN.get(op.body)
    _check_update(update)
    details = fields.join([UPDATE.field(update), EVENTS.field(NO_STRUCTS), INSTANCE_EVENTS.field(NO_STRUCTS)])
    record = [UPDATE_DETAILS.field(details)]
    if token is not None:
        stores.has_locks = True
        record.append(LOCK_TOKEN.field(token))
    stores.job_updates.save(fields.join(record))


def _check_update(update: bytes) -> None:
    groups = INITIAL_STATE.elements(update)
    if not groups and DESIRED_STATE.get(update) is None:
        raise WireError("Missing both initial and desired states. At least one is required.", 0)
    if any(GROUP_CONFIG.get(group) is None for group in groups):
        raise WireError("an initial state of a job update has no task config", 0)
    if not all(map(GROUP_RANGES.elements, groups)):
        raise WireError("Invalid intial instance state ranges.", 0)


def _save_update_event(stores: Stores, op: Op) -> None:
    key = _update_of_event(stores, op)
    if key is not None:
        stores.job_updates.add_event(key, _event(op, slim.JobUpdateEvent))


def _save_instance_event(stores: Stores, op: Op) -> None:
    key = _update_of_event(stores, op)
    if key is not None:
        stores.job_updates.add_instance_event(key, _event(op, slim.JobInstanceUpdateEvent))


def _event(op: Op, kind: type[Struct]) -> bytes:
    """Return the event after a check: it is not decoded again until the whole log is replayed."""
    event = _required(op, EVENT)
    codec.decode(kind, event)
    return event


def _update_of_event(stores: Stores, op: Op) -> UpdateKey | None:
    """Return the key of an event's update; None where the event is to be dropped.

    Releases up to 0.7 wrote the id of the update instead of its key, and ignored events of unknown updates (rule 7 of
    docs/wire.md 3.3).
    """
    raw_key, update_id = EVENT_UPDATE_KEY.get(op.body), EVENT_UPDATE_ID.value(op.body)
    if raw_key is None and update_id is not None:
        found = next((key for key in stores.job_updates if key[1] == update_id), None)
        if found is None:
            logger.warning("Dropping an event of the unknown job update %s", format_key(update_id))
        return found
    key = _update_key(_required(op, EVENT_UPDATE_KEY))
    if key in stores.job_updates:
        return key
    if not stores.allow_partial:
        raise WireError(f"Update not found: {format_key(key)}", 0)
    logger.warning("Dropping an event of job update %s, which is missing", format_key(key))
    return None


def _update_key(raw: bytes) -> UpdateKey:
    key = codec.decode(slim.JobUpdateKey, raw)
    if key.job is None:
        raise WireError("the key of a job update names no job", 0)
    return job_name(key.job), cast(bytes, key.id)


def _remove_updates(stores: Stores, op: Op) -> None:
    for raw in _required_elements(op, REMOVED_UPDATES):
        stores.job_updates.remove(_update_key(raw))


def _ignore(stores: Stores, op: Op) -> None:
    """Do nothing, as releases from 0.20 on: a running scheduler prunes by other means (rule 16 of docs/wire.md 3.3)."""


def _save_maintenance(stores: Stores, op: Op) -> None:
    stores.maintenance_requests.save(_required(op, ops.MAINTENANCE_REQUEST))


def _remove_maintenance(stores: Stores, op: Op) -> None:
    stores.maintenance_requests.remove(_required(op, ops.MAINTENANCE_HOST))


_ACTIONS: dict[int, Callable[[Stores, Op], None]] = {
    ops.SAVE_FRAMEWORK_ID: _save_framework_id,
    ops.SAVE_CRON_JOB: _save_cron_job,
    ops.REMOVE_JOB: _remove_job,
    ops.SAVE_TASKS: _save_tasks,
    ops.REMOVE_TASKS: _remove_tasks,
    ops.SAVE_QUOTA: _save_quota,
    ops.REMOVE_QUOTA: _remove_quota,
    ops.SAVE_HOST_ATTRIBUTES: _save_host,
    ops.REWRITE_TASK: _rewrite_task,
    ops.SAVE_LOCK: _save_lock,
    ops.REMOVE_LOCK: _remove_lock,
    ops.SAVE_JOB_UPDATE: _save_update,
    ops.SAVE_JOB_UPDATE_EVENT: _save_update_event,
    ops.SAVE_JOB_INSTANCE_UPDATE_EVENT: _save_instance_event,
    ops.PRUNE_JOB_UPDATE_HISTORY: _ignore,
    ops.REMOVE_JOB_UPDATE: _remove_updates,
    ops.SAVE_HOST_MAINTENANCE_REQUEST: _save_maintenance,
    ops.REMOVE_HOST_MAINTENANCE_REQUEST: _remove_maintenance,
}
