"""The scheduler's own report of its role: leader or standby (docs/api.md 5.1, 5.2 and 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from aurora_admin.client.discovery import leader
from aurora_admin.client.failures import Failure, one_line
from aurora_admin.client.http.auth import Credentials
from aurora_admin.client.http.transport import Response, Transport
from aurora_admin.client.http.url import without_credentials
from aurora_admin.client.retry import FIND_LEADER_SECONDS, REAL_CLOCK, Deadline
from aurora_admin.errors import BadReply, CallFailed, ConnectionFailed

if TYPE_CHECKING:
    from aurora_admin.client.discovery.leader import Leader
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output

MAX_PAGE_BYTES = 16 << 20  # /vars of a large cluster has some hundred kilobytes
HEALTH_PREFIX = "Current status: "  # how /leaderhealth begins, unlike any page of a proxy
AWAITING_REGISTRATION = "scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1"
LEADS, ANOTHER_LEADS, NO_LEADER = 200, 503, 502


def verified_leader(cluster: Cluster, log: Output, timeout_seconds: float | None = None) -> Leader:
    """Find the leader, and check on its /leaderhealth that it leads.

    Raises:
        ConfigError, ConnectionFailed: it was not found, as for `discovery.leader`, or it does not reply.
        CallFailed: it does not lead; the message names its role.
    """
    deadline = Deadline(REAL_CLOCK, FIND_LEADER_SECONDS if timeout_seconds is None else timeout_seconds)
    found = leader(cluster, log, deadline.left())
    pages = _Pages(cluster, found, deadline)
    try:
        _check(without_credentials(found.url), pages)
    except Failure as failure:
        raise ConnectionFailed(
            f"The scheduler of {cluster.name} at {failure.url} does not answer: {failure.reason}. "
            f"Check that it runs, and the entry of {cluster.name} in {cluster.path}"
        ) from failure
    finally:
        pages.close()
    return found


class _Pages:
    """Reads pages of one scheduler."""

    def __init__(self, cluster: Cluster, found: Leader, deadline: Deadline) -> None:
        self._transport = Transport(REAL_CLOCK)
        self._credentials = Credentials(cluster)
        self._base = found.api
        self._deadline = deadline

    def get(self, name: str) -> tuple[Response, str]:
        """Return the response and the text of a page; raise as Transport.get."""
        url = urljoin(self._base, name)
        headers = {"User-Agent": "Aurora Admin", **self._credentials.headers(url)}
        response = self._transport.get(url, headers, self._deadline)
        text = b""
        while len(text) < MAX_PAGE_BYTES and (part := response.read(MAX_PAGE_BYTES)):
            text += part
        return response, text.decode("utf-8", "replace")

    def close(self) -> None:
        self._transport.close()


def _check(name: str, pages: _Pages) -> None:
    response, text = pages.get("leaderhealth")
    if response.status == 404:
        raise BadReply(
            f"{response.url} answers 404, so it is unknown whether this scheduler leads: releases before 0.13 do not "
            "have this page. Or it is not a scheduler; check scheduler_uri"
        )
    if not text.startswith(HEALTH_PREFIX):
        raise BadReply(
            f"{response.url} answers {one_line(f'{response.status} {response.reason}')}, but not as a "
            "scheduler does; check the address, and proxies between here and there"
        )
    if response.status == ANOTHER_LEADS:
        raise CallFailed(f"The scheduler at {name} does not lead, another one does, to which it redirects calls")
    if response.status == NO_LEADER and AWAITING_REGISTRATION in pages.get("vars")[1].split("\n"):
        raise CallFailed(
            f"The scheduler at {name} is elected, but not registered with Mesos yet: it serves calls, those of a "
            "recovery among them, only with --bypass-leader-redirect"
        )
    if response.status != LEADS:
        status = one_line(text[len(HEALTH_PREFIX) :].partition("\n")[0])
        raise CallFailed(f"The scheduler at {name} does not know who leads ({status}); try again in a few minutes")
