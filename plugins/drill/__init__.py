"""Rehearsals on a throw-away scheduler."""

from collections.abc import Iterator

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl


@hookimpl
def aurora_admin_commands() -> Iterator[Command]:
    """Declare what can be rehearsed."""
    yield Command(
        name="drill",
        arguments="",
        options="[--backup=file | --tasks=N] [--ha] [--keep] [--show]",
        summary="Rehearse a restore on a throw-away scheduler, and compare every task",
        category="rehearsal",
        effect="read",
        see_also=("scheduler_stage_recovery", "scheduler_commit_recovery"),
        tabular=True,
    )
