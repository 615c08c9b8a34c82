"""Recorded exchanges with a real scheduler: a request is sent again, and both responses are read by the same code."""

import base64
import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TJSONProtocol import TJSONProtocol
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.gen.api.ttypes import Response, ResponseCode, ResponseDetail, Result, ServerInfo
from aurora_admin.wire.canonical import canonical
from aurora_admin.wire.codec import encode
from tests.support.places import FIXTURES
from tests.support.thrift_calls import BINARY, HEADERS, JSON, exchange, generated_struct

REASON = re.compile(r"javax\.servlet\.ServletException: ([^<]*)")
# The elements of a printed set, which come in any order.
ITEM = re.compile(r"IResource\{[^}]*\}|(?<=[{ ])[A-Z_]+=[\d.]+")
# What our error messages end with, and why they differ.
# What ours says besides the text of a real scheduler, with a time in it.
OUR_ADDITION = re.compile(
    r"(?<=Another backup is already loaded\.) It is \S+, since \S+, staged from \S+ Unload it before you [^.]*\."
)
OTHER_FILES = re.compile(r"\d+ other files? in ")
LISTED = "Choose one from the list of backups."
WHERE = "we say which file, where in it, and what to do"
NAMES = sorted(path.stem for path in (FIXTURES / "wire").glob("*.json"))


class ReplyMessage(NamedTuple):
    """A Thrift message, in a form in which equal replies compare equal."""

    name: str
    type: int
    seqid: int
    body: object


class HttpResponse(NamedTuple):
    """An HTTP response, in a form in which equal responses compare equal.

    `body` is a ReplyMessage, the reason on an error page, or the text of another page.
    """

    status: int
    content_type: str | None
    encoding: str | None
    body: object
    location: str | None = None


@dataclass(frozen=True)
class Recording:
    name: str
    folder: Path = FIXTURES / "wire"

    @cached_property
    def exchange(self) -> dict:
        return json.loads((self.folder / f"{self.name}.json").read_text(encoding="utf-8"))

    @property
    def method(self) -> str:
        return self.exchange["call"]

    @property
    def headers(self) -> dict[str, str]:
        named = self.exchange["request"]["headers"]
        return {name: value for name, value in named.items() if name not in ("Host", "Content-Length")}

    @property
    def body(self) -> bytes | None:
        return body_of(self.exchange["request"])

    @property
    def is_json_call(self) -> bool:
        """Tell whether it is a call as the original client sends it, which the other protocol can express."""
        headers = self.headers
        return headers.get("Content-Type") == headers.get("Accept") == JSON and not self.name.startswith(
            ("bad", "enc", "path")
        )

    @property
    def response(self) -> HttpResponse:
        response = self.exchange["response"]
        return _http_response(response["status"], dict(map(tuple, response["headers"])), body_of(response) or b"")


def body_of(side: dict) -> bytes | None:
    """Return the body of a recorded request or response, as it was sent."""
    if side.get("body_base64") is not None:
        return base64.b64decode(side["body_base64"])
    text = side.get("body")
    return None if text is None else text.encode()


def send_recorded(url: str, recording: Recording, *, binary: bool = False) -> HttpResponse:
    """Send a recorded request as it is, or translated to TBinary, and return the response."""
    body, headers = recording.body, recording.headers
    if binary:
        body, headers = _in_binary(body), {**headers, **HEADERS}
    request = recording.exchange["request"]
    return _http_response(*exchange(url, request["method"], request["path"], body, headers))


def _in_binary(body: bytes) -> bytes:
    name, kind, seqid, arguments = _message(TJSONProtocol(TMemoryBuffer(body)), "args")
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocol(buffer)
    protocol.writeMessageBegin(name, kind, seqid)
    arguments.write(protocol)
    return buffer.getvalue()


def _message(protocol: object, kind: str) -> tuple:
    name, message_type, seqid = protocol.readMessageBegin()
    body = TApplicationException() if message_type == TMessageType.EXCEPTION else generated_struct(name, kind)()
    body.read(protocol)
    return name, message_type, seqid, body


def _http_response(status: int, headers: dict[str, str], raw: bytes) -> HttpResponse:
    encoding = headers.get("Content-Encoding")
    raw = gzip.decompress(raw) if encoding == "gzip" else raw
    content_type = headers.get("Content-Type")
    if status == 200 and content_type in (JSON, BINARY):
        protocol = (TJSONProtocol if content_type == JSON else TBinaryProtocol)(TMemoryBuffer(raw))
        name, kind, seqid, body = _message(protocol, "result")
        content = (body.type, body.message) if kind == TMessageType.EXCEPTION else meaning(body.success)
        return HttpResponse(status, content_type, encoding, ReplyMessage(name, kind, seqid, content))
    if status == 500:
        # The page is written for people, in an encoding of its own; clients look for the exception in it.
        return HttpResponse(status, content_type.split(";")[0], encoding, REASON.search(raw.decode()).group(1))
    return HttpResponse(status, content_type, encoding, raw.decode(), headers.get("Location"))


def meaning(response: Response) -> tuple:
    """Return the content of a Response in a form that does not depend on the order of sets, tasks and printed sets."""
    code = ResponseCode._VALUES_TO_NAMES[response.responseCode]
    messages = [detail.message and OUR_ADDITION.sub("", detail.message) for detail in response.details]
    messages = [message for message in messages if not OTHER_FILES.match(message or "")]
    texts = [message and (ITEM.sub("_", message), sorted(ITEM.findall(message))) for message in messages]
    if response.result and response.result.scheduleStatusResult:
        response.result.scheduleStatusResult.tasks.sort(key=lambda task: task.assignedTask.taskId)
    result = response.result and canonical(encode(response.result))
    return code, texts, result, response.serverInfo and canonical(encode(response.serverInfo))


class Difference(NamedTuple):
    """A response of ours that differs from the recorded one on purpose.

    Attributes:
        expected: a Response, the name of a recording with the same response, or a status without a body.
        reason: why it differs.
    """

    expected: Response | str | int | Callable[[], Response]
    reason: str


def make_response(code: int, *texts: str, result: Result | None = None) -> Response:
    """Return the Response that a scheduler of the cluster `local` sends."""
    return Response(
        code,
        serverInfo=ServerInfo("local", statsUrlPrefix=""),
        result=result,
        details=[ResponseDetail(text) for text in texts],
    )


def refusal(text: str, reason: str) -> Difference:
    """Return a difference that is an error with this text."""
    return Difference(make_response(ResponseCode.ERROR, text), reason)


def recorded_backup() -> bytes:
    """Return the backup with the state that the requests were recorded in."""
    return (FIXTURES / "backups" / "small-022").read_bytes()
