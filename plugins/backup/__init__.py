"""Backups of the scheduler's storage, and recovery from them."""

from functools import partial

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl

STAGE_FIRST = "If no backup is staged, stage one with aurora_admin scheduler_stage_recovery {cluster} BACKUP_ID"

recovery = partial(Command, category="backup and recovery", original=True)

COMMANDS = (
    recovery(
        name="scheduler_backup_now",
        arguments="cluster",
        summary="Write a backup of the scheduler's storage now",
        effect="write",
        see_also=("scheduler_list_backups",),
    ),
    recovery(
        name="scheduler_list_backups",
        arguments="cluster",
        summary="List the backups in the scheduler's backup folder",
        effect="read",
        tabular=True,
        see_also=("scheduler_stage_recovery", "scheduler_backup_now"),
    ),
    recovery(
        name="scheduler_snapshot",
        arguments="cluster",
        summary="Write a snapshot of the storage into the scheduler's log now",
        effect="write",
        see_also=("scheduler_backup_now",),
    ),
    recovery(
        name="scheduler_stage_recovery",
        arguments="cluster backup_id",
        summary="Load a backup into the scheduler's memory without applying it",
        effect="write",
        see_also=("scheduler_list_backups", "scheduler_print_recovery_tasks", "scheduler_commit_recovery"),
    ),
    recovery(
        name="scheduler_print_recovery_tasks",
        arguments="cluster",
        summary="Print the active tasks of the staged backup",
        effect="read",
        tabular=True,
        see_also=("scheduler_stage_recovery", "scheduler_delete_recovery_tasks"),
    ),
    recovery(
        name="scheduler_delete_recovery_tasks",
        arguments="cluster task_ids",
        summary="Delete tasks from the staged backup",
        effect="write",
        stand_ins=("role", "env", "job", "host", "state", "task_ids_file"),
        see_also=("scheduler_print_recovery_tasks", "scheduler_commit_recovery"),
    ),
    recovery(
        name="scheduler_commit_recovery",
        arguments="cluster",
        summary="Replace the scheduler's state by the staged backup",
        effect="destroy",
        see_also=(
            "scheduler_backup_now",
            "scheduler_stage_recovery",
            "scheduler_print_recovery_tasks",
            "scheduler_delete_recovery_tasks",
            "scheduler_unload_recovery",
        ),
    ),
    recovery(
        name="scheduler_unload_recovery",
        arguments="cluster",
        summary="Drop the staged backup",
        effect="write",
        see_also=("scheduler_stage_recovery",),
    ),
    recovery(
        name="recovery_status",
        arguments="cluster",
        summary="Print whether a backup is staged, how many tasks it has, and which scheduler leads",
        effect="read",
        original=False,
        tabular=True,
        see_also=("scheduler_stage_recovery", "scheduler_commit_recovery", "get_scheduler"),
    ),
)


@hookimpl
def aurora_admin_commands() -> tuple[Command, ...]:
    """Declare the commands of this plugin."""
    return COMMANDS
