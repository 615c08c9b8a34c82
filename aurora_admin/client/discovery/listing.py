"""List every scheduler of a cluster: those in ZooKeeper, with their roles and releases (docs/connection.md 2.6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from aurora_admin.client.discovery import ConfiguredFinder, new_finder
from aurora_admin.client.failures import Failure, one_line
from aurora_admin.client.http.auth import Credentials
from aurora_admin.client.http.transport import Transport
from aurora_admin.client.http.url import shown
from aurora_admin.client.retry import REAL_CLOCK, Deadline
from aurora_admin.client.role import Pages, RoleName, read_role
from aurora_admin.errors import AdminError
from aurora_admin.zookeeper import server_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output

LEADER, STANDBY, ELECTED = "leader", "standby", "elected"
ROLES = {RoleName.LEADER: LEADER, RoleName.STANDBY: STANDBY, RoleName.ELECTED: ELECTED}
PAGE_SECONDS = 5.0  # for the pages of one scheduler
# In /vars: a release of Aurora is in the name of its jar; the reference scheduler has a variable of its own.
JAR = re.compile(r"^jvm_prop_java\.class\.path .*?\baurora-([0-9][^/:;\s]*)\.jar", re.MULTILINE)
REFERENCE_VERSION = re.compile(r"^aurora_reference_scheduler_version_(\S+) 1$", re.MULTILINE)


class ListedScheduler(NamedTuple):
    """A scheduler of a cluster; None is what is not known of it.

    Attributes:
        role: leader, standby, or elected: it will lead when it has read its log and registered with Mesos.
        url: its address.
        host: the host name in its candidate node.
        version: its release.
        candidate, member: the names of its nodes in ZooKeeper.
    """

    role: str | None
    url: str | None = None
    host: str | None = None
    version: str | None = None
    candidate: str | None = None
    member: str | None = None


def listed_schedulers(cluster: Cluster, log: Output, timeout_seconds: float | None = None) -> list[ListedScheduler]:
    """Return the schedulers of a cluster: the leader first, then in the order in which they would lead.

    For an entry with scheduler_uri this is the scheduler at that address alone.

    Raises:
        ConfigError: the cluster's entry is incomplete or invalid.
        ConnectionFailed: ZooKeeper cannot be read, or has no scheduler.
    """
    finder = new_finder(cluster, log)
    credentials = Credentials(cluster, log)
    if isinstance(finder, ConfiguredFinder):
        found = finder.find()
        asked, reason = _asked(credentials, found.api, log)
        if not asked.role:
            log.warn(f"The scheduler of {cluster.name} at {found.api} does not say which role it has: {reason}")
        return [asked._replace(url=shown(found.url))]
    from aurora_admin.client.discovery.zookeeper import wait_for

    def read(deadline: Deadline) -> dict[str, bytes | None]:
        return finder.read(deadline, server_set.is_scheduler)[1]

    nodes = wait_for(read, finder, log, timeout_seconds)
    members = {name: member.url for name, member in finder.members(nodes).items()}
    rows = list(_registered(members, _candidates_of(nodes)))
    if not rows:
        raise finder.no_leader(0, len(nodes)).error()
    return [_completed(row, credentials, list(members.values()), log) for row in rows]


def _candidates_of(nodes: Mapping[str, bytes | None]) -> list[tuple[str, str | None]]:
    """Return name and host of each candidate, the one that leads first."""
    names = sorted(filter(server_set.ANY_CANDIDATE.fullmatch, nodes), key=server_set.sequence)
    return [(name, one_line((nodes[name] or b"").decode("utf-8", "replace")) or None) for name in names]


def _registered(members: Mapping[str, str], candidates: list[tuple[str, str | None]]) -> Iterator[ListedScheduler]:
    """Yield the members, each with its candidate, and then the other candidates.

    The first candidate is the leader, which alone is a member. A member of another host is one whose scheduler has
    ended, and whose node is still there.
    """
    waiting = list(candidates)
    for member, url in members.items():
        is_first = len(members) == 1 and bool(waiting) and _may_be(waiting[0], url)
        candidate, host = waiting.pop(0) if is_first else (None, None)
        yield ListedScheduler(LEADER, url, host, candidate=candidate, member=member)
    for position, (candidate, host) in enumerate(waiting):
        is_elected = position == 0 and len(waiting) == len(candidates)
        yield ListedScheduler(ELECTED if is_elected else STANDBY, host=host, candidate=candidate)


def _may_be(candidate: tuple[str, str | None], url: str) -> bool:
    """Return whether a member may be this candidate; only the nodes since 0.17 have the host that is advertised."""
    name, host = candidate
    has_host = bool(server_set.CANDIDATE.fullmatch(name) and host)
    return not has_host or (host or "").lower() == urlsplit(url).hostname


def _completed(row: ListedScheduler, credentials: Credentials, leaders: list[str], log: Output) -> ListedScheduler:
    """Return a scheduler with its version, and with its address if that can be found out.

    A candidate's node has only its host. Schedulers of one cluster usually have the same port, so the leader's is
    tried. What replies there is taken for that candidate only if it says that it has the candidate's role.
    """
    if row.url:
        return row._replace(version=_asked(credentials, f"{row.url}/api", log)[0].version)
    for leader in leaders[:1] if row.host else ():
        url = _with_host(leader, row.host or "")
        asked, _ = _asked(credentials, f"{url}/api", log)
        if asked.role == row.role:
            return row._replace(url=url, version=asked.version)
    return row


def _with_host(url: str, host: str) -> str:
    parts = urlsplit(url)
    name = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=f"{name}:{parts.port}").geturl()


def _asked(credentials: Credentials, api: str, log: Output) -> tuple[ListedScheduler, str]:
    """Return role and version that a scheduler reports itself, and why it does not report its role."""
    role = version = None
    reason = "its role is not one of a scheduler's"
    transport = Transport(REAL_CLOCK)
    try:
        pages = Pages(transport, credentials, api, Deadline(REAL_CLOCK, PAGE_SECONDS), log)
        version = _version(pages.get("vars")[1])
        role = ROLES.get(read_role(pages).name)
    except (Failure, AdminError) as error:
        reason = one_line(str(error))
    finally:
        transport.close()
    return ListedScheduler(role, version=version), reason


def _version(variables: str) -> str | None:
    reference = REFERENCE_VERSION.search(variables)
    if reference:
        return f"reference {one_line(reference[1])}"
    found = JAR.search(variables)
    return one_line(found[1]) if found else None
