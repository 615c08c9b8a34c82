"""Ask a scheduler for its role, where that decides whether a call to it makes sense."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from thrift.Thrift import TMessageType

from aurora_admin.calls import RECOVERY_PAGE, STAGED_PREFIX
from aurora_admin.client.arguments import encode_arguments
from aurora_admin.client.failures import Failure, SchedulerNotReady, WillNotServe, one_line
from aurora_admin.client.http.transport import Transport
from aurora_admin.client.message import read_header
from aurora_admin.client.reply import Reply, read_reply
from aurora_admin.client.retry import REAL_CLOCK, Deadline
from aurora_admin.client.role import Pages, Role, RoleName, read_role
from aurora_admin.errors import AdminError
from aurora_admin.gen.api.constants import BYPASS_LEADER_REDIRECT_HEADER_NAME
from aurora_admin.gen.api.ttypes import ResponseCode
from aurora_admin.wire.message import Message, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aurora_admin.client.failures import NotLeading
    from aurora_admin.client.http.auth import Credentials
    from aurora_admin.client.retry import Clock
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output

SECONDS = 5.0  # of one inquiry; without a reply the call goes on as if there had been none
REGISTRATION_SECONDS = 1.0  # an elected scheduler registers with Mesos in less, if it can
STORAGE_CALL = "getQuota"  # reads the storage, cheaply, in every release


class Inquiry:
    """Asks schedulers, on connections of its own."""

    def __init__(
        self, credentials: Credentials, clock: Clock, log: Output, headers: dict[str, str], *, is_bypassing: bool
    ) -> None:
        self._log = log
        self._credentials = credentials
        self._clock = clock
        self._headers = headers
        self._is_bypassing = is_bypassing

    def explained(self, failure: NotLeading) -> Failure:
        """Return the failure, or WillNotServe if the scheduler has a role in which waiting for it does not help."""
        if isinstance(failure, SchedulerNotReady) != self._is_bypassing:
            return failure
        role = self._role_of(failure.url)
        if self._is_bypassing:
            return _standby_failure(failure, role) if role and role.name == RoleName.STANDBY else failure
        if not role or role.name != RoleName.ELECTED:
            return failure
        self._clock.sleep(REGISTRATION_SECONDS)
        role = self._role_of(failure.url)
        if not role or role.name != RoleName.ELECTED or self._is_reading_log(failure.url):
            return failure
        return WillNotServe(
            "is elected, but not registered with Mesos, and so refuses calls without --bypass-leader-redirect",
            failure.url,
            "give that option to have it carry out the call, as a restore needs it while Mesos is down; or start Mesos",
        )

    def standby_warning(self, api: str) -> str:
        """Return a warning if a scheduler that is to bypass its redirect does not lead; else an empty text."""
        role = self._role_of(api) if self._is_bypassing else None
        if not role or role.name in (RoleName.LEADER, RoleName.ELECTED):
            return ""
        return (
            f"The scheduler at {api} does not lead ({role.status}): it has a staged backup of its own, and cannot "
            f"commit it. {_leader_advice(role).capitalize()}, without --bypass-leader-redirect"
        )

    def staged_backup(self, api: str) -> str:
        """Return which backup is staged on a reference scheduler; an empty text if none is, or of another scheduler."""
        with suppress(Failure, AdminError):
            status, text = self.page(api, RECOVERY_PAGE)
            if status == HTTPStatus.OK and text.startswith(STAGED_PREFIX):
                return one_line(text.removeprefix(STAGED_PREFIX))
        return ""

    def page(self, api: str, name: str) -> tuple[int, str]:
        """Return status and text of a page.

        Raises:
            Failure, AdminError: there is no response.
        """
        headers = {BYPASS_LEADER_REDIRECT_HEADER_NAME: "true"} if self._is_bypassing else {}
        with self._pages(api) as pages:
            response, text = pages.get(name, headers)
            return response.status, text

    def _role_of(self, api: str) -> Role | None:
        """Return the role that a scheduler reports; None if it reports none."""
        with suppress(Failure, AdminError), self._pages(api) as pages:
            role = read_role(pages)
            self._log.debug(f"{api}: {role.status} ({role.name.value})")
            return role
        return None

    @contextmanager
    def _pages(self, api: str) -> Iterator[Pages]:
        transport = Transport(REAL_CLOCK)
        try:
            yield Pages(transport, self._credentials, api, Deadline(REAL_CLOCK, SECONDS), self._log)
        finally:
            transport.close()

    def warn_of_name(self, api: str, cluster: Cluster) -> None:
        """Warn if a scheduler belongs to another cluster than this entry says; a reply to any call has the name."""
        reply = self._storage_reply(api)
        if reply and (warning := name_warning(cluster, reply.cluster_name)):
            self._log.warn(warning)

    def _is_reading_log(self, api: str) -> bool:
        """Return whether the storage of an elected scheduler is not open yet: it has the same role meanwhile."""
        reply = self._storage_reply(api)
        return reply is not None and reply.code == ResponseCode.ERROR_TRANSIENT

    def _storage_reply(self, api: str) -> Reply | None:
        """Return the reply to a call that only reads, sent once; None if there is none."""
        call = Message(STORAGE_CALL, TMessageType.CALL, 0, encode_arguments(STORAGE_CALL, {"ownerRole": "aurora"}))
        headers = {**self._headers, BYPASS_LEADER_REDIRECT_HEADER_NAME: "true", **self._credentials.headers(api)}
        transport = Transport(REAL_CLOCK)
        try:
            response = transport.post(api, to_json(call), headers, Deadline(REAL_CLOCK, SECONDS))
            return read_reply(read_header(response, STORAGE_CALL), response)
        except (Failure, AdminError):
            return None
        finally:
            transport.close()


def name_warning(cluster: Cluster, name: str | None) -> str:
    """Return a warning if the -cluster_name of a scheduler is known and not that of the entry; else an empty text."""
    if not name or name == cluster.name:
        return ""
    return one_line(
        f"The scheduler of {cluster.name} is one of the cluster {name}, by its -cluster_name: check the entry of "
        f"{cluster.name} in {cluster.path}"
    )


def _standby_failure(failure: Failure, role: Role) -> WillNotServe:
    return WillNotServe(
        f"does not lead, so its storage stays closed ({failure.reason})",
        failure.url,
        f"{_leader_advice(role)}, without --bypass-leader-redirect",
    )


def _leader_advice(role: Role) -> str:
    return f"call the leader, {role.leader}" if role.leader else "call the leader"
