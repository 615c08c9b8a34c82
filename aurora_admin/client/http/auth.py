"""The Authorization header of a request (docs/connection.md 4.1, 4.2)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from aurora_admin.client.failures import one_line
from aurora_admin.client.http.proxy import basic_auth, basic_auth_of
from aurora_admin.client.http.url import with_scheme
from aurora_admin.errors import ConfigError

if TYPE_CHECKING:
    from netrc import NetrcParseError, netrc

    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output

NETRC_FILES = ("~/.netrc", "~/_netrc")


class Credentials:
    """Users and passwords by host. No host is sent those of another.

    Raises:
        ConfigError: the cluster wants an authentication that is not available.
    """

    def __init__(self, cluster: Cluster, log: Output) -> None:
        connection = cluster.connection()
        if connection.auth_mechanism == "KERBEROS":
            raise ConfigError(
                f"Cluster {cluster.name} in {cluster.path} has auth_mechanism KERBEROS, which is not "
                "available in this version; use a scheduler that takes a password"
            )
        self._own = _split(connection.scheduler_uri or "")
        self._netrc = _read_netrc(log)

    def headers(self, url: str) -> dict[str, str]:
        """Return the Authorization header for a URL: from ~/.netrc, scheduler_uri, or netrc's default entry."""
        target = urlsplit(url)
        authorization = (
            self._from_netrc(target.hostname) or self._from_scheduler_uri(target) or self._from_netrc("default")
        )
        return {"Authorization": authorization} if authorization else {}

    def _from_scheduler_uri(self, target: SplitResult) -> str | None:
        own = self._own
        if not own or (target.scheme, target.hostname, target.port) != (own.scheme, own.hostname, own.port):
            return None
        return basic_auth_of(own)

    def _from_netrc(self, host: str | None) -> str | None:
        entry = self._netrc.hosts.get(host) if self._netrc and host else None
        return basic_auth(entry[0] or entry[1] or "", entry[2] or "") if entry else None


def _split(uri: str) -> SplitResult | None:
    """Return the parts of a scheduler_uri; None if it is malformed, which matters only where it is called."""
    try:
        parts = urlsplit(with_scheme(uri))
        _ = parts.port  # reading it checks it
    except ValueError:
        return None
    return parts


def _line_of(error: NetrcParseError, path: str) -> int:
    """Return the line of an error; the parser counts one more where the word is the last of its line."""
    word, number = error.msg.partition("'")[2].rstrip("'"), error.lineno or 1
    with open(path, "rb") as file:
        lines = ["", *file.read().decode("utf-8", "replace").split("\n"), ""]
    return number - 1 if word not in lines[min(number, len(lines) - 1)] and word in lines[number - 1] else number


def _read_netrc(log: Output) -> netrc | None:
    path = os.environ.get("NETRC") or next(filter(os.path.exists, map(os.path.expanduser, NETRC_FILES)), None)
    if not path:
        return None
    from netrc import NetrcParseError, netrc

    try:
        found = netrc(path)
        if not any("\n" in (word or "") for entry in found.hosts.values() for word in entry):
            return found
        reason = ": the end of a quoted word is missing"
    except NetrcParseError as error:  # no credentials then, as in the original
        reason = f", line {_line_of(error, path)}: {error.msg.rstrip('.')}"
    except OSError as error:
        reason = f": {error.strerror}"
    except UnicodeDecodeError:
        reason = ": it is not UTF-8"
    log.warn(one_line(f"No user and password are taken from {path}{reason}. Correct it, or the variable NETRC"))
    return None
