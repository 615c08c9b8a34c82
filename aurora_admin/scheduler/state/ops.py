"""The mutations of the log: a member of the Op union with the bytes of its struct (docs/storage.md 2.2)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import ScheduledTask
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.gen.storage.constants import CURRENT_SCHEMA_VERSION
from aurora_admin.snapshot.log_entry import TRANSACTION
from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.path import path

SAVE_FRAMEWORK_ID = path(storage.Op, "saveFrameworkId").id
SAVE_CRON_JOB = path(storage.Op, "saveCronJob").id
REMOVE_JOB = path(storage.Op, "removeJob").id
SAVE_TASKS = path(storage.Op, "saveTasks").id
REMOVE_TASKS = path(storage.Op, "removeTasks").id
SAVE_QUOTA = path(storage.Op, "saveQuota").id
REMOVE_QUOTA = path(storage.Op, "removeQuota").id
SAVE_HOST_ATTRIBUTES = path(storage.Op, "saveHostAttributes").id
REWRITE_TASK = path(storage.Op, "rewriteTask").id
SAVE_LOCK = path(storage.Op, "saveLock").id
REMOVE_LOCK = path(storage.Op, "removeLock").id
SAVE_JOB_UPDATE = path(storage.Op, "saveJobUpdate").id
SAVE_JOB_UPDATE_EVENT = path(storage.Op, "saveJobUpdateEvent").id
SAVE_JOB_INSTANCE_UPDATE_EVENT = path(storage.Op, "saveJobInstanceUpdateEvent").id
PRUNE_JOB_UPDATE_HISTORY = path(storage.Op, "pruneJobUpdateHistory").id
REMOVE_JOB_UPDATE = path(storage.Op, "removeJobUpdate").id
SAVE_HOST_MAINTENANCE_REQUEST = path(storage.Op, "saveHostMaintenanceRequest").id
REMOVE_HOST_MAINTENANCE_REQUEST = path(storage.Op, "removeHostMaintenanceRequest").id

OPS = path(storage.Transaction, "ops")
SCHEMA_VERSION = path(storage.Transaction, "schemaVersion")

SAVED_TASKS = path(storage.SaveTasks, "tasks")
REMOVED_TASK_IDS = path(storage.RemoveTasks, "taskIds")
QUOTA_ROLE = path(storage.SaveQuota, "role")
QUOTA = path(storage.SaveQuota, "quota")
HOST_ATTRIBUTES = path(storage.SaveHostAttributes, "hostAttributes")
HOST_NAME = path(storage.SaveHostAttributes, "hostAttributes.host")
MAINTENANCE_REQUEST = path(storage.SaveHostMaintenanceRequest, "hostMaintenanceRequest")
MAINTENANCE_HOST = path(storage.RemoveHostMaintenanceRequest, "host")
TASK_ID = path(ScheduledTask, "assignedTask.taskId")


class Op(NamedTuple):
    """One mutation: the id of its member in the Op union, and the bytes of its struct."""

    number: int
    body: bytes


def save_tasks(tasks: Sequence[bytes]) -> Op:
    """Return the op that adds ScheduledTasks, or replaces those with the same ids."""
    return _op(SAVE_TASKS, SAVED_TASKS.field(fields.container(TType.STRUCT, tasks)))


def remove_tasks(task_ids: Iterable[bytes]) -> Op:
    """Return the op that removes tasks; unknown ids are ignored."""
    items = [fields.string(task_id) for task_id in task_ids]
    return _op(REMOVE_TASKS, REMOVED_TASK_IDS.field(fields.container(TType.STRING, items)))


def removed_task_ids(op: Op) -> list[bytes]:
    """Return the task ids of a RemoveTasks."""
    return REMOVED_TASK_IDS.values(op.body)


def save_quota(role: bytes, quota: bytes) -> Op:
    """Return the op that sets the quota of a role, given as a ResourceAggregate."""
    return _op(SAVE_QUOTA, QUOTA_ROLE.field(fields.string(role)), QUOTA.field(quota))


def save_host(attributes: bytes) -> Op:
    """Return the op that adds HostAttributes, or replaces those of the same host."""
    return _op(SAVE_HOST_ATTRIBUTES, HOST_ATTRIBUTES.field(attributes))


def save_maintenance_request(request: bytes) -> Op:
    """Return the op that adds a HostMaintenanceRequest, or replaces that of the same host."""
    return _op(SAVE_HOST_MAINTENANCE_REQUEST, MAINTENANCE_REQUEST.field(request))


def remove_maintenance_request(host: bytes) -> Op:
    """Return the op that removes the maintenance request of a host; an unknown host is ignored."""
    return _op(REMOVE_HOST_MAINTENANCE_REQUEST, MAINTENANCE_HOST.field(fields.string(host)))


def _op(number: int, *members: fields.Field) -> Op:
    return Op(number, fields.join(members))


def transaction(ops: Iterable[Op]) -> bytes:
    """Return the LogEntry of a transaction."""
    items = [fields.join([fields.Field(op.number, TType.STRUCT, op.body)]) for op in ops]
    version = fields.i32(CURRENT_SCHEMA_VERSION)
    body = fields.join([OPS.field(fields.container(TType.STRUCT, items)), SCHEMA_VERSION.field(version)])
    return fields.join([TRANSACTION.field(body)])


def of_transaction(body: bytes) -> list[Op]:
    """Return the ops of a Transaction, in order.

    Raises:
        WireError: the bytes are malformed, or an op has no member or several.
    """
    return [Op(*_only_member(item)) for item in OPS.elements(body)]


def _only_member(union: bytes) -> tuple[int, bytes]:
    members = fields.parse(union)
    if len(members) != 1:
        raise WireError(f"an op with {len(members)} members, where there must be one", 0)
    return members[0].id, members[0].value


def coalesced(transaction: Iterable[Op]) -> list[Op]:
    """Return the ops with each merged into the one before it where that is possible (docs/storage.md 2.5).

    Two saves of one host become the later one. A real scheduler merges them in another way: its log keeps the mode and
    the agent of the earlier one, and the scheduler has these again after a restart.
    """
    merged: list[Op] = []
    for op in transaction:
        together = _merged(merged[-1], op) if merged and merged[-1].number == op.number else None
        if together is None:
            merged.append(op)
        else:
            merged[-1] = together
    return merged


def _merged(former: Op, op: Op) -> Op | None:
    """Return one op for two of the same kind; None where they cannot be merged."""
    if op.number == SAVE_FRAMEWORK_ID:
        return op
    if op.number == SAVE_TASKS:
        tasks = SAVED_TASKS.elements(former.body) + SAVED_TASKS.elements(op.body)
        return save_tasks(list({TASK_ID.value(task): task for task in tasks}.values()))
    if op.number == REMOVE_TASKS:
        return remove_tasks(dict.fromkeys(removed_task_ids(former) + removed_task_ids(op)))
    if op.number == SAVE_HOST_ATTRIBUTES and HOST_NAME.get(former.body) == HOST_NAME.get(op.body):
        return op
    return None
