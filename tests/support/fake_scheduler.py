"""A scripted HTTP server, for faults that a real scheduler cannot be made to show, and a client of it."""

import gzip
import io
import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aurora_admin.client.retry import Clock
from aurora_admin.client.scheduler import Scheduler
from aurora_admin.clusters import Cluster
from aurora_admin.gen.api import ReadOnlyScheduler
from aurora_admin.gen.api.ttypes import Response, ResponseDetail, Result
from aurora_admin.output import Output
from aurora_admin.wire.codec import encode
from aurora_admin.wire.message import REPLY, Message, application_exception, from_binary, from_json, to_binary, to_json

BINARY = "application/vnd.apache.thrift.binary"
JSON = "application/x-thrift"
REASONS = {200: "OK", 307: "Temporary Redirect", 500: "Server Error", 503: "Service Unavailable"}
NO_LEADER_PAGE = b"<html><h1>No Leader Found</h1><p>It appears that the scheduler is failing over.</p></html>"


@dataclass(frozen=True)
class Request:
    """What the client sent."""

    verb: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> Message:
        """The Thrift message in the body."""
        return from_binary(self.body) if self.headers["Content-Type"] == BINARY else from_json(self.body)


Action = Callable[[socket.socket, Request], None]


@dataclass
class FakeScheduler:
    """Serves on loopback until closed; each request gets the next action of the script, later ones the last."""

    script: Sequence[Action]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None
    pages: Sequence[Action] = ()  # a script of its own for GET; without one the response is 404
    pages_requested: list[str] = field(default_factory=list)
    reset_connections: int = 0  # how many connections are reset, from the first on, before anything is read

    def __post_init__(self) -> None:
        self.closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        if self.reset_connections:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{'https' if self.tls else 'http'}://{self.host}"
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []
        self._clients: list[Client] = []
        self._threads[0].start()

    def client(self, **options: object) -> "Client":
        """Return a client that is closed with the server; the options are those of Client."""
        self._clients.append(Client(self.url, **options))  # type: ignore[arg-type]
        return self._clients[-1]

    def __enter__(self) -> "FakeScheduler":
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.scheduler.close()
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            for sock in self._open:
                _shut(sock)
            thread.join()
        self._listener.close()
        for sock in self._open:
            sock.close()

    @property
    def methods(self) -> list[str]:
        """The methods that were called, in order."""
        return [request.message.name for request in self.requests]

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            self._threads.append(threading.Thread(target=self._serve, args=(sock,)))
            self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            with sock, sock.makefile("rb") as stream:
                if self.connections <= self.reset_connections:
                    stream.close()
                    reset(sock)
                while request := _read(stream):
                    if request.verb == "GET":
                        self._serve_page(sock, request)
                        continue
                    with self._lock:
                        action = self.script[min(len(self.requests), len(self.script) - 1)]
                        self.requests.append(request)
                    action(sock, request)
        except OSError:
            return

    def _serve_page(self, sock: socket.socket, request: Request) -> None:
        with self._lock:
            script = self.pages or [http(404)]
            action = script[min(len(self.pages_requested), len(script) - 1)]
            self.pages_requested.append(request.path)
        action(sock, request)


def _read(stream: Iterable[bytes]) -> Request | None:
    first = stream.readline().decode("latin-1").split()  # type: ignore[attr-defined]
    if len(first) < 2:
        return None
    headers = {}
    while line := stream.readline().decode("latin-1").strip():  # type: ignore[attr-defined]
        name, _, value = line.partition(":")
        headers[name.title()] = value.strip()
    body = stream.read(int(headers.get("Content-Length", 0)))  # type: ignore[attr-defined]
    return Request(first[0], first[1], headers, body)


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def http(status: int = 200, body: bytes = b"", *, cut: int | None = None, chunk: int = 0, **headers: str) -> Action:
    """Respond with this status and body; `cut` closes after so many bytes, `chunk` is the size of chunks."""
    lines = [
        f"HTTP/1.1 {status} {REASONS.get(status, '')}",
        "Transfer-Encoding: chunked" if chunk else f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    payload = b"".join(_chunks(body, chunk)) if chunk else body
    complete = "\r\n".join([*lines, "", ""]).encode() + payload

    def act(sock: socket.socket, _request: Request) -> None:
        sock.sendall(complete[:cut])
        if cut is not None or headers.get("Connection") == "close":
            _shut(sock)

    act.complete = complete  # type: ignore[attr-defined]
    return act


def _chunks(body: bytes, size: int) -> Iterable[bytes]:
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def result_bytes(response: Response) -> bytes:
    """Return the result of a method with this Response; that of every method has this one field."""
    return encode(ReadOnlyScheduler.getQuota_result(success=response))


def thrift(method: str, response: Response, *, binary: bool = True, gzipped: bool = False, **options: object) -> Action:
    """Reply to a call as a scheduler does; the options are those of `http`."""
    message = Message(method, REPLY, 0, result_bytes(response))
    body = to_binary(message) if binary else to_json(message)
    headers = {"Content_Encoding": "gzip"} if gzipped else {}
    return http(
        200, gzip.compress(body) if gzipped else body, Content_Type=BINARY if binary else JSON, **headers, **options
    )  # type: ignore[arg-type]


def reply_with(
    method: str, code: int = 1, *texts: str | None, result: Result | None = None, **options: object
) -> Action:
    """Reply to a call with this code and these details."""
    details = [ResponseDetail(message=text) for text in texts]
    return thrift(method, Response(responseCode=code, details=details, result=result), **options)  # type: ignore[arg-type]


def exception(method: str, code: int, text: str) -> Action:
    """Reply with a TApplicationException."""
    return http(200, to_json(application_exception(method, 0, code, text)), Content_Type=JSON)


def close(sock: socket.socket, _request: Request) -> None:
    """Close the connection without a response."""
    _shut(sock)


def reset(sock: socket.socket, _request: Request | None = None) -> None:
    """Reset the connection."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    raise ConnectionAbortedError  # so that the stream is closed too, which is what closes the socket


def silence(sock: socket.socket, _request: Request) -> None:
    """Send no response."""


def raw(data: bytes) -> Action:
    """Send bytes that need not be HTTP, and close."""

    def act(sock: socket.socket, _request: Request) -> None:
        sock.sendall(data)
        _shut(sock)

    return act


def drip(data: bytes) -> Action:
    """Send these bytes endlessly, one at a time."""

    def act(sock: socket.socket, _request: Request) -> None:
        for byte in itertools.cycle(data):
            sock.sendall(bytes([byte]))
            threading.Event().wait(0.02)

    return act


class FakeClock:
    """A clock that only sleep moves, without randomness."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Move the clock, without waiting."""
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> Clock:
        """Return it in the client's form."""
        return Clock(lambda: self.now, self.sleep, lambda: 1.0)


class Client:
    """A client of one scheduler, with its log and its back-off times."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float | None = None,
        bypass: bool = False,
        is_real_time: bool = False,
        **keys: object,
    ) -> None:
        self._log = io.StringIO()
        self.time = FakeClock()
        clock = Clock() if is_real_time else self.time.clock()
        cluster = Cluster("west", {"name": "west", "scheduler_uri": url, **keys}, "/etc/aurora/clusters.json")
        self.scheduler = Scheduler(
            cluster,
            Output(None, self._log),
            bypass_leader_redirect=bypass,
            timeout_seconds=timeout,
            clock=clock,
        )

    @property
    def slept(self) -> list[float]:
        """The waits between attempts, in seconds."""
        return self.time.slept

    @property
    def log(self) -> list[str]:
        """The logged lines."""
        return self._log.getvalue().splitlines()
