"""What comes back on the wire: the header of a Thrift message in either protocol, up to where the result begins."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from thrift.Thrift import TMessageType, TType

from aurora_admin.client.failures import Failure, Lost, ServerFailed, Unusable, quoted
from aurora_admin.errors import CallFailed
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import UNKNOWN_LENGTH, Limits
from aurora_admin.wire.message import from_json
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aurora_admin.client.http.transport import Response

BINARY = "application/vnd.apache.thrift.binary"
VERSION_1 = 0x8001
# Releases before 0.16 answer in JSON only, and JSON is held whole; a large cluster made some hundred megabytes.
MAX_JSON_BYTES = 2 << 30
PIECE_BYTES = 1 << 20
# Codes of a TApplicationException that is raised before anything is carried out.
UNKNOWN_METHOD, PROTOCOL_ERROR = 1, 7


@contextmanager
def readable(response: Response) -> Iterator[None]:
    """Turn what cannot be read in a reply into the failure that it means."""
    try:
        yield
    except WireError as error:
        if response.failure:
            raise response.failure from error
        if error.java_class == "TTransportException":
            raise Lost(f"the answer ends in the middle, after {error.offset} bytes", response.url) from error
        raise Unusable(
            f"the answer is not what a scheduler sends ({error}, byte {error.offset})", response.url
        ) from error


def result_of(response: Response, method: str) -> Reader:
    """Return a reader that stands before the fields of the method's result.

    Raises:
        CallFailed: the scheduler says that it has no such call, or could not read it: nothing was carried out.
        Failure: what came is no answer to this call.
    """
    with readable(response):
        name, kind, reader = (_binary if response.content_type == BINARY else _json)(response)
        if kind == TMessageType.EXCEPTION:
            raise _exception(reader, method, response.url)
        if (name, kind) != (method, TMessageType.REPLY):
            raise Unusable(f"this is no answer to {method}, but message {kind} of {name!r}", response.url)
        return reader


def _binary(response: Response) -> tuple[str, int, Reader]:
    reader = Reader(Window(response.read), UNKNOWN_LENGTH)
    version = reader.i32() & 0xFFFFFFFF
    if version >> 16 != VERSION_1:
        raise Unusable("the answer is labelled as Thrift but does not begin as such", response.url)
    name = reader.string().decode("utf-8", "replace")
    reader.i32()
    return name, version & 0xFF, reader


def _json(response: Response) -> tuple[str, int, Reader]:
    raw = _whole(response)
    if not raw:  # also where http.client took a break in the headers for their end
        raise response.failure or Lost("the answer is empty", response.url)
    if raw.lstrip()[:1] != b"[":
        kind = response.content_type or "without a Content-Type"
        raise Unusable(f"what answers is no scheduler ({kind})", response.url)
    message = from_json(raw)
    return message.name, message.type, Reader(Window.of_bytes(message.body), Limits.of_length(len(message.body)))


def _whole(response: Response) -> bytes:
    pieces: list[bytes] = []
    length = 0
    try:
        while piece := response.read(PIECE_BYTES):
            pieces.append(piece)
            length += len(piece)
            if length > MAX_JSON_BYTES or pieces[0].lstrip()[:1] != b"[":
                break
    except Lost:
        # A scheduler that ends in this call may close without a goodbye: whether all is there, the JSON tells.
        pass
    return b"".join(pieces)


def _exception(reader: Reader, method: str, url: str) -> Failure | CallFailed:
    text, code = "", 0
    while (field := reader.field())[0] != TType.STOP:
        if field == (TType.STRING, 1):
            text = quoted(reader.string().decode("utf-8", "replace"))
        elif field == (TType.I32, 2):
            code = reader.i32()
        else:
            reader.skip(field[0])
    if code == UNKNOWN_METHOD:
        return CallFailed(
            f"The scheduler at {url} has no call {method}, so nothing was carried out: its release is "
            "too old or too new for this command"
        )
    if code == PROTOCOL_ERROR:
        return CallFailed(f"The scheduler at {url} could not read {method} ({text}), so nothing was carried out")
    return ServerFailed(f"the scheduler failed in this call ({text or f'code {code}'})", url)
