"""The calls of a recovery, from stage to commit (docs/api.md 1.2)."""

from thrift.Thrift import TType

from aurora_admin.gen.api.AuroraAdmin import deleteRecoveryTasks_args, queryRecovery_args, stageRecovery_args
from aurora_admin.scheduler.api.query import task_filter
from aurora_admin.scheduler.api.response import OK, Answer, error, of_tasks
from aurora_admin.scheduler.api.services import Services
from aurora_admin.wire.struct import Struct

QUERY_RECOVERY_RESULT = 9


def stage_recovery(services: Services, arguments: stageRecovery_args) -> Answer:
    if arguments.backupId is None:
        raise error()
    services.recovery.stage(arguments.backupId)
    return OK


def query_recovery(services: Services, arguments: queryRecovery_args) -> Answer:
    staged, rows = services.recovery.select(task_filter(arguments.query))
    return of_tasks(QUERY_RECOVERY_RESULT, TType.SET, len(rows), staged.encoded_tasks(rows))


def delete_recovery_tasks(services: Services, arguments: deleteRecoveryTasks_args) -> Answer:
    services.recovery.delete(task_filter(arguments.query))
    return OK


def unload_recovery(services: Services, arguments: Struct) -> Answer:
    services.recovery.unload()
    return OK


def commit_recovery(services: Services, arguments: Struct) -> Answer:
    services.recovery.commit()
    return Answer(then=lambda: services.stop("a recovery was committed"))
