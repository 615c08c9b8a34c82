"""What a leading scheduler tells about itself in ZooKeeper (docs/connection.md 2.1 to 2.3)."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from aurora_admin.client.discovery import server_url

MEMBER = re.compile(r"member_-?[0-9]+")  # the sequence number can wrap
# Those that stand for election: of Aurora's own, and of Curator's two ways.
CANDIDATE = r"singleton_candidate_.*|_c_[0-9a-f-]+-(lock|latch)-.*"
STATUSES = dict(enumerate(("DEAD", "STARTING", "ALIVE", "STOPPING", "STOPPED", "WARNING")))  # in Thrift
GONE = ("DEAD", "STOPPING", "STOPPED")


class Member(NamedTuple):
    """A scheduler that is advertised as the leader."""

    url: str
    status: str
    oddity: str = ""


def read(raw: bytes | None) -> Member:
    """Return what a member node says; None is one that may not be read.

    Raises:
        ValueError: it cannot be used, with the reason.
    """
    if raw is None:
        raise ValueError("its ACL does not let us read it")
    if not raw:
        raise ValueError("it is empty")
    document = _json(raw) if raw.lstrip()[:1] == b"{" else _thrift(raw)
    status = str(document.get("status", ""))
    if status in GONE:
        raise ValueError(f"its status is {status}")
    named = document.get("additionalEndpoints")
    named = named if isinstance(named, dict) else {}
    for scheme in ("https", "http"):
        if scheme in named:
            return Member(_url(scheme, named[scheme]), status)
    if "serviceEndpoint" not in document:
        raise ValueError("it has no endpoint")
    return Member(
        _url("http", document["serviceEndpoint"]),
        status,
        f"it has no endpoint http or https but {', '.join(map(repr, named)) or 'none at all'}",
    )


def usable(members: dict[str, Member]) -> dict[str, Member]:
    """Return those of the members that may lead: those that are alive, if any is."""
    return {name: one for name, one in members.items() if one.status == "ALIVE"} or members


def candidates(names: list[str]) -> int:
    """Return how many of the nodes stand for election; what is in them is nobody's business."""
    return sum(1 for name in names if re.fullmatch(CANDIDATE, name))


def _json(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not whole JSON") from error
    assert isinstance(document, dict)  # it begins as one
    return document


def _thrift(raw: bytes) -> dict[str, Any]:
    """Read the payload that releases before 0.10 could be told to write."""
    from aurora_admin.wire.errors import WireError
    from aurora_admin.wire.transcode import struct_to_json

    try:
        fields = json.loads(struct_to_json(raw))
        named = fields["2"]["map"][3] if "2" in fields else {}
        return {
            "serviceEndpoint": _endpoint(fields["1"]["rec"]),
            "additionalEndpoints": {name: _endpoint(value) for name, value in named.items()},
            "status": STATUSES[fields["3"]["i32"]],
        }
    except (WireError, LookupError, TypeError, AttributeError) as error:
        raise ValueError("it is neither JSON nor Thrift of a scheduler") from error


def _endpoint(fields: dict[str, Any]) -> dict[str, Any]:
    return {"host": fields["1"]["str"], "port": fields["2"]["i32"]}


def _url(scheme: str, endpoint: object) -> str:
    host, port = (endpoint.get("host"), endpoint.get("port")) if isinstance(endpoint, dict) else (None, None)
    if not isinstance(host, str) or not re.fullmatch(r"[^\s/?#@\[\]\\]+", host) or not host.isprintable():
        raise ValueError(f"its endpoint has no usable host: {host!r}")
    if type(port) is not int or not 0 < port < 1 << 16:
        raise ValueError(f"its endpoint has no usable port: {port!r}")
    return server_url(f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}")
