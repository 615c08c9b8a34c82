"""The mutations of the log: a member of the Op union with the bytes of its struct (spec/storage.md 2.2)."""

from collections.abc import Iterable, Sequence
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
