"""Delete tasks from the staged backup, so that the commit does not bring them back.

Separate the ids by commas. With - the ids are read from standard input, separated by commas or line ends.

The scheduler ignores ids that are not in the backup and still replies OK. So on a terminal, or with -v, the command
also counts the staged tasks before and after, and names the ids that were not among them. A script checks what is left
with scheduler_print_recovery_tasks. Only the staged copy changes, not the file. To undo the deletion, unload the backup
and stage it again.

The options --role, --env, --job, --host, --state and --task-ids-file select tasks by what they are, also those that are
not active. With one of them the ids may be omitted. A task is deleted if it meets everything that is given: all of the
options, and the ids too if there are some. The command says how many staged tasks match before, and how many are left
after, also without a terminal. An option that is empty is an error, and nothing is deleted if no task matches.

The options mean the same with every release of the scheduler, because this program looks for the tasks itself: it reads
the staged tasks, and has the scheduler delete those that match by their ids, 50,000 at a time. Old releases do not know
all fields of a query, and would delete more tasks than those that were meant.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from aurora_admin.command import Context
from aurora_admin.plugins.backup import STAGE_FIRST
from aurora_admin.plugins.backup.deletion import delete_matching, show_deleted, staged_among
from aurora_admin.plugins.backup.selectors import add_selectors, conditions_of, is_selecting
from aurora_admin.plugins.backup.task_ids import ids_of

if TYPE_CHECKING:
    from aurora_admin.parser import CommandParser

EXAMPLES = """\
aurora_admin scheduler_delete_recovery_tasks west www-data-prod-hello-0-41ea14dd-c080-4a5b-bff8-a737a9d2e6fc
aurora_admin scheduler_delete_recovery_tasks west www-data-prod-hello-0-41ea14dd,www-data-prod-hello-1-c3a815f2
aurora_admin scheduler_delete_recovery_tasks west - < task-ids
aurora_admin scheduler_delete_recovery_tasks --role=www-data --env=test west
aurora_admin scheduler_delete_recovery_tasks --job=www-data/prod/hello --state=LOST,KILLED west
aurora_admin scheduler_delete_recovery_tasks --task-ids-file=task-ids --host=agent7 west
"""
IF_UNKNOWN = """
You may repeat the command: to delete them twice does no harm. aurora_admin scheduler_print_recovery_tasks {cluster}
shows whether they are gone, but prints only active tasks
"""
IF_REFUSED = STAGE_FIRST

COMPATIBILITY = """
An id with blanks around it is refused, and so is a list without an id; the original sent them, and deleted nothing. The
options that select tasks are new. An unknown long option after the cluster is an error, because it could be one of them
that is mistyped; the original took it for the ids.
"""


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    add_selectors(parser)


def run(context: Context, args: Namespace) -> None:
    """Delete the tasks, and show what was deleted: with options always, with ids to a person."""
    if is_selecting(args):
        conditions = conditions_of(args, context.out)
        delete_matching(context, context.scheduler(args.cluster), conditions)
        return
    task_ids = ids_of(args.task_ids, context.out)
    scheduler, out = context.scheduler(args.cluster), context.out
    before = None
    if out.has_details():
        from aurora_admin.plugins.backup.staged import counted_before

        before = counted_before(lambda: staged_among(scheduler, task_ids), out)
    context.check(scheduler.delete_recovery_tasks(task_ids))
    if before:
        show_deleted(scheduler, out, task_ids, before)
