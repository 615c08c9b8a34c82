"""From a call to its reply: find the handler, and turn what it raises into a Response (docs/api.md 4.3)."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from thrift.Thrift import TApplicationException

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.writer import BackupFailed
from aurora_admin.calls import arguments_class
from aurora_admin.gen.api.ttypes import ResponseCode
from aurora_admin.scheduler.api.audited import check_reason, keep
from aurora_admin.scheduler.api.handlers import HANDLERS, RECOVERY_CALLS, Handler
from aurora_admin.scheduler.api.outcome import Outcome, Refusal, encode_reply
from aurora_admin.scheduler.api.recovery_log import log_malformed_call, log_recovery_call
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.recovery import RecoveryError
from aurora_admin.scheduler.storage.engine import FatalLogError, LogError
from aurora_admin.scheduler.storage.storage import StorageNotReady
from aurora_admin.wire import codec, message
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.message import Message

logger = logging.getLogger(__name__)

# Failures whose text says what to do; a traceback would add nothing.
EXPECTED = (RecoveryError, BackupError, BackupFailed, LogError)


class StreamedReply(NamedTuple):
    """A reply message: the parts of its header, the pieces of its body, and what to do once it is sent.

    The body is made while it is read. Where that fails it raises ReplyFailed.
    """

    name: str
    type: int
    seqid: int
    body: Iterable[bytes]
    after_sent: Callable[[], None] | None = None


class ReplyFailed(Exception):
    """The body of a reply could not be made, and the log says why.

    Attributes:
        substitute: the reply to send in its place, an ERROR with the reason, as long as nothing of the first was sent.
    """

    def __init__(self, substitute: StreamedReply) -> None:
        super().__init__(substitute.name)
        self.substitute = substitute


def call(services: Services, request: Message) -> StreamedReply:
    """Carry out a call and return its reply.

    Raises:
        WireError: the request ends in the middle of its arguments; nothing was carried out.
    """
    kind = arguments_class(request.name)
    if kind is None:
        return _exception(request, TApplicationException.UNKNOWN_METHOD, f"Invalid method name: '{request.name}'")
    try:
        arguments = codec.decode(kind, request.body)
    except WireError as error:
        if request.name in RECOVERY_CALLS:
            log_malformed_call(request.name, services.caller, str(error))
        if error.java_class == "TTransportException":
            raise
        return _exception(request, TApplicationException.PROTOCOL_ERROR, str(error))
    return _reply(services, request, _carry_out(services, request.name, arguments))


def _exception(request: Message, code: int, text: str) -> StreamedReply:
    refusal = message.application_exception(request.name, request.seqid, code, text)
    return StreamedReply(refusal.name, refusal.type, refusal.seqid, [refusal.body])


def _reply(services: Services, request: Message, outcome: Outcome) -> StreamedReply:
    body = _body(services, request, outcome)
    return StreamedReply(request.name, message.REPLY, request.seqid, body, outcome.after_sent)


def _body(services: Services, request: Message, outcome: Outcome) -> Iterator[bytes]:
    """Yield the body of a reply; a failure on the way is logged and raised as ReplyFailed."""
    try:
        yield from encode_reply(outcome, services.cluster_name)
    except EXPECTED as error:
        logger.error("%s failed while its reply was made: %s", request.name, error)  # noqa: TRY400  no traceback
        raise ReplyFailed(_reply(services, request, Outcome(ResponseCode.ERROR, [str(error)]))) from error
    except Exception as error:
        raise ReplyFailed(_reply(services, request, _unexpected(request.name, error))) from error


def _carry_out(services: Services, name: str, arguments: Any) -> Outcome:
    handler = HANDLERS.get(name)
    if handler is None:
        return Outcome(ResponseCode.INVALID_REQUEST, [f"{name} is not available in this reference scheduler."])
    outcome = _outcome(handler, services, name, arguments)
    if name in RECOVERY_CALLS:
        log_recovery_call(name, arguments, services.caller, outcome)
    keep(services, name, arguments, outcome)
    return outcome


def _outcome(handler: Handler, services: Services, name: str, arguments: Any) -> Outcome:
    try:
        check_reason(services, name)
        return handler(services, arguments)
    except Refusal as refusal:
        return Outcome(refusal.code, [refusal.text])
    except StorageNotReady as error:
        return Outcome(ResponseCode.ERROR_TRANSIENT, [str(error)])
    except EXPECTED as error:
        return _failed(name, error)
    except Exception as error:  # noqa: BLE001  it is logged there
        return _unexpected(name, error)


def _unexpected(name: str, error: Exception) -> Outcome:
    logger.error("%s failed unexpectedly", name, exc_info=error)
    return Outcome(ResponseCode.ERROR, [f"{name} failed unexpectedly: {type(error).__name__}: {error}"])


def _failed(name: str, error: Exception) -> Outcome:
    if isinstance(error, FatalLogError):
        logger.warning("%s may have been carried out, or not: %s", name, error)
        return Outcome(ResponseCode.ERROR, [f"{name} may have been carried out, or not. {error}"])
    if name not in RECOVERY_CALLS:
        logger.warning("%s was refused: %s", name, error)
    return Outcome(ResponseCode.ERROR, [str(error)])
