"""The kept HTTP server, with what clients do wrong or slowly bounded, and told in words of ours."""

import logging
import socket
import time
from typing import Any

from cheroot import wsgi
from cheroot.errors import MaxSizeExceeded
from cheroot.makefile import StreamReader, StreamWriter
from cheroot.server import ChunkedRFile, HTTPConnection, HTTPRequest, KnownLengthRFile

from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.wire.limits import MAX_REQUEST

logger = logging.getLogger(__name__)

# How long a client may be silent, and how long all of a request may take to arrive.
PATIENCE_SECONDS = 10
REQUEST_SECONDS = 30.0
# A thread is busy with one request from its first byte on; there are more of them while many are slow.
THREADS = 16
MOST_THREADS = 256
WAITING_CONNECTIONS = 128
# Idle connections are looked at so often; and so long a process that ends, which a failover waits for, hangs on.
EXPIRATION_SECONDS = 0.1
MAX_HEADERS = 64 * 1024
TOO_LARGE = "413 Request Entity Too Large"
# What the log and the client are told, by the status; never what the client sent.
REASONS = {
    "408": f"It did not arrive whole within {REQUEST_SECONDS:g} s, or {PATIENCE_SECONDS} s went by without a byte.",
    "413": f"A request may have at most {MAX_REQUEST} bytes, {MAX_HEADERS} before its body; ask for less at a time.",
    "414": f"A request may have at most {MAX_HEADERS} bytes before its body.",
}
NO_REQUEST = "It is not a request as HTTP has them: what sends it is no client of a scheduler."


class _Refused(Exception):
    """A body that is not taken; its text is the status line to answer with."""


class _Chunks(ChunkedRFile):
    """A chunked body, read whole."""

    def read(self, size: int | None = None) -> bytes:
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
            raise _Refused(TOO_LARGE) from None
        except ValueError:
            raise _Refused("400 Bad Request") from None


class _Request(HTTPRequest):
    def read_request_headers(self) -> bool:
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        if not self.inheaders.get(b"Content-Length", b"0").isdigit():
            self.simple_response("400 Bad Request", "The Content-Length is not a number of bytes.")
            return False
        return True

    def respond(self) -> None:
        body = self.conn.rfile
        length = int(self.inheaders.get(b"Content-Length", 0))
        self.rfile = _Chunks(body, MAX_REQUEST) if self.chunked_read else KnownLengthRFile(body, length)
        try:
            self.server.gateway(self).respond()
        except _Refused as refused:
            self.close_connection = True
            self.simple_response(str(refused), "The chunks of the request cannot be read.")
            return
        self.ensure_headers_sent()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")

    def simple_response(self, status: str, msg: str = "") -> None:
        """Answer what cannot be handed on; nothing that the client sent gets into the log."""
        reason = REASONS.get(status[:3], NO_REQUEST)
        peer = f"{self.conn.remote_addr}:{self.conn.remote_port}"
        logger.warning("Refused a request of %s: %s. %s", peer, status, reason)
        self._count(status)
        super().simple_response(status, reason)

    def send_headers(self) -> None:
        self._count(self.status)
        super().send_headers()

    def _count(self, status: str | bytes) -> None:
        self.server.statistics.add(f"http_{int(status[:3])}_responses_events")


class _Incoming(socket.SocketIO):
    """The bytes of a client until a deadline: that of the whole request, which no trickle moves."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "r")
        self._socket = sock
        self.deadline = time.monotonic() + REQUEST_SECONDS

    def readinto(self, buffer: Any) -> int | None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(min(left, PATIENCE_SECONDS))
        try:
            return super().readinto(buffer)
        finally:
            self._socket.settimeout(PATIENCE_SECONDS)


class _Reader(StreamReader):
    def __init__(self, sock: socket.socket) -> None:
        super(StreamReader, self).__init__(_Incoming(sock))
        self.bytes_read = 0


def _make_file(sock: socket.socket, mode: str, size: int) -> _Reader | StreamWriter:
    return _Reader(sock) if "r" in mode else StreamWriter(sock, mode, size)


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request

    def __init__(self, server: Any, sock: socket.socket, makefile: Any) -> None:
        super().__init__(server, sock, _make_file)

    def communicate(self) -> bool:
        self.rfile.raw.deadline = time.monotonic() + REQUEST_SECONDS
        return bool(super().communicate())  # type: ignore[no-untyped-call]


class Server(wsgi.Server):
    """The kept server over a WSGI application; it is bound by prepare(), and answers once it serves.

    A connection takes a thread only while a request is under way on it.
    """

    ConnectionClass = _Connection

    def __init__(self, address: tuple[str, int], application: Any, statistics: Statistics) -> None:
        self.statistics = statistics
        super().__init__(
            address,
            application,
            numthreads=THREADS,
            max=MOST_THREADS,
            server_name="aurora-reference-scheduler",
            timeout=PATIENCE_SECONDS,
            request_queue_size=WAITING_CONNECTIONS,
        )
        self.max_request_body_size = MAX_REQUEST
        self.max_request_header_size = MAX_HEADERS
        self.expiration_interval = EXPIRATION_SECONDS

    def process_conn(self, conn: Any) -> None:
        if conn.last_used is None:
            # It is new: like one that is kept, it waits for its first byte without a thread.
            self.put_conn(conn)
            return
        if self.requests.idle <= self.requests.qsize:
            self.requests.grow(THREADS)
        super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        if traceback:
            self.statistics.add("uncaught_exceptions")
        logger.log(level, "%s", msg, exc_info=traceback)
