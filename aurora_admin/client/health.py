"""Find the leader, and check with it that it leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.client.call import JSON
from aurora_admin.client.discovery import leader
from aurora_admin.client.failures import Failure
from aurora_admin.client.http.auth import Credentials
from aurora_admin.client.http.transport import Transport
from aurora_admin.client.http.url import shown
from aurora_admin.client.inquiry import Inquiry
from aurora_admin.client.retry import FIND_LEADER_SECONDS, REAL_CLOCK, Deadline
from aurora_admin.client.role import Pages, Role, RoleName, read_role
from aurora_admin.errors import CallFailed, ConnectionFailed

if TYPE_CHECKING:
    from aurora_admin.client.discovery.leader import Leader
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output


def verified_leader(cluster: Cluster, log: Output, timeout_seconds: float | None = None) -> Leader:
    """Find the leader, check on its /leaderhealth that it leads, and warn if its cluster has another name.

    Raises:
        ConfigError, ConnectionFailed: it was not found, as for `discovery.leader`, or it does not reply.
        CallFailed: it does not lead; the message names its role.
    """
    deadline = Deadline(REAL_CLOCK, FIND_LEADER_SECONDS if timeout_seconds is None else timeout_seconds)
    found = leader(cluster, log, deadline.left())
    transport, credentials = Transport(REAL_CLOCK), Credentials(cluster, log)
    try:
        role = read_role(Pages(transport, credentials, found.api, deadline, log))
    except Failure as failure:
        raise ConnectionFailed(
            f"The scheduler of {cluster.name} at {failure.place} does not answer: {failure.reason}. "
            f"{failure.all_advice or f'Check that it runs, and the entry of {cluster.name} in {cluster.path}'}"
        ) from failure
    finally:
        transport.close()
    _check(shown(found.url), role)
    inquiry = Inquiry(credentials, REAL_CLOCK, log, {"Content-Type": JSON}, is_bypassing=False)
    inquiry.warn_of_name(found.api, cluster)
    return found


def _check(name: str, role: Role) -> None:
    if role.name == RoleName.STANDBY:
        named = f": {role.leader}" if role.leader else ""
        raise CallFailed(f"The scheduler at {name} does not lead, another one does{named}, to which it redirects calls")
    if role.name == RoleName.ELECTED:
        raise CallFailed(
            f"The scheduler at {name} is elected, but not registered with Mesos yet, or is still reading its log: it "
            "serves calls, those of a recovery among them, only with --bypass-leader-redirect"
        )
    if role.name == RoleName.UNKNOWN:
        raise CallFailed(f"The scheduler at {name} does not know who leads ({role.status}); try again in a few minutes")
