"""The Thrift message of a reply, in either protocol, up to the result of the method."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from thrift.Thrift import TApplicationException, TMessageType

from aurora_admin.client.failures import Failure, InvalidReply, ReplyLost, ServerError, one_line
from aurora_admin.client.http.proxy import place
from aurora_admin.errors import CallFailed, NoSuchCall
from aurora_admin.wire import message
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import UNKNOWN_LENGTH, Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aurora_admin.client.http.transport import HttpResponse

# Releases before 0.16 reply in JSON only, which is read completely; that of a large cluster has some hundred megabytes.
MAX_JSON_BYTES = 2 << 30
PIECE_BYTES = 1 << 20


def read_header(response: HttpResponse, method: str) -> Reader:
    """Read the header of the message; return a reader at the fields of the method's result.

    Raises:
        NoSuchCall, CallFailed: the scheduler has no such method, or could not read the call: it was not carried out.
        Failure: this is not a reply to this call.
    """
    with wire_errors_as_failures(response):
        name, kind, reader = (_binary_header if response.content_type == message.BINARY else _json_header)(response)
        if kind == TMessageType.EXCEPTION:
            raise _exception(reader, method, response.url)
        if (name, kind) != (method, TMessageType.REPLY):
            raise InvalidReply(f"this is not a reply to {method}, but message {kind} of {name!r}", response.url)
        return reader


@contextmanager
def wire_errors_as_failures(response: HttpResponse) -> Iterator[None]:
    """Turn an error in the bytes of a reply into the failure that it means."""
    try:
        yield
    except WireError as error:
        if response.failure:
            raise response.failure from error
        if error.java_class == "TTransportException" and not response.is_complete:
            raise ReplyLost(f"the reply ends too early, after {error.offset} bytes", response.url) from error
        raise InvalidReply(
            f"the reply is not what a scheduler sends ({error}, byte {error.offset})", response.url
        ) from error


def _binary_header(response: HttpResponse) -> tuple[str, int, Reader]:
    reader = Reader(Window(response.read), UNKNOWN_LENGTH)
    name, kind, _ = message.read_header(reader)
    return name, kind, reader


def _json_header(response: HttpResponse) -> tuple[str, int, Reader]:
    raw = _read_json(response)
    if not raw and response.is_complete:
        raise InvalidReply("the reply is empty, as that of no scheduler is", response.url)
    if not raw:  # also where http.client took a break in the headers for their end
        raise response.failure or ReplyLost("the reply is empty", response.url)
    if raw.lstrip()[:1] != b"[":
        content_type = response.content_type or "without a Content-Type"
        raise InvalidReply(f"the reply is not from a scheduler ({content_type})", response.url)
    name, kind, _, body = message.from_json(raw)
    return name, kind, Reader(Window.of_bytes(body), Limits.of_length(len(body)))


def _read_json(response: HttpResponse) -> bytes:
    pieces: list[bytes] = []
    length = 0
    try:
        while piece := response.read(PIECE_BYTES):
            pieces.append(piece)
            length += len(piece)
            if length > MAX_JSON_BYTES or pieces[0].lstrip()[:1] != b"[":
                break
    except ReplyLost:
        # A scheduler that stops in this call may end it without the last chunk; the JSON shows whether it is complete.
        pass
    return b"".join(pieces)


def _exception(reader: Reader, method: str, url: str) -> Failure | CallFailed:
    text, code = message.read_application_exception(reader)
    text = one_line(text)
    if code == TApplicationException.UNKNOWN_METHOD:
        return NoSuchCall(
            f"The scheduler at {place(url)} has no call {method}, so it was not carried out: its release is "
            "too old or too new for this command"
        )
    if code == TApplicationException.PROTOCOL_ERROR:
        return CallFailed(f"The scheduler at {place(url)} could not read {method} ({text}), so it was not carried out")
    return ServerError(f"the scheduler failed in this call ({text or f'code {code}'})", url)
