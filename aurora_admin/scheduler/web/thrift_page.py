"""The page /api: calls and replies in binary or JSON, as the headers of the request say (docs/api.md 5)."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import chain

from aurora_admin.scheduler.api.dispatch import ReplyFailed, StreamedReply, call
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.web.server import ResponseAbandoned
from aurora_admin.scheduler.web.wsgi import VARY, Application, Environment, StartResponse, respond
from aurora_admin.wire import message
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.message import BINARY, Message

JSON = "application/vnd.apache.thrift.json"
JSON_TYPES = ("", "application/x-thrift", "application/json", JSON, f"{JSON}; charset=utf-8")
DECODERS: dict[str, Callable[[bytes], Message]] = {
    BINARY: message.from_binary,
    **dict.fromkeys(JSON_TYPES, message.from_json),
}
# A longer reply is sent while it is made, and without compression, which would cost the scheduler too much.
MAX_HELD_REPLY = 1 << 20
ERROR_PAGE = """<html>
<head><title>Error 500</title></head>
<body><h2>HTTP ERROR: 500</h2>
<p>Problem accessing /api. Reason:
<pre>    javax.servlet.ServletException: {}</pre></p>
</body>
</html>
"""


def thrift_page(services: Services) -> Application:
    """Return the page that carries out calls on these services."""

    def page(environ: Environment, start: StartResponse) -> Iterable[bytes]:
        content_type = environ.get("CONTENT_TYPE", "")
        decode = DECODERS.get(content_type.lower())
        if decode is None:
            text = f"Unsupported Content-Type: {content_type}"
            return respond(start, "415 Unsupported Media Type", None, text.encode())
        try:
            reply = call(services, decode(environ["wsgi.input"].read()))
        except WireError as error:
            body = ERROR_PAGE.format(escape(error.java_text)).encode("iso-8859-1", "replace")
            return respond(start, "500 Server Error", "text/html;charset=iso-8859-1", body)
        try:
            return _ThriftResponse(reply, environ, start)
        except ReplyFailed as failed:
            return _ThriftResponse(failed.substitute, environ, start)

    return page


class _ThriftResponse:
    """A reply as the body of a response; `close` does what must follow the reply, sent or not.

    Raises:
        ReplyFailed: the reply cannot be made; nothing was sent yet.
    """

    def __init__(self, reply: StreamedReply, environ: Environment, start: StartResponse) -> None:
        self._reply = reply
        if environ.get("HTTP_ACCEPT") == BINARY:
            pieces = chain([message.header_binary(reply.name, reply.type, reply.seqid)], reply.body)
            self._start(BINARY, pieces, environ, start)
        else:
            complete = Message(reply.name, reply.type, reply.seqid, b"".join(reply.body))
            self._start(JSON, iter([message.to_json(complete)]), environ, start)

    def _start(self, content_type: str, pieces: Iterator[bytes], environ: Environment, start: StartResponse) -> None:
        head, length = [], 0
        headers = [("Content-Type", content_type), VARY]
        for piece in pieces:
            head.append(piece)
            length += len(piece)
            if length > MAX_HELD_REPLY:
                start("200 OK", headers)
                self._body: Iterator[bytes] = chain(head, pieces)
                return
        body = b"".join(head)
        if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
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
