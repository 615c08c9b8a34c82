"""The role of a scheduler, by its own report: leader, standby or elected (docs/api.md 5.1, 5.2 and 5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

from aurora_admin.client.failures import Failure, one_line
from aurora_admin.client.http.proxy import place, proxy_advice
from aurora_admin.client.http.status import REDIRECTS, check_access
from aurora_admin.client.http.url import shown
from aurora_admin.errors import AdminError, BadReply

if TYPE_CHECKING:
    from aurora_admin.client.http.auth import Credentials
    from aurora_admin.client.http.transport import HttpResponse, Transport
    from aurora_admin.client.retry import Deadline
    from aurora_admin.output import Output

MAX_PAGE_BYTES = 16 << 20  # /vars of a large cluster has some hundred kilobytes
HEALTH_PREFIX = "Current status: "  # how /leaderhealth begins, unlike any page of a proxy
AWAITING_REGISTRATION = "scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1"
LEADS, ANOTHER_LEADS, NO_LEADER = 200, 503, 502
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class RoleName(Enum):
    """What a scheduler is."""

    LEADER = "leader"
    STANDBY = "standby"
    ELECTED = "elected, but not registered with Mesos yet"
    UNKNOWN = "the scheduler knows no leader"


class Role(NamedTuple):
    """What a scheduler is, its own words for it, and the address of the leader, if it is a standby that knows it."""

    name: RoleName
    status: str
    leader: str = ""


class Pages:
    """Reads pages of one scheduler."""

    def __init__(
        self, transport: Transport, credentials: Credentials, api: str, deadline: Deadline, log: Output
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self.api = api
        self._deadline = deadline
        self._log = log

    def get(self, name: str, headers: Mapping[str, str] = NO_HEADERS) -> tuple[HttpResponse, str]:
        """Return the response and the text of a page; raise as Transport.get."""
        url = urljoin(self.api, name)
        all_headers = {"User-Agent": "Aurora Admin", **headers, **self._credentials.headers(url)}
        left = self._deadline.left()
        try:
            response = self._transport.get(url, all_headers, self._deadline)
        except (Failure, AdminError) as error:
            self._log.debug(f"GET {place(url)}: {one_line(str(error))} after {left - self._deadline.left():.3f} s")
            raise
        status = one_line(f"{response.status} {response.reason}")
        self._log.debug(f"GET {place(url)}: {status} after {left - self._deadline.left():.3f} s")
        text = b""
        while len(text) < MAX_PAGE_BYTES and (part := response.read(MAX_PAGE_BYTES)):
            text += part
        return response, text.decode("utf-8", "replace")


def read_role(pages: Pages) -> Role:
    """Return the role that a scheduler reports.

    Raises:
        AuthFailed, BadReply: the page is not that of a scheduler.
        Failure: there is no usable response.
    """
    response, text = pages.get("leaderhealth")
    check_access(response)
    if response.status == 404:
        raise BadReply(
            f"{response.place} answers 404, so it is unknown whether this scheduler leads: releases before 0.13 do not "
            "have this page. Or it is not a scheduler; check scheduler_uri"
        )
    if not text.startswith(HEALTH_PREFIX):
        raise BadReply(
            f"{response.place} answers {one_line(f'{response.status} {response.reason}')}, but not as a "
            f"scheduler does; {proxy_advice(response.url) or 'check the address, and proxies between here and there'}"
        )
    status = one_line(text[len(HEALTH_PREFIX) :].partition("\n")[0])
    if response.status == ANOTHER_LEADS:
        return Role(RoleName.STANDBY, status, _leader_of(pages))
    if response.status == NO_LEADER and AWAITING_REGISTRATION in pages.get("vars")[1].split("\n"):
        return Role(RoleName.ELECTED, status)
    return Role(RoleName.LEADER if response.status == LEADS else RoleName.UNKNOWN, status)


def _leader_of(pages: Pages) -> str:
    """Return the address to which a standby redirects calls; a GET without a body is no call."""
    response, _ = pages.get("api")
    leader = one_line(shown(response.location).partition("/api")[0])
    return leader if response.status in REDIRECTS else ""
