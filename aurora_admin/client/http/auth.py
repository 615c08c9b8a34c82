"""The Authorization header of a request (docs/connection.md 4.1, 4.2)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from aurora_admin.client.http.proxy import basic_auth, basic_auth_of
from aurora_admin.client.http.url import with_scheme
from aurora_admin.errors import ConfigError

if TYPE_CHECKING:
    from netrc import netrc

    from aurora_admin.clusters import Cluster

NETRC_FILES = ("~/.netrc", "~/_netrc")


class Credentials:
    """Users and passwords by host. No host is sent those of another.

    Raises:
        ConfigError: the cluster wants an authentication that is not available.
    """

    def __init__(self, cluster: Cluster) -> None:
        connection = cluster.connection()
        if connection.auth_mechanism == "KERBEROS":
            raise ConfigError(
                f"Cluster {cluster.name} in {cluster.path} has auth_mechanism KERBEROS, which is not "
                "available in this version; use a scheduler that takes a password"
            )
        self._uri = with_scheme(connection.scheduler_uri or "")
        self._netrc = _read_netrc()

    def headers(self, url: str) -> dict[str, str]:
        """Return the Authorization header for a URL: from ~/.netrc, scheduler_uri, or netrc's default entry."""
        target = urlsplit(url)
        authorization = (
            self._from_netrc(target.hostname) or self._from_scheduler_uri(target) or self._from_netrc("default")
        )
        return {"Authorization": authorization} if authorization else {}

    def _from_scheduler_uri(self, target: SplitResult) -> str | None:
        own = urlsplit(self._uri)
        is_own = (target.scheme, target.hostname, target.port) == (own.scheme, own.hostname, own.port)
        return basic_auth_of(own) if is_own else None

    def _from_netrc(self, host: str | None) -> str | None:
        entry = self._netrc.hosts.get(host) if self._netrc and host else None
        return basic_auth(entry[0] or entry[1] or "", entry[2] or "") if entry else None


def _read_netrc() -> netrc | None:
    path = os.environ.get("NETRC") or next(filter(os.path.exists, map(os.path.expanduser, NETRC_FILES)), None)
    if not path:
        return None
    from netrc import NetrcParseError, netrc

    try:
        return netrc(path)
    except (OSError, NetrcParseError, UnicodeDecodeError):  # no credentials then, as in the original
        return None
