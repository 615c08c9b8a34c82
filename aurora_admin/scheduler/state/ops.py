"""The mutations of the log: a member of the Op union with the bytes of its struct (docs/storage.md 2.2)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from thrift.Thrift import TType

from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError

SAVE_FRAMEWORK_ID = 1
SAVE_CRON_JOB = 2
REMOVE_JOB = 5
SAVE_TASKS = 6
REMOVE_TASKS = 7
SAVE_QUOTA = 8
REMOVE_QUOTA = 9
SAVE_HOST_ATTRIBUTES = 10
REWRITE_TASK = 11
SAVE_LOCK = 12
REMOVE_LOCK = 13
SAVE_JOB_UPDATE = 14
SAVE_JOB_UPDATE_EVENT = 15
SAVE_JOB_INSTANCE_UPDATE_EVENT = 16
PRUNE_JOB_UPDATE_HISTORY = 17
REMOVE_JOB_UPDATE = 18
SAVE_HOST_MAINTENANCE_REQUEST = 19
REMOVE_HOST_MAINTENANCE_REQUEST = 20

SCHEMA_VERSION = 1
TRANSACTION_ENTRY = 2


class Op(NamedTuple):
    """One mutation: the id of its union member and its struct."""

    number: int
    body: bytes

    def get(self, *path: int) -> bytes | None:
        return fields.get(self.body, *path)


def _op(number: int, *members: fields.Field) -> Op:
    return Op(number, fields.join(members))


def save_tasks(tasks: Sequence[bytes]) -> Op:
    """Add or replace ScheduledTasks by their ids."""
    return _op(SAVE_TASKS, fields.Field(1, TType.SET, fields.container(TType.STRUCT, tasks)))


def remove_tasks(task_ids: Iterable[bytes]) -> Op:
    items = [fields.string(task_id) for task_id in task_ids]
    return _op(REMOVE_TASKS, fields.Field(1, TType.SET, fields.container(TType.STRING, items)))


def save_quota(role: bytes, quota: bytes) -> Op:
    return _op(SAVE_QUOTA, fields.Field(1, TType.STRING, fields.string(role)), fields.Field(2, TType.STRUCT, quota))


def transaction(ops: Iterable[Op]) -> bytes:
    """Return the LogEntry of a transaction."""
    items = [fields.join([fields.Field(op.number, TType.STRUCT, op.body)]) for op in ops]
    body = fields.join(
        [
            fields.Field(1, TType.LIST, fields.container(TType.STRUCT, items)),
            fields.Field(2, TType.I32, fields.i32(SCHEMA_VERSION)),
        ]
    )
    return fields.join([fields.Field(TRANSACTION_ENTRY, TType.STRUCT, body)])


def of_transaction(body: bytes) -> list[Op]:
    """Return the ops of a Transaction's bytes, in order."""
    value = fields.get(body, 1)
    _, items = fields.elements(value) if value else (TType.STRUCT, [])
    return [Op(*_only_member(item)) for item in items]


def _only_member(union: bytes) -> tuple[int, bytes]:
    members = fields.parse(union)
    if len(members) != 1:
        raise WireError(f"an op with {len(members)} members, where there must be one", 0)
    return members[0].id, members[0].value


def coalesced(transaction: Iterable[Op]) -> list[Op]:
    """Return the ops with each merged into the one before it where both are of one kind that merges (2.5).

    Two saves of one host become the later one: a real scheduler keeps the earlier's mode and slaveId in its log, and
    comes back with these after a restart.
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
    if op.number == SAVE_FRAMEWORK_ID:
        return op
    if op.number == SAVE_TASKS:
        return save_tasks(list({fields.get(task, 1, 1): task for task in _items(former, op)}.values()))
    if op.number == REMOVE_TASKS:
        return remove_tasks(dict.fromkeys(item[4:] for item in _items(former, op)))
    if op.number == SAVE_HOST_ATTRIBUTES and former.get(1, 1) == op.get(1, 1):
        return op
    return None


def _items(*both: Op) -> Iterator[bytes]:
    for op in both:
        yield from fields.elements(op.get(1) or fields.container(TType.STRUCT, []))[1]
