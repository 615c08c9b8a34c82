"""Recorded exchanges with a real scheduler: replay a request, and read both answers by the same means."""

import base64
import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TJSONProtocol import TJSONProtocol
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.gen.api.ttypes import Response, ResponseCode
from aurora_admin.wire.canonical import canonical
from aurora_admin.wire.codec import encode
from tests.conftest import FIXTURES
from tests.support.thrift_calls import BINARY, HEADERS, exchange, generated_struct

JSON = "application/vnd.apache.thrift.json"
REASON = re.compile(r"javax\.servlet\.ServletException: ([^<]*)")
# What a set of values prints, in any order.
ITEM = re.compile(r"IResource\{[^}]*\}|(?<=[{ ])[A-Z_]+=[\d.]+")
NAMES = sorted(path.stem for path in (FIXTURES / "wire").glob("*.json"))


class Reply(NamedTuple):
    """A thrift message as it counts: equal replies are equal here."""

    name: str
    type: int
    seqid: int
    body: object


class Answer(NamedTuple):
    """An HTTP answer as it counts: `body` is a Reply, the reason on an error page, or the text of another page."""

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
        return _body(self.exchange["request"])

    @property
    def is_json_call(self) -> bool:
        """Is it a call as the original client sends it, which can be put into the other protocol?"""
        headers = self.headers
        return headers.get("Content-Type") == headers.get("Accept") == JSON and not self.name.startswith(
            ("bad", "enc", "path")
        )

    @property
    def answer(self) -> Answer:
        response = self.exchange["response"]
        return _answer(response["status"], dict(map(tuple, response["headers"])), _body(response) or b"")


def _body(side: dict) -> bytes | None:
    if side.get("body_base64") is not None:
        return base64.b64decode(side["body_base64"])
    text = side.get("body")
    return None if text is None else text.encode()


def replay(url: str, recording: Recording, *, binary: bool = False) -> Answer:
    """Send a recorded request as it is, or put into TBinary, and return the answer."""
    body, headers = recording.body, recording.headers
    if binary:
        body, headers = _in_binary(body), {**headers, **HEADERS}
    request = recording.exchange["request"]
    return _answer(*exchange(url, request["method"], request["path"], body, headers))


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


def _answer(status: int, headers: Mapping[str, str], raw: bytes) -> Answer:
    encoding = headers.get("Content-Encoding")
    raw = gzip.decompress(raw) if encoding == "gzip" else raw
    content_type = headers.get("Content-Type")
    if status == 200 and content_type in (JSON, BINARY):
        protocol = (TJSONProtocol if content_type == JSON else TBinaryProtocol)(TMemoryBuffer(raw))
        name, kind, seqid, body = _message(protocol, "result")
        said = (body.type, body.message) if kind == TMessageType.EXCEPTION else meaning(body.success)
        return Answer(status, content_type, encoding, Reply(name, kind, seqid, said))
    if status == 500:
        # The page is for people, and in an encoding of its own; what clients look for is the exception.
        return Answer(status, content_type.split(";")[0], encoding, REASON.search(raw.decode()).group(1))
    return Answer(status, content_type, encoding, raw.decode(), headers.get("Location"))


def meaning(response: Response) -> tuple:
    """Return what a Response says, without orders that mean nothing: of sets, of found tasks, of lists in texts."""
    code = ResponseCode._VALUES_TO_NAMES[response.responseCode]
    texts = [
        detail.message and (ITEM.sub("_", detail.message), sorted(ITEM.findall(detail.message)))
        for detail in response.details
    ]
    if response.result and response.result.scheduleStatusResult:
        response.result.scheduleStatusResult.tasks.sort(key=lambda task: task.assignedTask.taskId)
    result = response.result and canonical(encode(response.result))
    return code, texts, result, response.serverInfo and canonical(encode(response.serverInfo))
