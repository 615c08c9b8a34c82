"""Proxies and certificates that the environment names, and connections that use them."""

from __future__ import annotations

import os
from base64 import b64encode
from http.client import HTTPConnection, HTTPSConnection
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from aurora_admin.errors import ConfigError

if TYPE_CHECKING:
    from ssl import SSLContext

# The variables that requests reads, on which the original was built.
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def new_connection(target: SplitResult, timeout_seconds: float) -> HTTPConnection:
    """Return a connection to the target, through a proxy if the environment wants one; it is not opened yet.

    Raises:
        ConfigError: the certificates that the environment names cannot be read.
    """
    proxy = select_proxy(target)
    first = proxy or target
    if target.scheme == "http":
        return HTTPConnection(first.hostname or "", first.port, timeout=timeout_seconds)
    secure = HTTPSConnection(first.hostname or "", first.port, timeout=timeout_seconds, context=_tls_context())
    if proxy:
        secure.set_tunnel(target.hostname or "", target.port, proxy_headers(proxy))
    return secure


def select_proxy(target: SplitResult) -> SplitResult | None:
    """Return the proxy for the target by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; none for loopback."""
    if not any(name.lower().endswith("_proxy") for name in os.environ) or is_loopback(target.hostname):
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(target.netloc.rpartition("@")[2]):
        return None
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}")


def proxy_headers(proxy: SplitResult) -> dict[str, str]:
    """Return the headers for the proxy: the credentials in its URL, if there are any."""
    authorization = basic_auth_of(proxy)
    return {"Proxy-Authorization": authorization} if authorization else {}


def basic_auth_of(url: SplitResult) -> str | None:
    """Return the value of an Authorization header for the user and password in a URL."""
    if url.username is None:
        return None
    return basic_auth(unquote(url.username), unquote(url.password or ""))


def basic_auth(user: str, password: str) -> str:
    """Return the value of an Authorization header."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine, by its name or address alone."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


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
