"""Requests over HTTP/1.1, one at a time; the body of a response is read as it arrives.

http.client and not urllib3: importing urllib3 takes 4.8 times as long as importing argparse, http.client 2.3 times,
and a command with one round trip may take 7.
"""

from __future__ import annotations

import http.client
import io
import select
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import SplitResult, urlsplit, urlunsplit

from aurora_admin.client.failures import Failure, InvalidReply, PermanentlyUnreachable, ReplyLost, Unreachable
from aurora_admin.client.http.connect import CORRECT_SCHEME, SPEAKS_HTTPS, TLS_ALERT, connect, describe, speaks_tls
from aurora_admin.client.http.proxy import is_loopback, place, proxy_for, proxy_headers

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from _typeshed import WriteableBuffer

    from aurora_admin.client.retry import Clock, Deadline

BUFFER_BYTES = 1 << 22  # of incoming bytes: a million tasks in small pieces take a tenth longer
# Jetty closes a connection that was idle for 30 s; a request sent at that moment would have an unknown outcome.
IDLE_SECONDS = 5.0
TEXT_BYTES = 1 << 16  # of an error page, to quote from
READ_ERRORS = (OSError, EOFError, http.client.HTTPException, zlib.error)


class HttpResponse:
    """A response whose status and headers have arrived; its body is read as it arrives."""

    def __init__(self, response: http.client.HTTPResponse, url: str, deadline: Deadline) -> None:
        self.status = response.status
        self.reason = response.reason
        self.url = url
        self.redirected_by = ""
        self.had_credentials = False  # whether the request sent a user and a password
        self.location = response.headers.get("Location", "")
        self.challenge = response.headers.get("WWW-Authenticate", "")
        self.content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.failure: Failure | None = None
        self._http = response
        self._body = _decoded(response, url)
        self._deadline = deadline
        self._is_stream = False

    @property
    def place(self) -> str:
        """Where the request went, for a message."""
        return place(self.url, self.redirected_by)

    @property
    def is_complete(self) -> bool:
        """Whether the body arrived as long as it was announced, once it has been read to its end."""
        return self.failure is None and (self._http.chunked or self._http.length == 0)

    def limit_silence_only(self) -> None:
        """From here on, have the deadline limit each wait for bytes, not all of the body: a pager may read it."""
        self._is_stream = True

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes of the body, as soon as there are some; none at its end.

        Raises:
            ReplyLost: the connection was lost, or nothing arrived in time; `failure` keeps it.
        """
        if self._is_stream:
            self._deadline.restart()
        try:
            return self._body.read1(size)
        except READ_ERRORS as error:
            kind = InvalidReply if _is_wrong_data(error, self._http) else ReplyLost
            self.failure = kind(f"the reply broke off: {describe(error)}", self.url)
            raise self.failure from error

    def text(self) -> str:
        """Return the beginning of an error page; the part that cannot be read is left out."""
        page = b""
        try:
            while len(page) < TEXT_BYTES and (part := self.read(TEXT_BYTES - len(page))):
                page += part
        except ReplyLost:
            pass
        return page.decode("utf-8", "replace")

    def close(self) -> None:
        """Drop the rest of the body."""
        self._http.close()

    def is_finished(self) -> bool:
        """Return whether the body was read to its end, so that the connection can be used again."""
        try:
            return not self._body.read(1) and self._http.isclosed()
        except READ_ERRORS:
            return False


def _is_wrong_data(error: Exception, response: http.client.HTTPResponse) -> bool:
    """Return whether the body was wrong, or incomplete, when it was sent: a retry would get the same."""
    from gzip import BadGzipFile

    is_cut = isinstance(error, EOFError) and response.length == 0
    return isinstance(error, (zlib.error, BadGzipFile)) or is_cut


class Transport:
    """Sends requests; the connection is kept for the next request to the same server while it is fresh."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._connection: _OpenConnection | None = None
        self.sent_to: str | None = None  # the URL of the POST that was sent last, if nothing was sent or closed since

    def post(self, url: str, body: bytes, headers: Mapping[str, str], deadline: Deadline) -> HttpResponse:
        """Send one POST, once, and return when the headers of the response have arrived.

        Raises:
            Unreachable: the request was not sent, or not completely.
            ReplyLost: it was sent, and no response arrived.
        """
        connection = self._connection_to(url, deadline)
        self.sent_to = url
        return connection.send(_Request("POST", url, body, headers), deadline, self._clock.monotonic())

    def get(self, url: str, headers: Mapping[str, str], deadline: Deadline) -> HttpResponse:
        """Send one GET; return and raise as `post`."""
        connection = self._connection_to(url, deadline)
        return connection.send(_Request("GET", url, None, headers), deadline, self._clock.monotonic())

    def _connection_to(self, url: str, deadline: Deadline) -> _OpenConnection:
        self.sent_to = None
        target = urlsplit(url)
        if not self._connection or not self._connection.is_reusable(target, self._clock.monotonic()):
            self.close()
            self._connection = _OpenConnection(target, url, deadline)
        return self._connection

    def close(self) -> None:
        """Close the connection, with whatever is still to be read from it."""
        if self._connection:
            self._connection.close()
        self._connection = self.sent_to = None


class _Request(NamedTuple):
    verb: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]


class _OpenConnection:
    """One open connection."""

    def __init__(self, target: SplitResult, url: str, deadline: Deadline) -> None:
        self._target = target
        self._used = 0.0
        self._response: HttpResponse | None = None
        self._http = connect(target, url, deadline)
        self._socket = _DeadlineSocket(self._http.sock, deadline)
        self._http.sock = cast("Any", self._socket)

    def is_reusable(self, target: SplitResult, now: float) -> bool:
        """Return whether a request to the target may use this connection: not when the server may be closing it."""
        is_same = self._target[:2] == target[:2] and now - self._used < IDLE_SECONDS
        is_open = self._response is not None and self._response.is_finished() and self._http.sock is not None
        # If there is something to read before a request was sent, the server has closed it.
        return is_same and is_open and not select.select([self._socket], [], [], 0)[0]

    def send(self, request: _Request, deadline: Deadline, now: float) -> HttpResponse:
        """Send one request and wait for the headers of the response; raises as Transport.post."""
        self._socket.deadline, self._used = deadline, now
        url, is_sent = request.url, self._send_request(request)
        try:
            response = self._http.getresponse()
        except OSError as error:
            is_closed = not is_sent or isinstance(error, ConnectionResetError)  # RemoteDisconnected is one
            if is_closed and speaks_tls(self._target):
                raise PermanentlyUnreachable(SPEAKS_HTTPS, url, CORRECT_SCHEME) from error
            raise (ReplyLost if is_sent else Unreachable)(describe(error), url) from error
        except http.client.HTTPException as error:
            if self._target.scheme == "http" and str(error).startswith(TLS_ALERT.decode()):
                raise PermanentlyUnreachable(SPEAKS_HTTPS, url, CORRECT_SCHEME) from error
            raise InvalidReply(f"the reply is not HTTP ({describe(error)})", url) from error
        self._response = HttpResponse(response, url, deadline)
        self._response.had_credentials = "Authorization" in request.headers
        return self._response

    def close(self) -> None:
        if self._response:
            self._response.close()
        self._http.close()

    def _send_request(self, request: _Request) -> bool:
        """Send; return False if the server closed the connection before it had all, perhaps after an error response."""
        proxy = proxy_for(self._target) if self._target.scheme == "http" else None
        parts = urlsplit(request.url)
        path = request.url if proxy else urlunsplit(("", "", parts.path or "/", parts.query, ""))
        own = {
            "Accept-Encoding": "identity" if is_loopback(self._target.hostname) else "gzip",
            **(proxy_headers(proxy.url()) if proxy else {}),
        }
        try:
            self._http.request(request.verb, path, request.body, {**request.headers, **own})
            self._socket.flush()
        except (BrokenPipeError, ConnectionResetError):
            return False
        except OSError as error:
            raise Unreachable(describe(error), request.url) from error
        return True


class _DeadlineSocket:
    """The part of a socket that http.client uses, with one deadline over all its waits."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self.sock = sock
        self.deadline = deadline
        self._pending: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """Keep the data for `flush`: http.client sends headers and body one after the other, each as a packet."""
        self._pending.append(data)

    def flush(self) -> None:
        """Send what was kept."""
        data = b"".join(self._pending)
        self._pending.clear()
        self.sock.settimeout(self.deadline.timeout())
        self.sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineFile(self), BUFFER_BYTES)

    def fileno(self) -> int:
        return self.sock.fileno()

    def close(self) -> None:
        self.sock.close()


class _DeadlineFile(io.RawIOBase):
    """The incoming bytes; a server that sends a byte now and then does not move the deadline."""

    def __init__(self, sock: _DeadlineSocket) -> None:
        self._sock = sock
        # A file of its own keeps the socket open where http.client closes the connection before the body is read.
        self._raw = cast("io.RawIOBase", sock.sock.makefile("rb", buffering=0))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.sock.settimeout(self._sock.deadline.timeout())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _decoded(response: http.client.HTTPResponse, url: str) -> io.BufferedIOBase:
    coding = response.headers.get("Content-Encoding", "identity").lower()
    if coding in ("gzip", "x-gzip"):
        import gzip

        return gzip.GzipFile(fileobj=response)
    if coding != "identity":
        raise InvalidReply(f"the reply has an encoding that was not requested: {coding}", url)
    return response
