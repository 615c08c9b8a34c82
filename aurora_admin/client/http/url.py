"""URLs of schedulers: from clusters.json, from ZooKeeper and from redirects."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

SCHEMES = ("http", "https")
SAFE = "/%:@!$&'()*+,;=~"


def with_scheme(uri: str) -> str:
    """Return a configured address as a URL; http is the default scheme."""
    return uri if "://" in uri else f"http://{uri}"


def without_credentials(url: str) -> str:
    """Return a URL, or text that was meant as one, without the part before an @."""
    return url.rpartition("@")[2]


def shown(url: str) -> str:
    """Return a URL for a message or the log: as it is, but without user and password."""
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{without_credentials(rest)}"


def request_url(url: str) -> str:
    """Return a URL as a request can carry it: quoted, without user and password, query and fragment.

    Raises:
        ValueError: it is not the URL of an HTTP server, with the reason.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("it begins with neither http:// nor https://")
    if not parts.hostname or parts.port == 0:  # reading the port checks it
        raise ValueError("it names no host and port")
    return urlunsplit((parts.scheme, without_credentials(parts.netloc), quote(parts.path, safe=SAFE), "", ""))
