"""Find the scheduler that leads a cluster (docs/connection.md 1.6 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from aurora_admin.errors import ConfigError

if TYPE_CHECKING:
    from aurora_admin.client.discovery.search import Search
    from aurora_admin.client.retry import Clock, Deadline
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output

SCHEMES = ("http", "https")
UNQUOTED = "/%:@!$&'()*+,;=~"


class Leader(NamedTuple):
    """A scheduler's address as it is configured or advertised, and where its API is."""

    url: str
    api: str


class Configured:
    """A scheduler whose address is in clusters.json: nobody is asked."""

    def __init__(self, cluster: Cluster, uri: str) -> None:
        self._cluster = cluster
        self._uri = uri

    def look(self, deadline: Deadline | None = None) -> Leader:
        return Leader(self._uri, api_url(self._uri, self._cluster))

    def clock(self, clock: Clock) -> Clock:
        return clock

    def close(self) -> None:
        """Nothing was opened."""


def finder(cluster: Cluster, log: Output) -> Configured | Search:
    """Return the way to the leader that the cluster's entry tells; zk goes before scheduler_uri.

    Raises:
        ConfigError: it tells none, or one that nobody could go.
    """
    for key in cluster.templates():
        log.warn(f"The {key} of cluster {cluster.name} has a template in it, which is taken as it stands")
    connection = cluster.connection()
    if connection.zk:
        from aurora_admin.client.discovery.search import Search

        return Search(cluster, log)
    if not connection.scheduler_uri:
        raise ConfigError(
            f'"cluster" does not specify zk or scheduler_uri: give {cluster.name} one of them in {cluster.path}'
        )
    return Configured(cluster, connection.scheduler_uri)


def leader(cluster: Cluster, log: Output, timeout_seconds: float | None = None) -> Leader:
    """Find the leader, and wait for one if need be; with scheduler_uri nobody is asked.

    Raises:
        ConfigError: the cluster's entry tells no way, or one that cannot be gone.
        ConnectionFailed: nobody leads, or nobody can say, until the time is over (default: 20 s).
    """
    way = finder(cluster, log)
    if isinstance(way, Configured):
        return way.look()
    from aurora_admin.client.discovery.search import wait_for_leader

    return wait_for_leader(way, log, timeout_seconds)


def api_url(uri: str, cluster: Cluster) -> str:
    """Return where the API of a configured scheduler is, without user and password (docs/connection.md 1.6).

    Raises:
        ConfigError: this is no URL of a server.
    """
    try:
        return server_url(urljoin(with_scheme(uri), "api"))
    except ValueError as error:
        raise ConfigError(
            f"Cluster {cluster.name} in {cluster.path}: scheduler_uri {uri.rpartition('@')[2]} cannot be used: {error}"
        ) from error


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
