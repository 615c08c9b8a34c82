"""Delete tasks from the staged backup, so that the commit does not bring them back. Separate the ids by commas.

The scheduler ignores ids that are not in the backup and still replies OK, so check what is left with
scheduler_print_recovery_tasks. Only the staged copy changes, not the file. To undo the deletion, unload the backup and
stage it again.
"""

from argparse import Namespace

from aurora_admin.command import Context
from aurora_admin.errors import AdminError
from aurora_admin.plugins.backup import STAGE_FIRST

EXAMPLES = """\
aurora_admin scheduler_delete_recovery_tasks west www-data-prod-hello-0-41ea14dd-c080-4a5b-bff8-a737a9d2e6fc
aurora_admin scheduler_delete_recovery_tasks west www-data-prod-hello-0-41ea14dd,www-data-prod-hello-1-c3a815f2
"""
IF_UNKNOWN = """
aurora_admin scheduler_print_recovery_tasks {cluster} shows whether the tasks are gone. You may repeat the command: to
delete them twice does no harm
"""
IF_REFUSED = STAGE_FIRST


def run(context: Context, args: Namespace) -> None:
    """Delete the tasks."""
    task_ids = ids_of(context, args.task_ids)
    context.check(context.scheduler(args.cluster).delete_recovery_tasks(task_ids))


def ids_of(context: Context, text: str) -> set[str]:
    """Return the ids unchanged, but never an empty set, which would match every task (docs/cli.md 4.5).

    Raises:
        AdminError: there is no id.
    """
    ids = set(text.split(","))
    if not any(ids):
        raise AdminError(
            "No task id was given: nothing was deleted. Give the ids that scheduler_print_recovery_tasks prints, "
            "separated by commas"
        )
    for task_id in sorted(ids):
        if task_id != task_id.strip():
            context.out.warn(f"The task id {task_id!r} begins or ends with a blank, so it matches no task")
    return ids
