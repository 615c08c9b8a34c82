"""The calls of a recovery, from stageRecovery to commitRecovery (docs/api.md 1.2)."""

from aurora_admin.calls import STAGED_TASKS
from aurora_admin.gen.api.AuroraAdmin import (
    commitRecovery_args,
    deleteRecoveryTasks_args,
    queryRecovery_args,
    stageRecovery_args,
    unloadRecovery_args,
)
from aurora_admin.scheduler.api.outcome import OK, Outcome, error, with_structs
from aurora_admin.scheduler.api.query import task_filter
from aurora_admin.scheduler.api.services import Services


def stage_recovery(services: Services, arguments: stageRecovery_args) -> Outcome:
    if arguments.backupId is None:
        raise error()
    services.recovery.stage(arguments.backupId)
    return OK


def query_recovery(services: Services, arguments: queryRecovery_args) -> Outcome:
    staged, rows = services.recovery.select(task_filter(arguments.query))
    return with_structs(STAGED_TASKS, len(rows), staged.encoded_tasks(rows))


def delete_recovery_tasks(services: Services, arguments: deleteRecoveryTasks_args) -> Outcome:
    services.recovery.delete(task_filter(arguments.query))
    return OK


def unload_recovery(services: Services, arguments: unloadRecovery_args) -> Outcome:
    services.recovery.unload()
    return OK


def commit_recovery(services: Services, arguments: commitRecovery_args) -> Outcome:
    """Commit what is staged; the scheduler stops once the reply is sent."""
    services.recovery.commit()
    return Outcome(after_sent=lambda: services.stop("a recovery was committed"))
