"""Find the scheduler that leads a cluster (spec/client-connection.md 1.6 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from aurora_admin.errors import ConfigError

if TYPE_CHECKING:
    from aurora_admin.clusters import Cluster

SCHEMES = ("http", "https")
UNQUOTED = "/%:@!$&'()*+,;=~"


class Leader(NamedTuple):
    """A scheduler's address as it is configured or advertised, and where its API is."""

    url: str
    api: str


def leader(cluster: Cluster, timeout_seconds: float | None = None) -> Leader:
    """Find the leader; with scheduler_uri nobody is asked.

    Raises:
        ConfigError: the cluster's entry tells no way, or one that cannot be gone.
    """
    connection = cluster.connection()
    if connection.zk:
        raise ConfigError(f"Finding the leader of {cluster.name} through ZooKeeper is not available in this version; "
                          f"give its scheduler_uri instead of zk in {cluster.path}")
    if not connection.scheduler_uri:
        raise ConfigError(f'"cluster" does not specify zk or scheduler_uri: give {cluster.name} one of them in '
                          f"{cluster.path}")
    return Leader(connection.scheduler_uri, api_url(connection.scheduler_uri, cluster))


def api_url(uri: str, cluster: Cluster) -> str:
    """Return where the API of a configured scheduler is, without user and password (spec 1.6).

    Raises:
        ConfigError: this is no URL of a server.
    """
    try:
        return server_url(urljoin(with_scheme(uri), "api"))
    except ValueError as error:
        raise ConfigError(f"Cluster {cluster.name} in {cluster.path}: scheduler_uri {uri.rpartition('@')[2]} cannot be "
                          f"used: {error}") from error


def with_scheme(uri: str) -> str:
    """Return a configured address as a URL; without a scheme it is http."""
    return uri if "://" in uri else f"http://{uri}"


def server_url(url: str) -> str:
    """Return a URL as a request can carry it: quoted, without user and password, query and fragment.

    Raises:
        ValueError: it is not one of a server, with the reason.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("it begins with neither http:// nor https://")
    if not parts.hostname or parts.port == 0:  # asking for the port checks it
        raise ValueError("it names no host and port")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], quote(parts.path, safe=UNQUOTED), "", ""))
