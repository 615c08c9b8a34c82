"""Host names that the name service does not know: to look them up again would not help."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None))


def is_unknown(error: Exception) -> bool:
    """Return whether an error says that there is no such host; a name server that does not reply is another thing."""
    return isinstance(error, socket.gaierror) and error.errno in UNKNOWN


def all_are_unknown(servers: Iterable[str]) -> bool:
    """Return whether the name service knows none of these servers, given as host:port."""
    return all(map(_has_unknown_name, servers))


def _has_unknown_name(server: str) -> bool:
    host, _, port = server.rpartition(":")
    try:
        socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        return is_unknown(error)
    return False
