"""What query prints of the tasks in a reply, while they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from aurora_admin.client.reply import TasksReply
    from aurora_admin.output import Output
    from aurora_admin.plugins.tasks.listformat import ListFormat

# The field of the format language that is in each column.
FIELDS = {
    "role": "role",
    "environment": "environment",
    "job": "name",
    "instance": "instanceId",
    "status": "status",
    "host": "slaveHost",
    "task_id": "taskId",
    "agent": "slaveId",
}
TASK = ("assignedTask", "status", "failureCount", "timesPartitioned", "taskEvents", "ancestorId")


def print_lines(out: Output, reply: TasksReply, role: str | None, listformat: ListFormat) -> None:
    """Print the line of each task; only the fields that every task has are decoded if the format needs no others."""
    from aurora_admin.client.task_fields import ALIASES, COMMON, all_fields, common_fields

    fields_of = common_fields if listformat.needs_only({*COMMON, *ALIASES}) else all_fields
    show = out.print_text if "\n" in listformat.text else out.print
    for fields in fields_of(reply, role):
        show(listformat.line(fields))


def print_rows(out: Output, reply: TasksReply, role: str | None, columns: tuple[str, ...]) -> None:
    """Print a row for each task, or for JSON the whole task."""
    if out.format == "json":
        out.rows(TASK, whole_rows(reply, role))
    else:
        out.rows(columns, rows(reply, role, columns))


def rows(reply: TasksReply, role: str | None, columns: tuple[str, ...]) -> Iterator[list[Any]]:
    """Yield the cells of each task."""
    from aurora_admin.client.task_fields import common_fields

    for fields in common_fields(reply, role):
        yield [fields[FIELDS[name]] for name in columns]


def whole_rows(reply: TasksReply, role: str | None) -> Iterator[list[Any]]:
    """Yield the fields of each task in the types of JSON."""
    from aurora_admin.client.plain import plain_fields
    from aurora_admin.client.task_fields import whole_tasks

    for task in whole_tasks(reply, role):
        yield list(map(plain_fields(task).get, TASK))
