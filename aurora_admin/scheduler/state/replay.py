"""What each op of the log does to the stores (docs/storage.md 2.2 and 2.4)."""

import logging
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from thrift.Thrift import TType

from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.state.update_history import History
from aurora_admin.snapshot.records import format_key
from aurora_admin.snapshot.sections import CRON_JOBS, HOSTS, JOB_UPDATES, LOCKS, MAINTENANCE_REQUESTS, QUOTAS, job_name
from aurora_admin.wire import codec, fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.fields import Field
from aurora_admin.wire.struct import Struct

if TYPE_CHECKING:
    from aurora_admin.scheduler.state.stores import Stores

logger = logging.getLogger(__name__)

NOTHING = fields.container(TType.STRUCT, [])
# In a JobUpdate.
INITIAL_STATE, DESIRED_STATE = (2, 1), (2, 2)


def _required(op: Op, number: int) -> bytes:
    value = op.get(number)
    if value is None:
        raise WireError(f"op {op.number} lacks its field {number}", 0)
    return value


def _save_framework_id(stores: "Stores", op: Op) -> None:
    stores.metadata = fields.put(stores.metadata or b"\x00", [1], TType.STRING, _required(op, 1))


def _save_tasks(stores: "Stores", op: Op) -> None:
    stores.tasks.save_all(fields.elements(_required(op, 1))[1])


def _remove_tasks(stores: "Stores", op: Op) -> None:
    task_ids = {value[4:] for value in fields.elements(_required(op, 1))[1]}
    present = [task_id for task_id in task_ids if task_id in stores.tasks.ids]
    stores.tasks.remove([stores.tasks.ids[task_id] for task_id in present], present)


def _rewrite_task(stores: "Stores", op: Op) -> None:
    stores.tasks.rewrite(_required(op, 1)[4:], _required(op, 2))


def _save_quota(stores: "Stores", op: Op) -> None:
    """SaveQuota and QuotaConfiguration have the same fields under the same ids."""
    stores.save_record(QUOTAS, op.body)


def _remove_quota(stores: "Stores", op: Op) -> None:
    stores.remove_record(QUOTAS, _required(op, 1)[4:])


def _save_cron_job(stores: "Stores", op: Op) -> None:
    """SaveAcceptedJob, of old, had the manager's id before the same job."""
    stores.save_record(CRON_JOBS, fields.join([Field(3, TType.STRUCT, _required(op, 2))]))


def _remove_job(stores: "Stores", op: Op) -> None:
    stores.remove_record(CRON_JOBS, job_name(codec.decode(slim.JobKey, _required(op, 2))))


def _save_host(stores: "Stores", op: Op) -> None:
    stores.save_record(HOSTS, _required(op, 1))


def _save_lock(stores: "Stores", op: Op) -> None:
    stores.has_locks = True
    stores.save_record(LOCKS, _required(op, 1))


def _remove_lock(stores: "Stores", op: Op) -> None:
    key = codec.decode(slim.LockKey, _required(op, 1))
    if key.job is not None:
        stores.remove_record(LOCKS, job_name(key.job))


def _save_update(stores: "Stores", op: Op) -> None:
    """The update comes without events, and loses those that it had."""
    update, token = _required(op, 1), op.get(2)
    _check_update(update)
    details = [Field(1, TType.STRUCT, update), Field(2, TType.LIST, NOTHING), Field(3, TType.LIST, NOTHING)]
    record = [Field(1, TType.STRUCT, fields.join(details))]
    if token is not None:
        stores.has_locks = True
        record.append(Field(2, TType.STRING, token))
    stores.save_record(JOB_UPDATES, fields.join(record))


def _check_update(update: bytes) -> None:
    initial = fields.get(update, *INITIAL_STATE)
    groups = fields.elements(initial)[1] if initial else []
    if not groups and fields.get(update, *DESIRED_STATE) is None:
        raise WireError("Missing both initial and desired states. At least one is required.", 0)
    if any(fields.get(group, 1) is None for group in groups):
        raise WireError("an initial state of a job update has no task config", 0)
    if any(fields.get(group, 2) in (None, NOTHING) for group in groups):
        raise WireError("Invalid intial instance state ranges.", 0)


def _save_update_event(stores: "Stores", op: Op) -> None:
    if history := _history(stores, op):
        history.add(_event(op, slim.JobUpdateEvent))


def _save_instance_event(stores: "Stores", op: Op) -> None:
    if history := _history(stores, op):
        history.add_instance(_event(op, slim.JobInstanceUpdateEvent))


def _event(op: Op, kind: type[Struct]) -> bytes:
    """Return the event, found to be one: it is not looked into before the whole log is read."""
    event = _required(op, 1)
    codec.decode(kind, event)
    return event


def _history(stores: "Stores", op: Op) -> History | None:
    """Find the update of an event; up to 0.8 only its id was told, and an event of no update was dropped (rule 7)."""
    raw, update_id = op.get(3), op.get(2)
    if raw is None and update_id is not None:
        found = [key for key in stores.update_keys() if _id_of(key) == update_id[4:]]
        if not found:
            logger.warning("Dropping an event of job update %s, which is not there", format_key(update_id[4:]))
            return None
        return stores.history(found[0])
    key = _update_key(_required(op, 3))
    history = stores.history(key)
    if history is None:
        if stores.allow_partial:
            logger.warning("Dropping an event of job update %s, which is missing", format_key(key))
            return None
        raise WireError(f"Update not found: {format_key(key)}", 0)
    return history


def _id_of(key: Any) -> bytes:
    update_id: bytes = key[1]
    return update_id


def _update_key(raw: bytes) -> Hashable:
    key = codec.decode(slim.JobUpdateKey, raw)
    if key.job is None:
        raise WireError("the key of a job update names no job", 0)
    return job_name(key.job), key.id


def _remove_updates(stores: "Stores", op: Op) -> None:
    for raw in fields.elements(_required(op, 1))[1]:
        stores.remove_record(JOB_UPDATES, _update_key(raw))


def _nothing(stores: "Stores", op: Op) -> None:
    """Pruning is for the scheduler that runs; from 0.20 on the op does nothing (rule 16)."""


def _save_maintenance(stores: "Stores", op: Op) -> None:
    stores.save_record(MAINTENANCE_REQUESTS, _required(op, 1))


def _remove_maintenance(stores: "Stores", op: Op) -> None:
    stores.remove_record(MAINTENANCE_REQUESTS, _required(op, 1)[4:])


APPLY: dict[int, Callable[["Stores", Op], None]] = {
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
    ops.PRUNE_JOB_UPDATE_HISTORY: _nothing,
    ops.REMOVE_JOB_UPDATE: _remove_updates,
    ops.SAVE_HOST_MAINTENANCE_REQUEST: _save_maintenance,
    ops.REMOVE_HOST_MAINTENANCE_REQUEST: _remove_maintenance,
}
