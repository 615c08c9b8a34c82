"""Rehearse a restore on a temporary scheduler."""

from collections.abc import Iterator

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl


@hookimpl
def aurora_admin_commands() -> Iterator[Command]:
    """Declare the commands of this plugin."""
    yield Command(
        name="drill",
        arguments="",
        options="[--backup=file | --tasks=N] [--ha] [--keep] [--show]",
        summary="Rehearse a restore on a temporary scheduler, and compare every task",
        category="rehearsal",
        effect="read",
        see_also=("scheduler_stage_recovery", "scheduler_commit_recovery"),
        tabular=True,
    )
