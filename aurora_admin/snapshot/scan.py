"""The one loop whose speed is the speed of staging: a task's columns, and whether it is of an old shape."""

from array import array
from itertools import chain, islice
from operator import sub
from typing import Any

from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.snapshot.configs import CONFIG, config_position
from aurora_admin.snapshot.sections import job_name
from aurora_admin.snapshot.task_table import TaskTable
from aurora_admin.snapshot.upgrade import (
    RESOURCES,
    SANDBOX_DELETED,
    TASK_CONFIG,
    Upgrader,
    elements,
    is_current,
    is_valid_job,
)
from aurora_admin.wire import codec, fields
from aurora_admin.wire.decoder import FAILURES, decode
from aurora_admin.wire.errors import WireError, printable
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.walk import Walk

# No config begins like this, as no field has such a type.
UNKNOWN_CONFIG = CONFIG + b"\xff"
# An id ends in a hyphen and a UUID, and before that in a hyphen and the instance (docs/api.md 1.8).
UUID_BEGINS = -37
# Ids of releases up to 0.12 begin with a time, and so share nothing: to remember all of them would be of no use.
MOST_KNOWN = 100_000


def scan_tasks(reader: Reader, count: int, table: TaskTable) -> "array[int]":  # noqa: C901  a call costs as much as a task
    """Fill the columns; return the rows of tasks that are not in today's shape.

    Raises:
        WireError: a task lacks its id, its job or its status.
    """
    ids, hosts, window = table.ids, table.hosts, reader.window
    add_job, add_host, add_instance = table.job.append, table.host.append, table.instance.append
    add_status, add_start = table.status.append, table.start.append
    # By the part of the id that the tasks of a job share: the job, and its last config that was whole. Comparing the
    # config proves the job, which stands in it, so that most configs are stepped over and not looked into.
    known: dict[bytes, tuple[int, bytes]] = {}
    old = array("I")
    start = end = reader.position
    row = 0
    task: Any
    try:
        for start, task, end in reader.structs(slim.PartialTask, count):
            assigned = task.assignedTask
            task_id, agent, host_name = assigned.taskId, assigned.slaveId, assigned.slaveHost
            # The config follows id, agent and host: 3 bytes of header around, and 7 bytes before each string.
            at = start - window.base + 10 + len(task_id)
            if agent is not None:
                at += 7 + len(agent)
            if host_name is not None:
                at += 7 + len(host_name)
            shared = task_id[:UUID_BEGINS].rpartition(b"-")[0]
            found = known.get(shared)
            if found is None or not window.cstringio_buf.getvalue().startswith(found[1], at):
                found = _look_into(reader.slice(start, end), table)
                if found[1] is UNKNOWN_CONFIG:
                    old.append(row)
                elif len(known) < MOST_KNOWN:
                    known[shared] = found
            add_job(found[0])
            host = hosts.get(host_name)
            add_host(table.host_number(host_name) if host is None else host)
            add_instance(assigned.instanceId or 0)
            add_status(task.status)
            add_start(start)
            ids[task_id] = row
            row += 1
    except (AttributeError, TypeError):
        raise WireError(f"task {_name(task)} lacks its id, its job or its status", start) from None
    if len(ids) != count or None in ids:
        raise WireError("two tasks have one id, or one has none", start)
    # One task begins where the one before it ends.
    table.length.extend(map(sub, chain(islice(table.start, 1, None), (end,)), table.start))
    return _with_status(table, old)


def _look_into(raw: bytes, table: TaskTable) -> tuple[int, bytes]:
    """Return the number of a task's job, and its config as _whole() does."""
    task: Any = codec.decode(slim.ScheduledTask, raw)
    key = task.assignedTask.task.job
    return table.job_number(job_name(key if is_valid_job(key) else _old_key(raw))), _whole(raw)


def _with_status(table: TaskTable, old: "array[int]") -> "array[int]":
    if SANDBOX_DELETED not in table.status:
        return old
    deleted = (row for row, status in enumerate(table.status) if status == SANDBOX_DELETED)
    return array("I", sorted({*old, *deleted}))


def _whole(task: bytes) -> bytes:
    """Return a task's config with its header where it is in today's shape, else UNKNOWN_CONFIG."""
    at = config_position(task)
    if not task.startswith(CONFIG, at):
        task, at = CONFIG + (fields.get(task, *TASK_CONFIG) or fields.STOP), 0
    walk, config = Walk(task), slim.CurrentTaskConfig()
    walk.cstringio_buf.seek(at + len(CONFIG))
    try:
        decode(config, walk, [slim.CurrentTaskConfig, slim.CurrentTaskConfig.thrift_spec])
    except FAILURES:  # what is wrong with it is told by whoever mends it
        return UNKNOWN_CONFIG
    return task[at : walk.cstringio_buf.tell()] if is_current(config) else UNKNOWN_CONFIG


def _old_key(raw: bytes) -> Any:
    """Return the job of a task as the fields of old name it (rule 1)."""
    config = fields.get(raw, *TASK_CONFIG)
    try:
        return codec.decode(slim.CurrentTaskConfig, Upgrader().config(config or fields.STOP)).job
    except WireError:
        raise TypeError from None


def _name(task: Any) -> str:
    task_id = getattr(task.assignedTask, "taskId", None)
    return printable(task_id) if task_id else "without an id"


def mend_task(upgrader: Upgrader, raw: bytes) -> tuple[bytes, int, bool]:
    """Bring a task to today's shape; return its id, its status, and whether it has resources.

    Raises:
        WireError: the job is not told.
    """
    mended = upgrader.task(raw)
    task: Any = codec.decode(slim.ScheduledTask, mended)
    return task.assignedTask.taskId, task.status, bool(elements(mended, *TASK_CONFIG, RESOURCES))
