"""The flags of election, advertising and registration, and their values (docs/api.md 7.2, 8.3)."""

import re
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import NamedTuple

from aurora_admin.scheduler.flags.amounts import positive_seconds, seconds
from aurora_admin.zookeeper import addresses

# The flags that have no effect without -zk_endpoints.
NEED_ENDPOINTS = """
serverset_path serverset_endpoint_name zk_session_timeout zk_connection_timeout zk_digest_credentials zk_chroot_path
""".split()
MASTER = re.compile(r"zk://(?:(?P<credentials>[^@/]*)@)?(?P<hosts>[^/]*)(?P<path>/.*)", re.DOTALL)


class MasterAddress(NamedTuple):
    """Where the leading Mesos master is found: the children of a node in ZooKeeper."""

    hosts: str
    path: str
    credentials: str | None


def endpoints(text: str) -> str:
    """Return a list of servers, host:port each, as kazoo takes it.

    Raises:
        ArgumentTypeError: a server is invalid; a chroot is not allowed.
    """
    try:
        return ",".join(addresses.hosts(text))
    except ValueError as error:
        raise ArgumentTypeError(f"{error}; give host1:2181,host2:2181,host3:2181") from None


def node_path(text: str) -> str:
    """Return the path of a node below the root, without empty names.

    Raises:
        ArgumentTypeError: the text is not such a path.
    """
    try:
        path = addresses.path(text)
    except ValueError:
        path = "/"
    if path == "/" or not text.startswith("/"):
        raise ArgumentTypeError(f"{text!r} is not the path of a node below /, such as /aurora/scheduler")
    return path


def credentials(text: str) -> str:
    """Read user:pass.

    Raises:
        ArgumentTypeError: it is not; the text is not repeated, for it may be a password.
    """
    if text.startswith(":") or text.count(":") != 1:
        raise ArgumentTypeError("zk_digest_credentials must be formatted as user:pass")
    return text


def master_address(text: str) -> MasterAddress:
    """Read zk://HOSTS/PATH.

    Raises:
        ArgumentTypeError: it is another kind of address.
    """
    found = MASTER.fullmatch(text)
    if not found:
        shown = text.rpartition("@")[2]
        raise ArgumentTypeError(
            f"{shown!r} cannot be used: this reference scheduler looks for a Mesos master in ZooKeeper only; "
            "give zk://host1:2181,host2:2181/path, or leave the flag out to be registered at once"
        )
    digest = found["credentials"]
    return MasterAddress(endpoints(found["hosts"]), node_path(found["path"]), digest and credentials(digest))


def add_flags(flag: Callable[..., None]) -> None:
    """Declare the flags. `flag` takes name, metavar and help, and what else argparse takes."""
    _add_zookeeper_flags(flag)
    flag(
        "mesos_master_address",
        "zk://HOSTS/PATH",
        "wait until a Mesos master has a node under this path before being registered and advertised (default: "
        "registered at once)",
        type=master_address,
    )
    flag(
        "max_registration_delay",
        "TIME",
        "how long an elected scheduler waits for a Mesos master before it exits (default 1mins)",
        type=seconds,
        default=60.0,
    )
    flag(
        "max_leading_duration",
        "TIME",
        "how long a scheduler leads before it exits, so that another is elected (default 1days)",
        type=positive_seconds,
        default=86400.0,
    )
    flag(
        "gc_executor_path",
        "PATH",
        "accepted for compatibility; a warning is logged, because it must not be set during a recovery",
    )


def _add_zookeeper_flags(flag: Callable[..., None]) -> None:
    flag(
        "zk_endpoints",
        "HOST:PORT,...",
        "ZooKeeper servers, in which several schedulers elect a leader (default: this scheduler leads alone)",
        type=endpoints,
    )
    flag(
        "serverset_path",
        "PATH",
        "node under which the leader is elected and advertised; required with -zk_endpoints",
        type=node_path,
    )
    flag(
        "serverset_endpoint_name",
        "NAME",
        "name of the advertised endpoint: http or https (default http)",
        default="http",
    )
    _add_session_flags(flag)


def _add_session_flags(flag: Callable[..., None]) -> None:
    flag(
        "zk_session_timeout",
        "TIME",
        "time without contact to ZooKeeper after which a scheduler loses the leadership and exits (default 15secs)",
        type=positive_seconds,
        default=15.0,
    )
    flag(
        "zk_connection_timeout",
        "TIME",
        "how long to try to connect to ZooKeeper at the start (default 10secs)",
        type=positive_seconds,
        default=10.0,
    )
    flag(
        "zk_digest_credentials",
        "USER:PASS",
        "credentials for ZooKeeper; nodes can then be changed by this user only (default: by everybody)",
        type=credentials,
    )
    flag(
        "zk_chroot_path",
        "PATH",
        "node that is taken as / for election and advertising, but not for the log (default /)",
        type=node_path,
    )


def conflict(flags: Namespace, given: set[str]) -> str | None:
    """Return a text about flags that do not go together; None if all do."""
    if flags.zk_endpoints is None:
        without_effect = [f"-{name}" for name in NEED_ENDPOINTS if name in given]
        return (
            f"{', '.join(without_effect)} without -zk_endpoints: give the servers as well" if without_effect else None
        )
    if flags.serverset_path:
        return None
    return "-zk_endpoints without -serverset_path: give the node under which the leader is elected"
