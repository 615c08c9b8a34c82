"""From a call to its reply: finds the handler, and makes a Response of what it raises (docs/api.md 4.3)."""

import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from thrift.Thrift import TApplicationException, TType

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.writer import BackupFailed
from aurora_admin.gen.api import AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler
from aurora_admin.gen.api.ttypes import ResponseCode
from aurora_admin.scheduler.api import backups, jobs, quota, recovery, tasks, tiers
from aurora_admin.scheduler.api.response import Answer, Refusal, reply_body
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.recovery import RecoveryError
from aurora_admin.scheduler.storage.engine import FatalLogError, LogError
from aurora_admin.scheduler.storage.storage import StorageNotReady
from aurora_admin.wire import codec, fields, message
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.message import Message

logger = logging.getLogger(__name__)

HANDLERS: dict[str, Callable[[Services, Any], Answer]] = {
    "performBackup": backups.perform_backup,
    "listBackups": backups.list_backups,
    "snapshot": backups.snapshot,
    "stageRecovery": recovery.stage_recovery,
    "queryRecovery": recovery.query_recovery,
    "deleteRecoveryTasks": recovery.delete_recovery_tasks,
    "unloadRecovery": recovery.unload_recovery,
    "commitRecovery": recovery.commit_recovery,
    "getTasksStatus": tasks.get_tasks_status,
    "getTasksWithoutConfigs": tasks.get_tasks_without_configs,
    "killTasks": tasks.kill_tasks,
    "createJob": jobs.create_job,
    "getJobs": jobs.get_jobs,
    "getRoleSummary": jobs.get_role_summary,
    "getQuota": quota.get_quota,
    "getTierConfigs": tiers.get_tier_configs,
    "setQuota": quota.set_quota,
}
SERVICES = (AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler)


class Reply(NamedTuple):
    """A reply message: its header's parts, the pieces of its body, and what to do once it is sent."""

    name: str
    type: int
    seqid: int
    body: Iterable[bytes]
    then: Callable[[], None] | None = None


def call(services: Services, request: Message) -> Reply:
    """Carry out a call.

    Raises:
        WireError: the request ends inside its arguments; nothing was carried out.
    """
    arguments_class = _arguments_class(request.name)
    if arguments_class is None:
        return _exception(request, TApplicationException.UNKNOWN_METHOD, f"Invalid method name: '{request.name}'")
    try:
        arguments = codec.decode(arguments_class, request.body)
    except WireError as error:
        if error.java_class == "TTransportException":
            raise
        return _exception(request, TApplicationException.PROTOCOL_ERROR, str(error))
    answer = _answer(services, request.name, arguments)
    server_info = fields.join(
        [
            fields.Field(1, TType.STRING, fields.string(services.cluster_name.encode())),
            fields.Field(3, TType.STRING, fields.string(b"")),
        ]
    )
    return Reply(request.name, message.REPLY, request.seqid, reply_body(answer, server_info), answer.then)


def _arguments_class(name: str) -> Any:
    found = (getattr(service, f"{name}_args", None) for service in SERVICES)
    return next((found_class for found_class in found if found_class is not None), None)


def _exception(request: Message, code: int, text: str) -> Reply:
    refusal = message.application_exception(request.name, request.seqid, code, text)
    return Reply(refusal.name, refusal.type, refusal.seqid, [refusal.body])


def _answer(services: Services, name: str, arguments: Any) -> Answer:
    handler = HANDLERS.get(name)
    if handler is None:
        return Answer(ResponseCode.INVALID_REQUEST, [f"{name} is not available in this reference scheduler."])
    try:
        return handler(services, arguments)
    except Refusal as refusal:
        return Answer(refusal.code, [refusal.text])
    except StorageNotReady as error:
        return Answer(ResponseCode.ERROR_TRANSIENT, [str(error)])
    except (RecoveryError, BackupError, BackupFailed, LogError) as error:
        return _failed(name, error)
    except Exception as error:
        logger.exception("%s failed unexpectedly", name)
        return Answer(ResponseCode.ERROR, [f"{name} failed unexpectedly: {type(error).__name__}: {error}"])


def _failed(name: str, error: Exception) -> Answer:
    if isinstance(error, FatalLogError):
        logger.warning("%s may have been carried out, or not: %s", name, error)
        return Answer(ResponseCode.ERROR, [f"{name} may have been carried out, or not. {error}"])
    logger.warning("%s was refused: %s", name, error)
    return Answer(ResponseCode.ERROR, [str(error)])
