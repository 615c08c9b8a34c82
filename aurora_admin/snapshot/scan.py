"""The index of the tasks of a snapshot: fills a task table and finds the tasks that are in a legacy format.

The loop in scan_tasks() determines the speed of staging.
"""

from array import array
from itertools import chain, islice
from operator import sub
from typing import Any

from aurora_admin.gen.api.ttypes import ScheduledTask
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.snapshot.configs import ASSIGNED_TASK, CONFIG, config_position
from aurora_admin.snapshot.paths import TASK_CONFIG
from aurora_admin.snapshot.sections import job_name
from aurora_admin.snapshot.task_table import TaskTable
from aurora_admin.snapshot.upgrade import SANDBOX_DELETED, Upgrader, is_current, is_valid_job
from aurora_admin.wire import codec, fields
from aurora_admin.wire.decoder import FAILURES, decode
from aurora_admin.wire.errors import WireError, printable
from aurora_admin.wire.path import path
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.walk import STRING_HEADER_BYTES, Walk

RESOURCES = path(ScheduledTask, "assignedTask.task.resources")
# A config in a legacy format. No task contains these bytes, because no field has type 255.
LEGACY_CONFIG = CONFIG + b"\xff"
# An id ends in a hyphen, the instance, a hyphen and a UUID (docs/api.md 1.8).
UUID_BEGINS = -37
# Ids of releases up to 0.12 begin with a time and have no common part: remembering all of them is useless.
MOST_KNOWN = 100_000


def scan_tasks(reader: Reader, count: int, table: TaskTable) -> "array[int]":  # noqa: C901  a call costs as much as a task
    """Read `count` tasks into the columns; return the rows of tasks that must be upgraded.

    Raises:
        WireError: a task is malformed, lacks its id, job or status, or two tasks have one id.
    """
    ids, hosts, window = table.ids, table.hosts, reader.window
    add_job, add_host, add_instance = table.job.append, table.host.append, table.instance.append
    add_status, add_start = table.status.append, table.start.append
    # By the common part of the ids of a job's tasks: the job's number, and its last config in the current format. An
    # equal config proves that the job is the same, as the config has its key; so most configs are not decoded.
    known: dict[bytes, tuple[int, bytes]] = {}
    legacy = array("I")
    before_string = STRING_HEADER_BYTES
    before_id = len(ASSIGNED_TASK) + before_string
    start = end = reader.position
    row = 0
    task: Any
    try:
        for start, task, end in reader.structs(slim.PartialTask, count):
            assigned = task.assignedTask
            task_id, agent, host_name = assigned.taskId, assigned.slaveId, assigned.slaveHost
            # The config follows id, agent and host: the header of the AssignedTask, then a header before each string.
            at = start - window.base + before_id + len(task_id)
            if agent is not None:
                at += before_string + len(agent)
            if host_name is not None:
                at += before_string + len(host_name)
            common = task_id[:UUID_BEGINS].rpartition(b"-")[0]
            found = known.get(common)
            if found is None or not window.cstringio_buf.getvalue().startswith(found[1], at):
                found = _job_and_config(reader.slice(start, end), table)
                if found[1] is LEGACY_CONFIG:
                    legacy.append(row)
                elif len(known) < MOST_KNOWN:
                    known[common] = found
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
    # Each task begins at the end of the one before it.
    table.length.extend(map(sub, chain(islice(table.start, 1, None), (end,)), table.start))
    return _with_deleted_sandboxes(table, legacy)


def _job_and_config(raw: bytes, table: TaskTable) -> tuple[int, bytes]:
    """Return the number of a task's job, and its config with the header or LEGACY_CONFIG."""
    task: Any = codec.decode(slim.ScheduledTask, raw)
    key = task.assignedTask.task.job
    return table.job_number(job_name(key if is_valid_job(key) else _legacy_job(raw))), _current_config(raw)


def _with_deleted_sandboxes(table: TaskTable, legacy: "array[int]") -> "array[int]":
    if SANDBOX_DELETED not in table.status:
        return legacy
    deleted = (row for row, status in enumerate(table.status) if status == SANDBOX_DELETED)
    return array("I", sorted({*legacy, *deleted}))


def _current_config(task: bytes) -> bytes:
    """Return a task's config with its header, or LEGACY_CONFIG if it must be upgraded."""
    at = config_position(task)
    if not task.startswith(CONFIG, at):
        task, at = CONFIG + (TASK_CONFIG.get(task) or fields.STOP), 0
    walk, config = Walk(task), slim.CurrentTaskConfig()
    walk.cstringio_buf.seek(at + len(CONFIG))
    try:
        decode(config, walk, [slim.CurrentTaskConfig, slim.CurrentTaskConfig.thrift_spec])
    except FAILURES:  # upgrading the task raises the error with its reason
        return LEGACY_CONFIG
    return task[at : walk.cstringio_buf.tell()] if is_current(config) else LEGACY_CONFIG


def _legacy_job(raw: bytes) -> Any:
    """Return the key of a task's job from the legacy fields (rule 1 of docs/wire.md 3.3)."""
    try:
        return codec.decode(slim.CurrentTaskConfig, Upgrader().config(TASK_CONFIG.get(raw) or fields.STOP)).job
    except WireError:
        raise TypeError from None


def _name(task: Any) -> str:
    task_id = getattr(task.assignedTask, "taskId", None)
    return printable(task_id) if task_id else "without an id"


def upgrade_task(upgrader: Upgrader, raw: bytes) -> tuple[bytes, int, bool]:
    """Upgrade a task; return its id, its status, and whether it has resources.

    Raises:
        WireError: the task is malformed or has no job.
    """
    upgraded = upgrader.task(raw)
    task: Any = codec.decode(slim.ScheduledTask, upgraded)
    return task.assignedTask.taskId, task.status, bool(RESOURCES.elements(upgraded))
