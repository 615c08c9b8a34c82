"""Proxies that the environment names, by the rules of requests, on which the original was built.

The rules are those of docs/connection.md 3.8.
"""

from __future__ import annotations

import os
from base64 import b64encode
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from aurora_admin.client.http.url import shown

SYSTEM_SETTINGS = "system settings"  # of macOS and Windows, which have no variable


class Proxy(NamedTuple):
    """A proxy, and the variable that names it. Its text has no password."""

    variable: str
    value: str

    def __str__(self) -> str:
        """Return it as it is set."""
        return f"{self.variable}={shown(self.value)}"

    def url(self) -> SplitResult:
        """Return its URL.

        Raises:
            ValueError: it is not that of a proxy that this client can use; the text is the reason.
        """
        url = urlsplit(self.value if "://" in self.value else f"http://{self.value}")
        if url.scheme != "http":
            raise ValueError(f"a proxy with the scheme {url.scheme} is not supported, only http")
        if not url.hostname or url.port == 0:  # reading the port checks it
            raise ValueError("the proxy has no host and port")
        return url


def proxy_for(target: SplitResult) -> Proxy | None:
    """Return the proxy for a target by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; none for loopback."""
    if not any(name.lower().endswith("_proxy") for name in os.environ) or is_loopback(target.hostname):
        return None
    from urllib.request import getproxies

    proxies = getproxies()
    for kind in (target.scheme, "all"):
        if value := proxies.get(kind):
            return None if _is_excluded(target) else Proxy(_variable(kind, value), value)
    return None


def place(url: str, redirected_by: str = "") -> str:
    """Return where a request to a URL goes, for a message: with the proxy, and with the server that redirects to it."""
    proxy = proxy_for(urlsplit(url))
    through = f" through the proxy {proxy}" if proxy else ""
    return f"{url}{through}" + (f" (redirected by {redirected_by})" if redirected_by else "")


def proxy_advice(url: str) -> str:
    """Return what to check about the proxy for a URL if a request fails; empty if there is no proxy."""
    proxy = proxy_for(urlsplit(url))
    return f"check {proxy.variable}, or give the host in NO_PROXY to call it directly" if proxy else ""


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


def _variable(kind: str, value: str) -> str:
    names = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    return next((name for name in names if os.environ.get(name) == value), SYSTEM_SETTINGS)


def _is_excluded(target: SplitResult) -> bool:
    from urllib.request import proxy_bypass

    host, authority = target.hostname or "", target.netloc.rpartition("@")[2].lower()
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    items = [item.lower() for item in listed.replace(" ", "").split(",") if item]
    return any(_excludes(item, host, authority) for item in items) or bool(proxy_bypass(authority))


def _excludes(item: str, host: str, authority: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host.endswith(item) or authority.endswith(item)
    try:
        return address in ip_network(item.strip("[]"), strict=False)
    except ValueError:
        return authority == item
