"""The page /api: calls and replies in binary or JSON, as the headers of the request say (docs/api.md 5)."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from aurora_admin.scheduler.api.dispatch import ReplyFailed, StreamedReply, call
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.web.caller import services_for
from aurora_admin.scheduler.web.media_type import normal_form
from aurora_admin.scheduler.web.server import ResponseAbandoned
from aurora_admin.scheduler.web.wsgi import (
    VARY,
    Application,
    Environment,
    StartResponse,
    accepts_gzip,
    failure,
    respond,
)
from aurora_admin.snapshot.paths import JOB_CONFIG, TASK_CONFIG
from aurora_admin.wire import message
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.message import BINARY, Message

JSON = "application/vnd.apache.thrift.json"
WITHOUT_TYPE = "application/x-thrift"
JSON_TYPES = (WITHOUT_TYPE, "application/json", JSON, f"{JSON};charset=utf-8")
DECODERS: dict[str, Callable[[bytes], Message]] = {
    BINARY: message.from_binary,
    **dict.fromkeys(JSON_TYPES, message.from_json),
}
# Where the elements of replies have task configs, which many have in common.
CONFIGS = (TASK_CONFIG, JOB_CONFIG)
# A longer reply is sent while it is made, and without compression, which would cost the scheduler too much.
PART_BYTES = 1 << 16
MAX_HELD_REPLY = 1 << 20
PATH = "/api"


def thrift_page(services: Services) -> Application:
    """Return the page that carries out calls on these services."""

    def page(environ: Environment, start: StartResponse) -> Iterable[bytes]:
        content_type = environ.get("CONTENT_TYPE") or WITHOUT_TYPE
        try:
            decode = DECODERS.get(normal_form(content_type))
        except ValueError:
            return failure(start, PATH, f"java.lang.IllegalArgumentException: Could not parse '{content_type}'")
        if decode is None:
            text = f"Unsupported Content-Type: {content_type}"
            return respond(start, "415 Unsupported Media Type", None, text.encode())
        try:
            request = decode(environ["wsgi.input"].read())
            reply = call(services_for(services, environ), request)
        except WireError as error:
            return failure(start, PATH, f"javax.servlet.ServletException: {error.java_text}")
        try:
            return _ThriftResponse(reply, environ, start)
        except ReplyFailed as failed:
            return _ThriftResponse(failed.substitute, environ, start)

    return page


def _wants_binary(environ: Environment) -> bool:
    """Return whether the client accepts exactly binary; JSON is sent for everything else."""
    try:
        return normal_form(environ.get("HTTP_ACCEPT", "")) == BINARY
    except ValueError:
        return False


class _ThriftResponse:
    """A reply as the body of a response; `close` does what must follow the reply, sent or not.

    Raises:
        ReplyFailed: the reply cannot be made; nothing was sent yet.
    """

    def __init__(self, reply: StreamedReply, environ: Environment, start: StartResponse) -> None:
        self._reply = reply
        if _wants_binary(environ):
            head = message.header_binary(reply.name, reply.type, reply.seqid)
            self._start(BINARY, chain([head], reply.body), environ, start)
        else:
            pieces = message.json_pieces(reply.name, reply.type, reply.seqid, reply.body, CONFIGS)
            self._start(JSON, pieces, environ, start)

    def _start(self, content_type: str, pieces: Iterator[bytes], environ: Environment, start: StartResponse) -> None:
        head, length = [], 0
        headers = [("Content-Type", content_type), VARY]
        for piece in pieces:
            head.append(piece)
            length += len(piece)
            if length > MAX_HELD_REPLY:
                start("200 OK", headers)
                self._body: Iterator[bytes] = _gathered(chain(head, pieces))
                return
        body = b"".join(head)
        if accepts_gzip(environ):
            body = gzip.compress(body, 1, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        start("200 OK", [*headers, ("Content-Length", str(len(body)))])
        self._body = iter([body])

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except ReplyFailed as failed:
            raise ResponseAbandoned from failed

    def close(self) -> None:
        if self._reply.after_sent is not None:
            self._reply.after_sent()


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces joined to larger ones, because each part of a body costs several writes to the socket."""
    waiting: list[bytes] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= PART_BYTES:
            yield b"".join(waiting)
            waiting, length = [], 0
    yield from filter(None, [b"".join(waiting)])
