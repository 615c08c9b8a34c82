"""From a call to its reply: runs the handler, and turns an exception into a Response (docs/api.md 4.3)."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from thrift.Thrift import TApplicationException

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.writer import BackupFailed
from aurora_admin.gen.api import AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler
from aurora_admin.gen.api.ttypes import ResponseCode, ServerInfo
from aurora_admin.scheduler.api import backups, jobs, quota, recovery, tasks, tiers
from aurora_admin.scheduler.api.response import Answer, Refusal, reply_body
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.recovery import RecoveryError
from aurora_admin.scheduler.storage.engine import LogBroken, LogError
from aurora_admin.scheduler.storage.storage import NotReady
from aurora_admin.wire import codec, fields, message
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.message import Message
from aurora_admin.wire.path import path

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
# Failures whose text says what to do; a traceback would add nothing.
EXPECTED = (RecoveryError, BackupError, BackupFailed, LogError)
CLUSTER_NAME, STATS_URL_PREFIX = path(ServerInfo, "clusterName"), path(ServerInfo, "statsUrlPrefix")


class Reply(NamedTuple):
    """A reply message: the parts of its header, its body in pieces, and what to do once it was sent.

    The body is made while it is read. Where that fails it raises ReplyFailed.
    """

    name: str
    type: int
    seqid: int
    body: Iterable[bytes]
    then: Callable[[], None] | None = None


class ReplyFailed(Exception):
    """The body of a reply could not be made, and the log says why.

    Attributes:
        substitute: the reply to send in its place, an ERROR with the reason, as long as nothing of the first was sent.
    """

    def __init__(self, substitute: Reply) -> None:
        super().__init__(substitute.name)
        self.substitute = substitute


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
    return _reply(services, request, _carry_out(services, request.name, arguments))


def _arguments_class(name: str) -> Any:
    found = (getattr(service, f"{name}_args", None) for service in SERVICES)
    return next((found_class for found_class in found if found_class is not None), None)


def _exception(request: Message, code: int, text: str) -> Reply:
    refusal = message.application_exception(request.name, request.seqid, code, text)
    return Reply(refusal.name, refusal.type, refusal.seqid, [refusal.body])


def _reply(services: Services, request: Message, answer: Answer) -> Reply:
    return Reply(request.name, message.REPLY, request.seqid, _body(services, request, answer), answer.then)


def _body(services: Services, request: Message, answer: Answer) -> Iterator[bytes]:
    """Yield the body of a reply; a failure on the way is logged and raised as ReplyFailed."""
    server_info = fields.join(
        [
            CLUSTER_NAME.field(fields.string(services.cluster_name.encode())),
            STATS_URL_PREFIX.field(fields.string(b"")),
        ]
    )
    try:
        yield from reply_body(answer, server_info)
    except EXPECTED as error:
        logger.error("%s failed while its reply was made: %s", request.name, error)  # noqa: TRY400  no traceback
        raise ReplyFailed(_reply(services, request, Answer(ResponseCode.ERROR, [str(error)]))) from error
    except Exception as error:
        raise ReplyFailed(_reply(services, request, _unexpected(request.name, error))) from error


def _carry_out(services: Services, name: str, arguments: Any) -> Answer:
    handler = HANDLERS.get(name)
    if handler is None:
        return Answer(ResponseCode.INVALID_REQUEST, [f"{name} is not available in this reference scheduler."])
    try:
        return handler(services, arguments)
    except Refusal as refusal:
        return Answer(refusal.code, [refusal.text])
    except NotReady as error:
        return Answer(ResponseCode.ERROR_TRANSIENT, [str(error)])
    except EXPECTED as error:
        return _failed(name, error)
    except Exception as error:  # noqa: BLE001  it is logged there
        return _unexpected(name, error)


def _unexpected(name: str, error: Exception) -> Answer:
    logger.error("%s failed unexpectedly", name, exc_info=error)
    return Answer(ResponseCode.ERROR, [f"{name} failed unexpectedly: {type(error).__name__}: {error}"])


def _failed(name: str, error: Exception) -> Answer:
    if isinstance(error, LogBroken):
        logger.warning("%s may have been carried out, or not: %s", name, error)
        return Answer(ResponseCode.ERROR, [f"{name} may have been carried out, or not. {error}"])
    logger.warning("%s was refused: %s", name, error)
    return Answer(ResponseCode.ERROR, [str(error)])
