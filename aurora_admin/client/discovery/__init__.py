"""Find the leading scheduler of a cluster (docs/connection.md 1.6 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from aurora_admin.client.discovery.leader import Leader
from aurora_admin.client.http.url import request_url, shown, with_scheme, without_credentials
from aurora_admin.errors import ConfigError

if TYPE_CHECKING:
    from aurora_admin.client.discovery.zookeeper import ZooKeeperFinder
    from aurora_admin.client.retry import Clock, Deadline
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output


class ConfiguredFinder:
    """Finds the scheduler whose address is in clusters.json, without any request."""

    def __init__(self, cluster: Cluster, uri: str) -> None:
        self._cluster = cluster
        self._uri = uri

    def find(self, deadline: Deadline | None = None) -> Leader:
        """Return the configured scheduler, which need not lead.

        Raises:
            ConfigError: the address is not the URL of a server.
        """
        try:
            api = request_url(urljoin(with_scheme(self._uri), "api"))
        except ValueError as error:
            raise ConfigError(
                f"Cluster {self._cluster.name} in {self._cluster.path}: scheduler_uri "
                f"{without_credentials(self._uri)} cannot be used: {error}"
            ) from error
        return Leader(self._uri, api)

    def clock(self, clock: Clock) -> Clock:
        """Return the clock unchanged: there are no changes to wake up for."""
        return clock

    def close(self) -> None:
        """Do nothing; there is no connection."""


def new_finder(cluster: Cluster, log: Output) -> ConfiguredFinder | ZooKeeperFinder:
    """Return a finder for the cluster's entry in clusters.json; zk takes precedence over scheduler_uri.

    Raises:
        ConfigError: the entry has neither, or an invalid zk.
    """
    for key in cluster.templates():
        log.warn(f"The {key} of cluster {cluster.name} contains a template, which is not expanded")
    connection = cluster.connection()
    keys = ("zk", "zk_port", "scheduler_zk_path") if connection.zk else ("scheduler_uri",)
    entry = ", ".join(f"{key} {shown(str(getattr(connection, key)))}" for key in keys)
    log.debug(f"Cluster {cluster.name} in {cluster.path}: {entry}")
    if connection.zk:
        from aurora_admin.client.discovery.zookeeper import ZooKeeperFinder

        return ZooKeeperFinder(cluster, log)
    if not connection.scheduler_uri:
        raise ConfigError(
            f'"cluster" does not specify zk or scheduler_uri: give {cluster.name} one of them in {cluster.path}'
        )
    return ConfiguredFinder(cluster, connection.scheduler_uri)


def leader(cluster: Cluster, log: Output, timeout_seconds: float | None = None) -> Leader:
    """Find the leader, and wait for one for 20 s or `timeout_seconds`; with scheduler_uri nothing is requested.

    Raises:
        ConfigError: the cluster's entry is incomplete or invalid.
        ConnectionFailed: no leader was found in time.
    """
    finder = new_finder(cluster, log)
    if isinstance(finder, ConfiguredFinder):
        return finder.find()
    from aurora_admin.client.discovery.zookeeper import wait_for

    return wait_for(finder.find, finder, log, timeout_seconds)
