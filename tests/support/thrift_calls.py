"""HTTP requests and Thrift calls to a scheduler, without this project's client."""

import http.client
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.gen.api import AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler
from aurora_admin.gen.api.ttypes import Response, ResponseCode, ScheduledTask, TaskQuery
from aurora_admin.wire.canonical import canonical
from aurora_admin.wire.codec import encode
from tests.support.waiting import DEADLINE_SECONDS

BINARY = "application/vnd.apache.thrift.binary"
JSON = "application/vnd.apache.thrift.json"
HEADERS = {"Content-Type": BINARY, "Accept": BINARY}
SERVICES = (AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler)
# What code_and_text() returns for a call that succeeded.
OK = ("OK", "")


def generated_struct(method: str, kind: str):
    """Return the class of a call's arguments ("args") or of its result ("result")."""
    return next(getattr(service, f"{method}_{kind}") for service in SERVICES if hasattr(service, f"{method}_{kind}"))


def request(method: str, **arguments: object) -> bytes:
    """Return the bytes of a call in TBinaryProtocol."""
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocol(buffer)
    protocol.writeMessageBegin(method, TMessageType.CALL, 1)
    generated_struct(method, "args")(**arguments).write(protocol)
    protocol.writeMessageEnd()
    return buffer.getvalue()


def exchange(
    url: str,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
    *,
    timeout: float = DEADLINE_SECONDS,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Return status, headers and body of one HTTP request."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def post(url: str, body: bytes, headers: Mapping[str, str] = HEADERS, path: str = "/api", **options: float):
    """Return status, headers and body of one POST."""
    return exchange(url, "POST", path, body, headers, **options)


def get(url: str, path: str) -> tuple[int, str]:
    """Return status and text of one page."""
    status, _, body = exchange(url, "GET", path)
    return status, body.decode()


def call(url: str, method: str, _headers: dict[str, str] | None = None, **arguments: object) -> Response:
    """Return the Response of a call."""
    headers = {**HEADERS, **(_headers or {})}
    status, _, body = post(url, request(method, **arguments), headers)
    assert status == 200, (status, body)
    protocol = TBinaryProtocol(TMemoryBuffer(body))
    _, kind, _ = protocol.readMessageBegin()
    if kind == TMessageType.EXCEPTION:
        error = TApplicationException()
        error.read(protocol)
        raise error
    result = generated_struct(method, "result")()
    result.read(protocol)
    return result.success


def code_and_text(response: Response) -> tuple[str, str]:
    """Return code and text of a Response, for comparing."""
    return ResponseCode._VALUES_TO_NAMES[response.responseCode], ", ".join(d.message or "" for d in response.details)


def tasks(url: str, query: TaskQuery | None = None) -> dict[str, ScheduledTask]:
    """Return the tasks of the running state by id."""
    response = call(url, "getTasksStatus", query=query or TaskQuery())
    return {task.assignedTask.taskId: task for task in response.result.scheduleStatusResult.tasks}


def exact_tasks(url: str) -> dict[str, bytes]:
    """Return the tasks of the running state by id, each in a form in which equal tasks compare equal."""
    return {task_id: canonical(encode(task)) for task_id, task in tasks(url).items()}


def serves(url: str) -> bool:
    """Return whether the scheduler there carries out a call."""
    return code_and_text(call(url, "listBackups"))[0] == "OK"
