"""Backups of the scheduler's storage, and recovery from them."""

from collections.abc import Iterator
from functools import partial

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl

HERE = "aurora_admin.plugins.backup"
original = partial(Command, category="backup and recovery", original=True)


@hookimpl
def aurora_admin_commands() -> Iterator[Command]:
    """Declare the commands of this plugin."""
    yield from backups()
    yield from staging()
    yield from ending()


def backups() -> Iterator[Command]:
    """Declare the commands that make and list backups."""
    yield original(
        name="scheduler_backup_now",
        synopsis="scheduler_backup_now cluster",
        summary="Write a backup of the scheduler's storage into its backup folder, now",
        module=f"{HERE}.scheduler_backup_now",
        effect="write",
        see_also=("scheduler_list_backups",),
    )
    yield original(
        name="scheduler_list_backups",
        synopsis="scheduler_list_backups cluster",
        summary="List the backups in the scheduler's backup folder",
        module=f"{HERE}.scheduler_list_backups",
        effect="read",
        see_also=("scheduler_stage_recovery", "scheduler_backup_now"),
    )
    yield original(
        name="scheduler_snapshot",
        synopsis="scheduler_snapshot cluster",
        summary="Write a snapshot of the storage into the scheduler's own log, now",
        module=f"{HERE}.scheduler_snapshot",
        effect="write",
        see_also=("scheduler_backup_now",),
    )


def staging() -> Iterator[Command]:
    """Declare the commands that stage a backup, and show and change what is staged."""
    yield original(
        name="scheduler_stage_recovery",
        synopsis="scheduler_stage_recovery cluster backup_id",
        summary="Load a backup into the scheduler's memory, without applying it",
        module=f"{HERE}.scheduler_stage_recovery",
        effect="write",
        see_also=("scheduler_list_backups", "scheduler_print_recovery_tasks", "scheduler_commit_recovery"),
    )
    yield original(
        name="scheduler_print_recovery_tasks",
        synopsis="scheduler_print_recovery_tasks cluster",
        summary="Show the active tasks of the staged backup",
        module=f"{HERE}.scheduler_print_recovery_tasks",
        effect="read",
        see_also=("scheduler_stage_recovery", "scheduler_delete_recovery_tasks"),
    )
    yield original(
        name="scheduler_delete_recovery_tasks",
        synopsis="scheduler_delete_recovery_tasks cluster task_ids",
        summary="Take tasks out of the staged backup, so that they do not come back",
        module=f"{HERE}.scheduler_delete_recovery_tasks",
        effect="write",
        see_also=("scheduler_print_recovery_tasks", "scheduler_commit_recovery"),
    )


def ending() -> Iterator[Command]:
    """Declare the commands after which nothing is staged any more."""
    yield original(
        name="scheduler_commit_recovery",
        synopsis="scheduler_commit_recovery cluster",
        summary="Replace everything the scheduler knows by the staged backup",
        module=f"{HERE}.scheduler_commit_recovery",
        effect="destroy",
        see_also=(
            "scheduler_backup_now",
            "scheduler_stage_recovery",
            "scheduler_print_recovery_tasks",
            "scheduler_delete_recovery_tasks",
            "scheduler_unload_recovery",
        ),
    )
    yield original(
        name="scheduler_unload_recovery",
        synopsis="scheduler_unload_recovery cluster",
        summary="Forget the staged backup; nothing else changes",
        module=f"{HERE}.scheduler_unload_recovery",
        effect="write",
        see_also=("scheduler_stage_recovery",),
    )
