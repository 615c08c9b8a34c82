"""The first hop to a server: straight, or by the proxy and the certificates that the environment names."""

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

# As requests, which the original was built on, reads them.
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def connection(target: SplitResult, timeout_seconds: float) -> HTTPConnection:
    """Return an unopened connection to the target, or to the proxy that has to be asked for it.

    Raises:
        ConfigError: the environment names certificates that cannot be used.
    """
    proxy = proxy_of(target)
    hop = proxy or target
    if target.scheme == "http":
        return HTTPConnection(hop.hostname or "", hop.port, timeout=timeout_seconds)
    secure = HTTPSConnection(hop.hostname or "", hop.port, timeout=timeout_seconds, context=_tls())
    if proxy:
        secure.set_tunnel(target.hostname or "", target.port, proxy_headers(proxy))
    return secure


def proxy_of(target: SplitResult) -> SplitResult | None:
    """Return the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY want for the target; a loopback address has none."""
    if not any(name.lower().endswith("_proxy") for name in os.environ) or is_loopback(target.hostname):
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(target.netloc.rpartition("@")[2]):
        return None
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}")


def proxy_headers(proxy: SplitResult) -> dict[str, str]:
    """Return what tells the proxy who we are, if its URL does."""
    user = basic(proxy)
    return {"Proxy-Authorization": user} if user else {}


def basic(url: SplitResult) -> str | None:
    """Return the Authorization for the user and password in a URL."""
    if url.username is None:
        return None
    return basic_of(unquote(url.username), unquote(url.password or ""))


def basic_of(user: str, password: str) -> str:
    """Return the value of an Authorization header."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def is_loopback(host: str | None) -> bool:
    """Tell whether a host is this machine, by its name or address alone."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _tls() -> SSLContext:
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
