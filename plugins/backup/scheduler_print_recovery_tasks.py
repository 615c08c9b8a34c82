"""Show role, job, instance, status and id of every active task in the staged backup.

The rows are log records on standard error, separated by tabs, in the order in which the scheduler gives them; -q hides
them. Tasks that have ended are staged too, though they are not shown.
"""

from argparse import Namespace
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.plugins.backup import STAGE_FIRST

if TYPE_CHECKING:
    from aurora_admin.client.reply import Task

EXAMPLES = """\
aurora_admin scheduler_print_recovery_tasks west
aurora_admin scheduler_print_recovery_tasks west 2>&1 | grep www-data
"""
HEADER = "Role\tJob\tShard\tStatus\tTask ID"
IF_REFUSED = STAGE_FIRST


def run(context: Context, args: Namespace) -> None:
    """Show the tasks."""
    reply = context.scheduler(args.cluster).query_recovery()
    context.check(reply)
    context.out.info_many(lines(reply.tasks))


def lines(tasks: "Iterable[Task]") -> Iterator[str]:
    """Return the table, line by line, as the tasks arrive."""
    yield HEADER
    for role, name, instance, status, task_id in tasks:  # unpacked: a million times five names cost a tenth
        yield f"{role}\t{name}\t{instance}\t{status}\t{task_id}"
