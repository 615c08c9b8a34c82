"""The fields of tasks by name, as the original flattened them for its format language (docs/cli.md 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aurora_admin.client.python2 import Shown, Text
from aurora_admin.client.reply import STATUS_NAMES
from aurora_admin.gen.api.ttypes import JobKey, ScheduledTask
from aurora_admin.gen.slim.ttypes import AnyTask
from aurora_admin.wire.struct import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aurora_admin.client.reply import TasksReply

# What every task has. These fields alone are decoded five times as fast as whole tasks.
COMMON = ("role", "environment", "name", "instanceId", "status", "taskId", "slaveId", "slaveHost")
ALIASES = {"jobName": "name"}  # the name until 0.12.0
# Fields that newer releases do not have, and so did not show.
RETIRED = frozenset({"jobName", "numCpus", "ramMb", "diskMb", "requestedPorts", "environment", "role"})


class Fields(dict[str, Any]):
    """The fields of one task; shown as Python 2 did, sorted by name."""

    def __missing__(self, name: str) -> Any:
        return self[ALIASES[name]]

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {self[name]!r}' for name in sorted(self))}}}"


def common_fields(reply: TasksReply, role: str | None = None) -> Iterator[Fields]:
    """Yield the fields of COMMON of each task; raise as TasksReply.tasks.

    A scheduler of 0.5 knows no role in a query, so its tasks of another role are left out here.
    """
    wanted = None if role is None else role.encode(errors="surrogateescape")
    for task in reply.records(AnyTask, _has_name):
        assigned = task.assignedTask
        key = job_of(assigned.task)
        if not _is_wanted(assigned.task, key, wanted):
            continue
        yield Fields(
            role=_text(key[0]),
            environment=_text(key[1]),
            name=_text(key[2]),
            instanceId=assigned.instanceId,
            status=_status(task),
            taskId=_text(assigned.taskId),
            slaveId=_text(assigned.slaveId),
            slaveHost=_text(assigned.slaveHost),
        )


def all_fields(reply: TasksReply, role: str | None = None) -> Iterator[Fields]:
    """Yield all fields of each task; otherwise as `common_fields`.

    A field that only earlier tasks had is None. In the original it kept the value of the earlier task.
    """
    seen: dict[str, None] = {}
    for task in whole_tasks(reply, role):
        own: dict[str, Any] = {}
        _flatten(task, own)
        job = task.assignedTask.task.job  # also after the executor's name
        own |= {"role": job.role, "environment": job.environment, "name": job.name}
        seen |= dict.fromkeys(own)
        shown = {name: _shown(value) for name, value in own.items()}
        yield Fields(seen | shown | {"status": _status(task)})


def whole_tasks(reply: TasksReply, role: str | None = None) -> Iterator[Any]:
    """Yield each task as a ScheduledTask that has a job key in every release; otherwise as `common_fields`."""
    for task in reply.records(ScheduledTask, _has_name):
        config = task.assignedTask.task
        key = job_of(config)
        if _is_wanted(config, key, role):
            config.job = config.job or JobKey(*key)
            yield task


def job_of(config: Any) -> tuple[Any, Any, Any]:
    """Return role, environment and name of a job; releases before 0.6 sent them apart (docs/cli.md 4.2)."""
    if config.job is not None:
        return config.job.role, config.job.environment, config.job.name
    return config.owner and config.owner.role, config.environment, config.jobName


def _is_wanted(config: Any, key: tuple[Any, Any, Any], role: object) -> bool:
    return role is None or config.job is not None or key[0] == role


def _has_name(task: Any) -> bool:
    assigned = task.assignedTask
    return assigned is not None and assigned.task is not None and job_of(assigned.task)[2] is not None


def _flatten(struct: Struct, fields: dict[str, Any]) -> None:
    """Add the fields of a struct, and those of the structs in it instead of the structs."""
    slots: tuple[str, ...] = type(struct).__slots__
    for name in slots:
        value = getattr(struct, name)
        if isinstance(value, Struct):
            _flatten(value, fields)
        elif value is not None or name not in RETIRED:
            fields[name] = value


def _status(task: Any) -> str | None:
    return STATUS_NAMES.get(task.status) or (None if task.status is None else str(task.status))


def _text(raw: bytes | None) -> Text | None:
    return None if raw is None else Text(raw, "utf-8", "replace")


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return Text(value)
    return Shown(value) if isinstance(value, (list, set, dict)) else value
