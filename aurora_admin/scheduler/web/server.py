"""The HTTP server: cheroot, with limits on what slow clients and malformed requests can take up.

setup.cfg allows only the releases of cheroot that the tests have run with, because its documentation does not cover
these parts, and a new release may change them:

- ChunkedRFile: `_fetch`, `buffer`, `closed`;
- HTTPRequest: `read_request_headers`, `respond`, `simple_response`, `send_headers`, `ensure_headers_sent`, `inheaders`,
  `outheaders`, `sent_headers`, `chunked_read`, `chunked_write`, `close_connection`, `status`, `method`, `path`,
  and that `write` is called for each part of a body;
- HTTPConnection: `communicate`, `last_used`, `rfile` and `wfile`, and that `makefile` makes them; StreamReader's
  `bytes_read`, StreamWriter's `raw` and `bytes_written`;
- wsgi.Gateway_10: `respond`, `start_response`, `write`, and that the server's `gateway` is called with a request;
- HTTPServer: `process_conn`, `put_conn`, `requests` (the thread pool's `idle`, `qsize` and `grow`),
  `max_request_body_size`, `max_request_header_size`, `expiration_interval`, `keep_alive_conn_limit`, `error_log`.
"""

import io
import logging
import socket
import time
from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Any

from cheroot import wsgi
from cheroot.errors import MaxSizeExceeded
from cheroot.makefile import StreamReader, StreamWriter
from cheroot.server import ChunkedRFile, HTTPConnection, HTTPRequest, KnownLengthRFile

from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.wire.limits import MAX_REQUEST

logger = logging.getLogger(__name__)

# The longest time without a byte from the client in the middle of a request.
IDLE_SECONDS = 10
# The longest time between two requests on a connection, as with a real scheduler. An idle connection takes no thread,
# so any number of them is kept.
KEEP_ALIVE_SECONDS = 30
# The longest time from the first byte of a request to its last.
REQUEST_SECONDS = 30.0
# A thread is busy with one request from its first byte on. More are started while many requests are slow.
THREADS = 16
MAX_THREADS = 256
WAITING_CONNECTIONS = 128
# How often idle connections are checked. A shutdown waits for the next check, and a failover waits for the shutdown.
EXPIRATION_SECONDS = 0.1
MAX_HEADERS = 64 * 1024
TOO_LARGE = "413 Request Entity Too Large"
BAD_REQUEST = "400 Bad Request"
INTERNAL_ERROR = "500 Internal Server Error"
# The reasons for a refusal by status, for the log and the client. Nothing that the client sent is repeated in them.
REFUSALS = {
    "408": f"The request was not complete after {REQUEST_SECONDS:g} s, or nothing was received for {IDLE_SECONDS} s.",
    "413": f"A request may have at most {MAX_REQUEST} bytes, {MAX_HEADERS} before its body; ask for less at a time.",
    "414": f"A request may have at most {MAX_HEADERS} bytes before its body.",
}
MALFORMED = "The request is not valid HTTP. Check that the client is one for an Aurora scheduler."
FAILED = "The scheduler failed to answer this request. The request is not the cause; see the log of the scheduler."
# How much of a path is logged.
LOGGED_PATH = 100


class ResponseAbandoned(Exception):
    """Raised by an application that cannot complete its response and has logged why."""


class RequestRefused(Exception):
    """The body of the request cannot be read; the text is the status line of the refusal."""


class ApplicationFailed(Exception):
    """The application raised an exception, which is the cause of this one."""


class _ChunkedBody(ChunkedRFile):
    def read(self, size: int | None = None) -> bytes:
        """Return all of the body."""
        pieces = []
        while not self.closed:
            self._fetch()
            pieces.append(self.buffer)
            self.buffer = b""
        return b"".join(pieces)

    def _fetch(self) -> None:
        try:
            super()._fetch()  # type: ignore[misc]  # not in its stubs
        except (TimeoutError, ConnectionError):
            raise
        except (MaxSizeExceeded, OSError):
            raise RequestRefused(TOO_LARGE) from None
        except ValueError:
            raise RequestRefused(BAD_REQUEST) from None


class _Gateway(wsgi.Gateway_10):
    """Runs the application.

    An exception of the application is raised as ApplicationFailed, whatever it is. All other exceptions come from the
    connection to the client. Without this difference a TimeoutError of ours would be reported as a slow client.
    """

    def respond(self) -> None:
        with closing(self._pieces()) as pieces:
            for piece in pieces:
                self.write(piece)
        self.req.ensure_headers_sent()

    def _pieces(self) -> Generator[bytes, None, None]:
        try:
            response: Iterable[bytes] = self.req.server.wsgi_app(self.env, self.start_response)
            try:
                yield from filter(None, response)
            finally:
                if hasattr(response, "close"):
                    response.close()
        except Exception as error:
            raise ApplicationFailed from error


class _RequestHandler(HTTPRequest):
    """One request and its response.

    The body is read before the application runs, so the application never waits for the client.
    """

    def read_request_headers(self) -> bool:
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        if not self.inheaders.get(b"Content-Length", b"0").isdigit():
            self.simple_response(BAD_REQUEST)
            return False
        return True

    def respond(self) -> None:
        try:
            self.rfile = io.BytesIO(self._read_body())
            self.server.gateway(self).respond()
        except RequestRefused as refused:
            self.close_connection = True
            self.simple_response(str(refused))
        except ApplicationFailed as failed:
            self._abandon(failed.__cause__)
        else:
            if self.chunked_write:
                self.conn.wfile.write(b"0\r\n\r\n")

    def write(self, chunk: bytes) -> None:
        """Write a part of the body. A part of a chunked body is large, and not copied to get its length before it."""
        if self.chunked_write:
            self.conn.wfile.write(b"%x\r\n" % len(chunk))
        self.conn.wfile.write(chunk)
        if self.chunked_write:
            self.conn.wfile.write(b"\r\n")

    def _read_body(self) -> bytes:
        received = self.conn.rfile
        length = int(self.inheaders.get(b"Content-Length", 0))
        body = _ChunkedBody(received, MAX_REQUEST) if self.chunked_read else KnownLengthRFile(received, length)
        return bytes(body.read())

    def _abandon(self, error: BaseException | None) -> None:
        """Send a 500. If the response has begun, only close the connection: the client sees that it is cut."""
        self.close_connection = True
        if not isinstance(error, ResponseAbandoned):
            self.server.statistics.add("uncaught_exceptions")
            page = f"{self.method.decode('latin-1')} {self.path.decode('latin-1')[:LOGGED_PATH]}"
            logger.error("%s failed unexpectedly; the client is not the cause", page, exc_info=error)
        if not self.sent_headers:
            self.outheaders = []
            self.simple_response(INTERNAL_ERROR)

    def simple_response(self, status: str, msg: str = "") -> None:
        """Send a status with our text for it, and log a refusal. `msg` is cheroot's, and may quote the client."""
        text = FAILED
        if status != INTERNAL_ERROR:
            text = REFUSALS.get(status[:3], MALFORMED)
            peer = f"{self.conn.remote_addr}:{self.conn.remote_port}"
            logger.warning("Refused a request of %s: %s. %s", peer, status, text)
        self._count(status)
        super().simple_response(status, text)

    def send_headers(self) -> None:
        self._count(self.status)
        super().send_headers()

    def _count(self, status: str | bytes) -> None:
        self.server.statistics.add(f"http_{int(status[:3])}_responses_events")


class _Incoming(socket.SocketIO):
    """The bytes of a client, with one deadline for each request, which no single byte extends."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "r")
        self._socket = sock
        self.deadline = time.monotonic() + REQUEST_SECONDS

    def readinto(self, buffer: Any) -> int | None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(min(left, IDLE_SECONDS))
        try:
            return super().readinto(buffer)
        finally:
            self._socket.settimeout(IDLE_SECONDS)


class _Reader(StreamReader):
    def __init__(self, sock: socket.socket) -> None:
        super(StreamReader, self).__init__(_Incoming(sock))
        self.bytes_read = 0


class _Sender(StreamWriter):
    def write(self, b: Any) -> Any:
        """Send bytes without copying them: cheroot copies the rest whenever the socket has taken a part."""
        left = memoryview(b)
        while left:
            left = left[self.raw.write(left) :]
        self.bytes_written += len(b)
        return len(b)


def _make_file(sock: socket.socket, mode: str, size: int) -> _Reader | _Sender:
    return _Reader(sock) if "r" in mode else _Sender(sock, mode, size)


class _Connection(HTTPConnection):
    RequestHandlerClass = _RequestHandler

    def __init__(self, server: Any, sock: socket.socket, makefile: Any) -> None:
        super().__init__(server, sock, _make_file)

    def communicate(self) -> bool:
        self.rfile.raw.deadline = time.monotonic() + REQUEST_SECONDS
        return bool(super().communicate())  # type: ignore[no-untyped-call]


class Server(wsgi.Server):
    """An HTTP server for a WSGI application.

    `prepare` binds it, `serve` answers requests until `stop` is called. A connection uses a thread only while one of
    its requests is being received or answered.
    """

    ConnectionClass = _Connection

    def __init__(self, address: tuple[str, int], application: Any, statistics: Statistics) -> None:
        self.statistics = statistics
        super().__init__(
            address,
            application,
            numthreads=THREADS,
            max=MAX_THREADS,
            server_name="aurora-reference-scheduler",
            timeout=KEEP_ALIVE_SECONDS,
            request_queue_size=WAITING_CONNECTIONS,
        )
        self.gateway = _Gateway
        self.keep_alive_conn_limit = None  # type: ignore[assignment]  # no limit; its stubs do not know
        self.max_request_body_size = MAX_REQUEST
        self.max_request_header_size = MAX_HEADERS
        self.expiration_interval = EXPIRATION_SECONDS

    def process_conn(self, conn: Any) -> None:
        if conn.last_used is None:
            # A new connection waits for its first byte as an idle one does: without a thread.
            self.put_conn(conn)
            return
        if self.requests.idle <= self.requests.qsize:
            self.requests.grow(THREADS)
        super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        if traceback:
            self.statistics.add("uncaught_exceptions")
        logger.log(level, "%s", msg, exc_info=traceback)
