"""What a scheduler says of its own standing (docs/api.md 5.1, 5.2 and 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from aurora_admin.client.discovery import leader
from aurora_admin.client.failures import Failure, quoted
from aurora_admin.client.http.auth import Credentials
from aurora_admin.client.http.transport import Response, Transport
from aurora_admin.client.retry import FIND_SECONDS, REAL_CLOCK, Deadline
from aurora_admin.errors import BadReply, CallFailed, ConnectionFailed

if TYPE_CHECKING:
    from aurora_admin.client.discovery import Leader
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output

MAX_PAGE_BYTES = 16 << 20  # /vars of a large cluster has some hundred kilobytes
PAGE = "Current status: "  # how /leaderhealth begins, and no page of a proxy
AWAITING = "scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1"
LEADS, ANOTHER_LEADS, NOBODY_LEADS = 200, 503, 502


def verified_leader(cluster: Cluster, log: Output, timeout_seconds: float | None = None) -> Leader:
    """Find the leader and let it say that it leads.

    Raises:
        ConfigError, ConnectionFailed: it was not found, as `discovery.leader` tells, or it does not answer.
        CallFailed: it says that it does not lead, with what it does instead.
    """
    deadline = Deadline(REAL_CLOCK, FIND_SECONDS if timeout_seconds is None else timeout_seconds)
    found = leader(cluster, log, deadline.left())
    pages = _Pages(cluster, found, deadline)
    try:
        _check(found.url.rpartition("@")[2], pages)
    except Failure as failure:
        raise ConnectionFailed(
            f"The scheduler of {cluster.name} at {failure.url} does not answer: {failure.reason}. "
            f"Check that it runs, and the entry of {cluster.name} in {cluster.path}"
        ) from failure
    finally:
        pages.close()
    return found


class _Pages:
    """The pages of one scheduler."""

    def __init__(self, cluster: Cluster, found: Leader, deadline: Deadline) -> None:
        self._transport = Transport(REAL_CLOCK)
        self._credentials = Credentials(cluster)
        self._base = found.api
        self._deadline = deadline

    def get(self, name: str) -> tuple[Response, str]:
        """Return the head of a page, and its text; raises as Transport.get."""
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
            f"{response.url} answers 404, so that it is not known whether this scheduler leads: releases "
            "before 0.13 do not tell. Or it is none; check scheduler_uri"
        )
    if not text.startswith(PAGE):
        raise BadReply(
            f"{response.url} answers {quoted(f'{response.status} {response.reason}')}, but not as a "
            "scheduler does; check the address, and what is between here and there"
        )
    if response.status == ANOTHER_LEADS:
        raise CallFailed(f"The scheduler at {name} does not lead, another one does: it sends callers there by itself")
    if response.status == NOBODY_LEADS and AWAITING in pages.get("vars")[1].split("\n"):
        raise CallFailed(
            f"The scheduler at {name} is elected, but not registered with Mesos yet: it serves only "
            "callers who give --bypass-leader-redirect, recovery commands among them"
        )
    if response.status != LEADS:
        said = quoted(text[len(PAGE) :].partition("\n")[0])
        raise CallFailed(f"The scheduler at {name} does not know who leads ({said}); try again in a few minutes")
