"""The HTTP side: /api in either protocol, /leaderhealth, /health and /vars (docs/api.md 5)."""

import gzip
import logging
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import chain
from typing import Any

from aurora_admin.scheduler.api.dispatch import StreamedReply, call
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.web.redirect import (
    BYPASS,
    FOR_THE_LEADER,
    HEALTH_PAGE,
    LEADING,
    NO_LEADER_PAGE,
    Leadership,
    location,
)
from aurora_admin.scheduler.web.server import Server
from aurora_admin.wire import message
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.message import Message

logger = logging.getLogger(__name__)

BINARY = "application/vnd.apache.thrift.binary"
JSON = "application/vnd.apache.thrift.json"
JSON_TYPES = ("", "application/x-thrift", "application/json", JSON, f"{JSON}; charset=utf-8")
PLAIN = "text/plain;charset=utf-8"
# A longer reply is sent as it is made, and not compressed: the scheduler has better things to do.
WHOLE_REPLY = 1 << 20
ERROR_PAGE = """<html>
<head><title>Error 500</title></head>
<body><h2>HTTP ERROR: 500</h2>
<p>Problem accessing /api. Reason:
<pre>    javax.servlet.ServletException: {}</pre></p>
</body>
</html>
"""

StartResponse = Callable[..., Any]
Environment = dict[str, Any]


class Application:
    """A WSGI application over the parts of a scheduler; `leadership` and `variables` are asked at every request."""

    def __init__(
        self, services: Services, leadership: Callable[[], Leadership], variables: Callable[[], dict[str, object]]
    ) -> None:
        self._services = services
        self._leadership = leadership
        self._variables = variables
        self._pages: dict[str, Callable[[Environment, StartResponse], Iterable[bytes]]] = {
            "/api": self._api,
            "/leaderhealth": self._leader_health,
            "/health": self._health,
            "/vars": self._vars,
        }

    def __call__(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if FOR_THE_LEADER.match(path) and BYPASS not in environ:
            leadership = self._leadership()
            if leadership != LEADING:
                return _send_on(leadership, environ, start)
        page = self._pages.get(path)
        allowed = ("GET", "POST") if page == self._api else ("GET", "HEAD")
        if page is None:
            return _send(start, "404 Not Found")
        if environ["REQUEST_METHOD"] not in allowed:
            return _send(start, "405 Method Not Allowed")
        return page(environ, start)

    def _health(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        return _send(start, "200 OK", PLAIN, b"OK\n")

    def _leader_health(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        leadership = self._leadership()
        return _send(start, leadership.status, PLAIN, HEALTH_PAGE.format(leadership.text).encode())

    def _vars(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        lines = sorted(f"{name} {value}" for name, value in self._variables().items())
        return _send(start, "200 OK", PLAIN, "\n".join(lines).encode())

    def _api(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        content_type = environ.get("CONTENT_TYPE", "")
        read = {BINARY: message.from_binary, **dict.fromkeys(JSON_TYPES, message.from_json)}.get(content_type.lower())
        if read is None:
            return _send(
                start, "415 Unsupported Media Type", None, f"Unsupported Content-Type: {content_type}".encode()
            )
        try:
            reply = call(self._services, read(environ["wsgi.input"].read()))
        except WireError as error:
            page = ERROR_PAGE.format(escape(error.java_text)).encode("iso-8859-1", "replace")
            return _send(start, "500 Server Error", "text/html;charset=iso-8859-1", page)
        return _Answering(reply, environ, start)


class _Answering:
    """A reply on its way; once it is through, or the client is gone, what must follow is done."""

    def __init__(self, reply: StreamedReply, environ: Environment, start: StartResponse) -> None:
        self._reply = reply
        if environ.get("HTTP_ACCEPT") == BINARY:
            pieces = chain([message.header_binary(reply.name, reply.type, reply.seqid)], reply.body)
            self._send(BINARY, pieces, environ, start)
        else:
            whole = Message(reply.name, reply.type, reply.seqid, b"".join(reply.body))
            self._send(JSON, iter([message.to_json(whole)]), environ, start)

    def _send(self, content_type: str, pieces: Iterator[bytes], environ: Environment, start: StartResponse) -> None:
        head, length = [], 0
        headers = [("Content-Type", content_type), ("Vary", "Accept-Encoding, User-Agent")]
        for piece in pieces:
            head.append(piece)
            length += len(piece)
            if length > WHOLE_REPLY:
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
        return self._body

    def close(self) -> None:
        if self._reply.after_sent is not None:
            self._reply.after_sent()


def _send_on(leadership: Leadership, environ: Environment, start: StartResponse) -> Iterable[bytes]:
    """Answer a call that is for the leader, which is another or unknown."""
    if leadership.leader is None:
        return _send(start, "503 Service Unavailable", None, NO_LEADER_PAGE)
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    target = location(leadership.leader, environ["wsgi.url_scheme"], path, query)
    start("307 Temporary Redirect", [("Location", target), ("Content-Length", "0")])
    return []


def _send(start: StartResponse, status: str, content_type: str | None = None, body: bytes = b"") -> list[bytes]:
    headers = [("Content-Length", str(len(body)))]
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    if status.startswith("200"):
        headers.append(("Vary", "Accept-Encoding, User-Agent"))
    start(status, headers)
    return [body]


def make_server(address: tuple[str, int], application: Application, statistics: Statistics) -> Server:
    """Return a server that is bound but does not answer yet.

    Raises:
        OSError: the address is taken or not ours.
    """
    server = Server(address, application, statistics)
    server.prepare()
    return server
