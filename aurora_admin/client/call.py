"""One attempt at a call: sent to the leader in the protocol that it speaks, and to where it redirects."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from thrift.Thrift import TMessageType

from aurora_admin.client.discovery import ConfiguredFinder
from aurora_admin.client.failures import (
    Failure,
    LeaderUnreachable,
    NotLeading,
    PermanentlyUnreachable,
    Unreachable,
    one_line,
)
from aurora_admin.client.http.auth import Credentials
from aurora_admin.client.http.proxy import place
from aurora_admin.client.http.status import REDIRECTS, check_status
from aurora_admin.client.http.transport import HttpResponse, Transport
from aurora_admin.client.http.url import request_url
from aurora_admin.client.inquiry import Inquiry
from aurora_admin.client.message import read_header
from aurora_admin.client.role import NO_HEADERS
from aurora_admin.errors import AdminError, CallFailed
from aurora_admin.gen.api.constants import BYPASS_LEADER_REDIRECT_HEADER_NAME
from aurora_admin.wire.message import BINARY, Message, to_binary, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aurora_admin.client.discovery.zookeeper import ZooKeeperFinder
    from aurora_admin.client.retry import Clock, Deadline
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output
    from aurora_admin.wire.reader import Reader

JSON = "application/x-thrift"  # the one of its names that every release takes
MAX_REDIRECTS = 5
PROTOCOLS = {True: "binary", False: "JSON"}


class RpcClient:
    """Sends calls to the leader of a cluster; its URL and protocol are kept until `reset`."""

    def __init__(
        self,
        cluster: Cluster,
        finder: ConfiguredFinder | ZooKeeperFinder,
        clock: Clock,
        log: Output,
        *,
        bypass_leader_redirect: bool,
    ) -> None:
        self._finder = finder
        self._clock = clock
        self._log = log
        self._transport = Transport(clock)
        self._credentials = Credentials(cluster, log)
        self._headers = {"Accept": BINARY, "User-Agent": "Aurora Admin"}
        if bypass_leader_redirect:
            self._headers[BYPASS_LEADER_REDIRECT_HEADER_NAME] = "true"
        headers = {**self._headers, "Content-Type": JSON}
        self.inquiry = Inquiry(self._credentials, clock, log, headers, is_bypassing=bypass_leader_redirect)
        self._more_headers: Mapping[str, str] = NO_HEADERS
        self._url: str | None = None
        self._is_binary = False
        self.redirected_by = ""  # the server that redirected the last call to where it went

    def call(self, method: str, arguments: bytes, deadline: Deadline) -> tuple[Reader, HttpResponse]:
        """Send a call and return a reader at the start of its result.

        Raises:
            AdminError: a retry would fail in the same way.
            Failure: any other failure, by its kind.
        """
        message = Message(method, TMessageType.CALL, 0, arguments)
        try:
            response = self._send_to_leader(message, deadline)
        except Unreachable as failure:
            if isinstance(failure, PermanentlyUnreachable) or isinstance(self._finder, ConfiguredFinder):
                raise
            raise LeaderUnreachable(failure.reason, failure.url) from failure
        check_status(response)
        self._url, self._is_binary = response.url, response.content_type == BINARY
        return read_header(response, method), response

    @property
    def sent_to(self) -> str | None:
        """The URL to which a call was sent whose reply has not been read; None if there is no such call."""
        return self._transport.sent_to

    def staged_backup(self) -> str:
        """Return what is staged on the scheduler that replied last, as far as that tells."""
        return self.inquiry.staged_backup(self._url) if self._url else ""

    def page(self, name: str) -> tuple[int, str]:
        """Return status and text of a page of the scheduler that replied last; raise as Inquiry.page.

        Raises:
            AdminError: none has replied since the last failure.
        """
        if self._url is None:
            raise AdminError("No scheduler has replied")
        return self.inquiry.page(self._url, name)

    @contextmanager
    def extra_headers(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Send these headers too with the calls in a block."""
        self._more_headers = headers
        try:
            yield
        finally:
            self._more_headers = NO_HEADERS

    def reply_was_read(self) -> None:
        """Note that the last call has its reply."""
        self._transport.sent_to = None

    def reset(self) -> None:
        """Close the connection and forget the leader: the next one may be another scheduler, of another release."""
        self._transport.close()
        self._url, self._is_binary = None, False

    def _send_to_leader(self, message: Message, deadline: Deadline) -> HttpResponse:
        url = self._url or self._finder.find(deadline).api
        self.redirected_by = ""
        for _ in range(MAX_REDIRECTS + 1):
            response = self._post(url, message, deadline)
            response.redirected_by = self.redirected_by
            if response.status not in REDIRECTS:
                return response
            url, self.redirected_by = _redirect_target(response), response.url
            self._is_binary = False
        raise NotLeading(f"redirected {MAX_REDIRECTS} times, at last to {url}", response.url)

    def _post(self, url: str, message: Message, deadline: Deadline) -> HttpResponse:
        body = to_binary(message) if self._is_binary else to_json(message)
        kind = {"Content-Type": BINARY if self._is_binary else JSON}
        headers = {**self._headers, **self._more_headers, **kind, **self._credentials.headers(url)}
        sent, begun = f"{message.name} to {place(url, self.redirected_by)} in {PROTOCOLS[self._is_binary]}", self._now()
        try:
            response = self._transport.post(url, body, headers, deadline)
        except (Failure, AdminError) as error:
            self._log.debug(f"{sent}: {one_line(str(error))} after {self._now() - begun:.3f} s")
            raise
        status = one_line(f"{response.status} {response.reason} {response.location}").rstrip()
        self._log.debug(f"{sent}: {status} after {self._now() - begun:.3f} s")
        return response

    def _now(self) -> float:
        return self._clock.monotonic()


def _redirect_target(response: HttpResponse) -> str:
    """Return the URL of a redirect. https stays https: a scheduler behind a TLS proxy knows of http alone."""
    try:
        target = request_url(urljoin(response.url, response.location))
    except ValueError as error:
        raise CallFailed(
            f"{response.place} redirects to {response.location!r}, which cannot be used: {error}. The request "
            "was not carried out; check the -hostname of the schedulers"
        ) from error
    is_downgraded = response.url.startswith("https:") and target.startswith("http:")
    return f"https{target.removeprefix('http')}" if is_downgraded else target
