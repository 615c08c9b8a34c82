"""Opening a connection to a server or its proxy, and why that fails."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING

from aurora_admin.client.failures import PermanentlyUnreachable, Unreachable
from aurora_admin.client.host_names import is_unknown
from aurora_admin.client.http.proxy import proxy_for, proxy_headers
from aurora_admin.client.retry import CONNECT_SECONDS
from aurora_admin.errors import ConfigError

if TYPE_CHECKING:
    from ssl import SSLCertVerificationError, SSLContext
    from urllib.parse import SplitResult

    from aurora_admin.client.retry import Deadline

# The variables that requests reads, on which the original was built.
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# OpenSSL's numbers for a certificate whose issuer is not known.
UNKNOWN_ISSUER = (2, 18, 19, 20, 21)
PROBE_SECONDS = 2.0
TLS_ALERT, TLS_HANDSHAKE = b"\x15", b"\x16"
HEAD = b"HEAD / HTTP/1.0\r\n\r\n"
SPEAKS_HTTPS = "this port speaks https, not http"
SPEAKS_HTTP = "this port speaks http, not https"
UNKNOWN_HOST_ADVICE = "correct the host name in its address, or check the name servers of this machine"
CORRECT_SCHEME = "correct the scheme of its address"


def connect(target: SplitResult, url: str, deadline: Deadline) -> HTTPConnection:
    """Return an open connection to the target, through a proxy if the environment wants one.

    Raises:
        ConfigError: the certificates that the environment names cannot be read.
        Unreachable: there is no connection; PermanentlyUnreachable if a retry would fail in the same way.
    """
    connection = None
    try:
        connection = _new_connection(target, min(CONNECT_SECONDS, deadline.timeout()))
        connection.connect()
    except (OSError, HTTPException, ValueError) as error:
        if connection:
            connection.close()
        raise _failure(error, target, url) from error
    return connection


def speaks_tls(target: SplitResult) -> bool:
    """Return whether a server that got a request in clear text speaks TLS, so that it cannot have read the request."""
    if target.scheme != "http" or proxy_for(target):
        return False
    return _first_byte(target, _client_hello(target.hostname or "")) in (TLS_ALERT, TLS_HANDSHAKE)


def _client_hello(host: str) -> bytes:
    """Return the first bytes of a TLS client, to which every TLS server replies; not every one does to less."""
    import ssl

    context = ssl.create_default_context()
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=host).do_handshake()
    return sent.read()


def describe(error: BaseException) -> str:
    """Return the text of an error of the system or of http.client."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, RemoteDisconnected):
        return "the connection was closed without a reply"
    if isinstance(error, (IncompleteRead, EOFError)):
        return "the server ended it too early"
    if isinstance(error, OSError):
        return str(error.strerror or error)
    return str(error) or type(error).__name__


def _new_connection(target: SplitResult, timeout_seconds: float) -> HTTPConnection:
    proxy = proxy_for(target)
    first = proxy.url() if proxy else target
    if target.scheme == "http":
        return HTTPConnection(first.hostname or "", first.port, timeout=timeout_seconds)
    secure = HTTPSConnection(first.hostname or "", first.port, timeout=timeout_seconds, context=_tls_context())
    if proxy:
        secure.set_tunnel(target.hostname or "", target.port, proxy_headers(first))
    return secure


def _failure(error: Exception, target: SplitResult, url: str) -> Unreachable:
    proxy = proxy_for(target)
    reason = describe(error)
    if isinstance(error, ValueError) and not isinstance(error, OSError):  # of a URL or a host name
        return PermanentlyUnreachable(reason, url, "" if proxy else "correct its address")
    if is_unknown(error):
        return PermanentlyUnreachable(reason, url, "" if proxy else UNKNOWN_HOST_ADVICE)
    if reason.startswith("Tunnel connection failed: 407"):
        return PermanentlyUnreachable(reason, url, password_advice(target))
    if reason.startswith("Tunnel connection failed: 4"):
        return PermanentlyUnreachable(reason, url)
    return _tls_failure(error, target, url) if target.scheme == "https" else Unreachable(reason, url)


def password_advice(target: SplitResult) -> str:
    """Return what to do if the proxy for a target wants a password."""
    proxy = proxy_for(target)
    variable = proxy.variable if proxy else "HTTP_PROXY"
    return f"the proxy wants a user and a password: give them in {variable}, as http://USER:PASSWORD@HOST:PORT"


def _tls_failure(error: Exception, target: SplitResult, url: str) -> Unreachable:
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return PermanentlyUnreachable(describe(error), url, _certificate_advice(error, target))
    may_be_plain = isinstance(error, (ssl.SSLError, ConnectionResetError, TimeoutError))
    if may_be_plain and not proxy_for(target) and _first_byte(target, HEAD) == b"H":
        return PermanentlyUnreachable(SPEAKS_HTTP, url, CORRECT_SCHEME)
    return Unreachable(describe(error), url)


def _certificate_advice(error: SSLCertVerificationError, target: SplitResult) -> str:
    if error.verify_code in UNKNOWN_ISSUER:
        return (
            f"if the certificate of {target.hostname} is of a private authority, name a file with the certificate of "
            f"that authority in {CERTIFICATE_VARIABLES[0]} or SSL_CERT_FILE"
        )
    return f"check the certificate of {target.hostname}, the name in its address, and the clock of this machine"


def _first_byte(target: SplitResult, sent: bytes) -> bytes:
    """Return the first byte of the reply to some bytes on a connection of their own; nothing if there is no reply."""
    port = target.port or {"http": 80, "https": 443}[target.scheme]
    with suppress(OSError), socket.create_connection((target.hostname or "", port), PROBE_SECONDS) as probe:
        probe.sendall(sent)
        probe.shutdown(socket.SHUT_WR)
        return probe.recv(1)
    return b""


def _tls_context() -> SSLContext:
    import ssl

    path = next(filter(None, map(os.environ.get, CERTIFICATE_VARIABLES)), None)
    try:
        if path and os.path.isdir(path):
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ConfigError(
            f"Cannot read the certificates in {path}: {error.strerror}. Correct {' or '.join(CERTIFICATE_VARIABLES)}"
        ) from error
