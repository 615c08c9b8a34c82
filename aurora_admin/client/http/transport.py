"""One request over HTTP/1.1: connect, send, and give the reply as a stream.

http.client and not urllib3: importing urllib3 takes 4.8 times as long as importing argparse, http.client 2.3 times,
and a whole command with one round trip may take 7.
"""

from __future__ import annotations

import http.client
import io
import select
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import SplitResult, urlsplit

from aurora_admin.client.failures import Failure, Lost, Unreachable, Unusable
from aurora_admin.client.http.proxy import connection, is_loopback, proxy_headers, proxy_of
from aurora_admin.client.retry import CONNECT_SECONDS, Clock, Deadline

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from _typeshed import WriteableBuffer

BUFFER_BYTES = 1 << 22  # of incoming bytes: a million tasks in small pieces take a tenth longer
# Jetty closes a connection that was idle for 30 s; a request sent at that moment would have an unknown outcome.
IDLE_SECONDS = 5.0
PAGE_BYTES = 1 << 16  # of an error page, to quote from
BROKEN = (OSError, EOFError, http.client.HTTPException, zlib.error)


class Response:
    """A reply whose status and headers have come; its body is read as it arrives."""

    def __init__(self, reply: http.client.HTTPResponse, url: str, deadline: Deadline) -> None:
        self.status = reply.status
        self.reason = reply.reason
        self.url = url
        self.location = reply.headers.get("Location", "")
        self.challenge = reply.headers.get("WWW-Authenticate", "")
        self.content_type = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.failure: Failure | None = None
        self._reply = reply
        self._body = _decoded(reply, url)
        self._deadline = deadline
        self._is_stream = False

    def stream(self) -> None:
        """From here on only silence is limited, not the whole: how fast a reader takes it in is their business."""
        self._is_stream = True

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes of the body, as soon as there are some; none at its end.

        Raises:
            Lost: the connection broke, or nothing came for too long; `failure` keeps it.
        """
        if self._is_stream:
            self._deadline.restart()
        try:
            return self._body.read1(size)
        except BROKEN as error:
            self.failure = Lost(f"the answer broke off, {describe(error)}", self.url)
            raise self.failure from error

    def page(self) -> str:
        """Return the beginning of a body that is no Thrift, as text; what cannot be read is left out."""
        page = b""
        try:
            while len(page) < PAGE_BYTES and (part := self.read(PAGE_BYTES - len(page))):
                page += part
        except Lost:
            pass
        return page.decode("utf-8", "replace")

    def close(self) -> None:
        """Give up what is left of the body."""
        self._reply.close()

    def is_finished(self) -> bool:
        """Tell whether nothing of the body is left, so that the connection can be used again."""
        try:
            return not self._body.read(1) and self._reply.isclosed()
        except BROKEN:
            return False


class Transport:
    """The way to one server at a time; the connection is kept for the next request while it is fresh."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._line: _Line | None = None

    def post(self, url: str, body: bytes, headers: Mapping[str, str], deadline: Deadline) -> Response:
        """Send one request, once, and return when the headers of the reply have come.

        Raises:
            Unreachable: the request has not left, or not whole.
            Lost: it has, and no reply came.
        """
        return self._send("POST", url, body, headers, deadline)

    def get(self, url: str, headers: Mapping[str, str], deadline: Deadline) -> Response:
        """Ask for a page; raises as `post`."""
        return self._send("GET", url, None, headers, deadline)

    def _send(
        self, verb: str, url: str, body: bytes | None, headers: Mapping[str, str], deadline: Deadline
    ) -> Response:
        target = urlsplit(url)
        if not self._line or not self._line.is_free(target, self._clock.monotonic()):
            self.close()
            self._line = _Line(target, url, deadline)
        return self._line.send(_Request(verb, url, body, headers), deadline, self._clock.monotonic())

    def close(self) -> None:
        """Drop the connection, whatever is still on its way."""
        if self._line:
            self._line.close()
        self._line = None


class _Request(NamedTuple):
    verb: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]


class _Line:
    """One open connection."""

    def __init__(self, target: SplitResult, url: str, deadline: Deadline) -> None:
        self._target = target
        self._used = 0.0
        self._response: Response | None = None
        self._http = _opened(target, url, deadline)
        self._socket = _PatientSocket(self._http.sock, deadline)
        self._http.sock = cast("Any", self._socket)

    def is_free(self, target: SplitResult, now: float) -> bool:
        """Tell whether a request to the target may use this connection: not when the server may be closing it."""
        is_same = self._target[:2] == target[:2] and now - self._used < IDLE_SECONDS
        is_open = self._response is not None and self._response.is_finished() and self._http.sock is not None
        # Something to read before anything was asked is the server's goodbye.
        return is_same and is_open and not select.select([self._socket], [], [], 0)[0]

    def send(self, request: _Request, deadline: Deadline, now: float) -> Response:
        """Send one request and wait for the headers of the reply; raises as Transport.post."""
        self._socket.deadline, self._used = deadline, now
        url, is_sent = request.url, self._is_sent(request)
        try:
            reply = self._http.getresponse()
        except http.client.RemoteDisconnected as error:
            raise (Lost if is_sent else Unreachable)(describe(error), url) from error
        except http.client.HTTPException as error:
            raise Unusable(f"what answers is not HTTP ({describe(error)})", url) from error
        except OSError as error:
            raise (Lost if is_sent else Unreachable)(describe(error), url) from error
        self._response = Response(reply, url, deadline)
        return self._response

    def close(self) -> None:
        if self._response:
            self._response.close()
        self._http.close()

    def _is_sent(self, request: _Request) -> bool:
        """Send; False if the server closed the connection before it had all, but perhaps after telling why."""
        proxy = proxy_of(self._target) if self._target.scheme == "http" else None
        path = request.url if proxy else urlsplit(request.url).path or "/"
        own = {
            "Accept-Encoding": "identity" if is_loopback(self._target.hostname) else "gzip",
            **(proxy_headers(proxy) if proxy else {}),
        }
        try:
            self._http.request(request.verb, path, request.body, {**request.headers, **own})
        except (BrokenPipeError, ConnectionResetError):
            return False
        except OSError as error:
            raise Unreachable(describe(error), request.url) from error
        return True


class _PatientSocket:
    """What http.client needs of a socket, with one deadline over everything that it waits for."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self.sock = sock
        self.deadline = deadline

    def sendall(self, data: bytes) -> None:
        self.sock.settimeout(self.deadline.wait())
        self.sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self), BUFFER_BYTES)

    def fileno(self) -> int:
        return self.sock.fileno()

    def close(self) -> None:
        self.sock.close()


class _Incoming(io.RawIOBase):
    """The bytes that come in: a server that sends one now and then must not hold us for ever."""

    def __init__(self, patient: _PatientSocket) -> None:
        self._patient = patient
        # A file of its own keeps the socket open where http.client closes the connection before the body is read.
        self._raw = cast("io.RawIOBase", patient.sock.makefile("rb", buffering=0))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._patient.sock.settimeout(self._patient.deadline.wait())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def describe(error: BaseException) -> str:
    """Return what an error of the system or of http.client says, in words."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(error, OSError):
        return str(error.strerror or error)
    return str(error) or type(error).__name__


def _opened(target: SplitResult, url: str, deadline: Deadline) -> http.client.HTTPConnection:
    way = None
    try:
        way = connection(target, min(CONNECT_SECONDS, deadline.wait()))
        way.connect()
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: no possible name of a host
        if way:
            way.close()
        raise Unreachable(describe(error), url) from error
    return way


def _decoded(reply: http.client.HTTPResponse, url: str) -> io.BufferedIOBase:
    coding = reply.headers.get("Content-Encoding", "identity").lower()
    if coding in ("gzip", "x-gzip"):
        import gzip

        return gzip.GzipFile(fileobj=reply)
    if coding != "identity":
        raise Unusable(f"the answer has an encoding that nobody asked for: {coding}", url)
    return reply
