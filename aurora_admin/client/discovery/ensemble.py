"""Which ZooKeeper servers a cluster names, and where its schedulers are in there (docs/connection.md 2.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from aurora_admin.errors import ConfigError

if TYPE_CHECKING:
    from aurora_admin.clusters import Cluster

ITEM = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<name>[^\s:\[\]@]+))(?::(?P<port>[0-9]{1,5}))?")


class Ensemble(NamedTuple):
    """`hosts` as a ZooKeeper client takes them, and the path of the schedulers."""

    hosts: tuple[str, ...]
    path: str

    def __str__(self) -> str:
        return ",".join(self.hosts)


def ensemble(cluster: Cluster) -> Ensemble:
    """Read the servers and the path of a cluster's entry.

    A host may have a port, which goes before zk_port; after the last one may stand a chroot.

    Raises:
        ConfigError: one of them cannot be used, or there is no path.
    """
    connection = cluster.connection()
    servers, _, chroot = (connection.zk or "").partition("/")
    try:
        hosts = _hosts(servers, connection.zk_port)
    except ValueError as error:
        raise ConfigError(
            f"Cluster {cluster.name} in {cluster.path}: zk {connection.zk!r} cannot be used: {error}"
        ) from error
    if not connection.scheduler_zk_path:
        raise ConfigError(
            f"Cluster {cluster.name} in {cluster.path} has zk but no scheduler_zk_path: give the path "
            "that its schedulers have as -serverset_path"
        )
    return Ensemble(hosts, _path(cluster, chroot, connection.scheduler_zk_path))


def _hosts(servers: str, default_port: int) -> tuple[str, ...]:
    hosts = tuple(_host(item.strip(), default_port) for item in servers.split(",") if item.strip())
    if not hosts:
        raise ValueError("it names no host")
    return hosts


def _host(item: str, default_port: int) -> str:
    found = ITEM.fullmatch(item)
    if not found:
        raise ValueError(f"{item!r} is no host or host:port; an IPv6 address has to stand in brackets")
    host = found["v6"] or found["name"]
    host.encode("idna")  # as the look-up of the name will do, in a thread that could only die of it
    port = int(found["port"] or default_port)
    if not 0 < port < 1 << 16:
        raise ValueError(f"{host} has the port {port}")
    return f"[{host}]:{port}" if found["v6"] else f"{host}:{port}"


def _path(cluster: Cluster, chroot: str, path: str) -> str:
    """Return the path from the root, without the empty parts that the original tolerated."""
    whole = f"{chroot}/{path}"
    parts = [part for part in whole.split("/") if part]
    # A comma in the chroot is rather a second host after it.
    if not whole.isprintable() or "," in chroot or {".", ".."} & set(parts):
        raise ConfigError(
            f"Cluster {cluster.name} in {cluster.path}: {whole!r} is no path in ZooKeeper. Correct "
            "scheduler_zk_path, and zk, where a chroot can only stand once and last"
        )
    return "/" + "/".join(parts)
