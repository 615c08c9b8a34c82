"""Addresses in ZooKeeper: lists of servers and paths of nodes.

The client reads them from clusters.json (docs/connection.md 2.3 and 2.4), the scheduler from its flags (docs/api.md
7.2). The rules for one server and for the names in a path are the same. These differences are the originals':

- The client has a default port (zk_port) and ignores empty items; the scheduler's flags need a port for each server.
- The client takes a chroot after the last server, and any path below it; the scheduler has a flag for the chroot, and
  its paths begin with a slash and name a node below the root.
"""

import re

SERVER = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<name>[^\s:/,@\[\]]+))(?::(?P<port>[0-9]{1,5}))?")


def hosts(text: str, default_port: int | None = None) -> tuple[str, ...]:
    """Return the servers of a comma-separated list, each as host:port or [IPv6]:port.

    Without a default port each server needs one, and no item may be empty.

    Raises:
        ValueError: the list names no server, or an item is invalid; the text is the reason.
    """
    items = [item.strip() for item in text.split(",")]
    if default_port is not None:
        items = [item for item in items if item]
    if not items:
        raise ValueError("it names no host")
    return tuple(_server(item, default_port) for item in items)


def hosts_and_chroot(text: str, default_port: int) -> tuple[tuple[str, ...], str]:
    """Return the servers of a list, and the chroot after the last one; "/" if there is none.

    Raises:
        ValueError: as `hosts` and `path`.
    """
    servers, _, chroot = text.partition("/")
    if "," in chroot:
        raise ValueError("a chroot can only follow the last host")
    return hosts(servers, default_port), path(chroot)


def _server(item: str, default_port: int | None) -> str:
    found = SERVER.fullmatch(item)
    if not found or not (found["port"] or default_port is not None):
        wanted = "host:port" if default_port is None else "host or host:port; an IPv6 address needs brackets"
        raise ValueError(f"{item!r} is not {wanted}")
    host = found["v6"] or found["name"]
    try:
        host.encode("idna")  # the look-up of the name does this too, in a thread of kazoo that would end with it
    except UnicodeError as error:
        raise ValueError(f"{host!r} is not a valid host name: {error}") from error
    port = int(found["port"] or default_port or 0)
    if not 0 < port < 1 << 16:
        raise ValueError(f"{item!r} has the port {port}, which is not from 1 to 65535")
    return f"[{host}]:{port}" if found["v6"] else f"{host}:{port}"


def path(*parts: str) -> str:
    """Return the parts joined to an absolute path; empty names between slashes are dropped.

    Raises:
        ValueError: ZooKeeper has no such path; the text is the reason.
    """
    joined = "/".join(parts)
    names = [name for name in joined.split("/") if name]
    if not joined.isprintable() or {".", ".."} & set(names):
        raise ValueError(f"{joined!r} is not a path in ZooKeeper")
    return "/" + "/".join(names)
