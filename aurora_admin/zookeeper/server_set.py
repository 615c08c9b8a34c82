"""The server set: the nodes below -serverset_path and their contents (docs/connection.md 2.1 to 2.3, docs/api.md 7.1).

Every scheduler creates a candidate node, and the leader a member node with its address. The client and the standbys
read the same member nodes, and differ as the originals do:

- The client prefers the additional endpoints https and http to the service endpoint. It reads both payloads, JSON and
  Thrift, skips members that have stopped, and refuses a host or port that no URL can have.
- A scheduler reads the service endpoint of the JSON alone, whatever the status: it compares addresses, and redirects to
  one.
"""

import json
import re
import uuid
from typing import Any, NamedTuple

MEMBER_PREFIX = "member_"
MEMBER = re.compile(rf"{MEMBER_PREFIX}-?[0-9]+")  # the sequence number can wrap
CANDIDATE = re.compile(r"_c_[0-9a-f-]{36}-lock-(?P<sequence>-?[0-9]+)")  # since 0.10, by Curator's lock
# Also those of Curator's latch, and of releases before 0.10.
ANY_CANDIDATE = re.compile(r"singleton_candidate_.*|_c_[0-9a-f-]+-(lock|latch)-.*")
STOPPED = ("DEAD", "STOPPING", "STOPPED")
HOST = re.compile(r"[^\s/?#@\[\]\\]+")


class Endpoint(NamedTuple):
    """The HTTP address of a scheduler."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as a URL has it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Member(NamedTuple):
    """A scheduler that is advertised as the leader.

    `warning` says why another endpoint than https or http had to be taken; empty if not.
    """

    url: str
    status: str
    warning: str = ""


def candidate_prefix() -> str:
    """Return a new name for a candidate node, to which ZooKeeper appends the sequence number."""
    return f"_c_{uuid.uuid4()}-lock-"


def is_scheduler(name: str) -> bool:
    """Return whether a node is a member or a candidate, of any release."""
    return bool(MEMBER.fullmatch(name) or ANY_CANDIDATE.fullmatch(name))


def sequence(name: str) -> int:
    """Return the number that ZooKeeper appended to the name of a node; candidates lead in this order."""
    found = re.search(r"(?:(?<=[_-])-)?[0-9]+\Z", name)  # a first hyphen separates it, a second one is its sign
    return int(found[0]) if found else 0


def count_candidates(names: list[str]) -> int:
    """Return how many of the nodes are candidates, of any release."""
    return sum(1 for name in names if ANY_CANDIDATE.fullmatch(name))


def encode(endpoint: Endpoint, name: str) -> bytes:
    """Return the payload of a leader's member node, byte for byte as a real scheduler writes it (docs/api.md 7.1)."""
    address = {"host": endpoint.host, "port": endpoint.port}
    member = {"serviceEndpoint": address, "additionalEndpoints": {name: address}, "status": "ALIVE"}
    return json.dumps(member, separators=(",", ":"), ensure_ascii=False).encode()


def service_endpoint(raw: bytes) -> Endpoint:
    """Return the service endpoint of a payload in JSON, as a scheduler reads it; a missing port is 0.

    Raises:
        ValueError: it has none.
    """
    try:
        address = json.loads(raw)["serviceEndpoint"]
        host, port = address["host"], address.get("port", 0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("it has no service endpoint") from error
    if not isinstance(host, str) or type(port) is not int:
        raise ValueError("its service endpoint has no usable host and port")
    return Endpoint(host, port)


def member(raw: bytes | None) -> Member:
    """Return what a member node advertises, as a client reads it; None is a node that its ACL does not allow reading.

    Raises:
        ValueError: it cannot be used, with the reason.
    """
    if raw is None:
        raise ValueError("its ACL does not allow reading it")
    if not raw:
        raise ValueError("it is empty")
    payload = _json(raw) if raw.lstrip()[:1] == b"{" else _thrift(raw)
    status = str(payload.get("status", ""))
    if status in STOPPED:
        raise ValueError(f"its status is {status}")
    named = payload.get("additionalEndpoints")
    named = named if isinstance(named, dict) else {}
    for scheme in ("https", "http"):
        if scheme in named:
            return Member(f"{scheme}://{_endpoint(named[scheme])}", status)
    if "serviceEndpoint" not in payload:
        raise ValueError("it has no endpoint")
    found = ", ".join(map(repr, named)) or "none"
    return Member(
        f"http://{_endpoint(payload['serviceEndpoint'])}",
        status,
        f"it has no endpoint named http or https, only {found}",
    )


def prefer_alive(members: dict[str, Member]) -> dict[str, Member]:
    """Return the members that are ALIVE; all of them if none is."""
    return {name: one for name, one in members.items() if one.status == "ALIVE"} or members


def _json(raw: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is incomplete or invalid JSON") from error
    assert isinstance(payload, dict)  # it begins with a brace
    return payload


def _thrift(raw: bytes) -> dict[str, Any]:
    """Return the payload that releases before 0.10 could be configured to write, as the JSON has it."""
    from aurora_admin.gen.serverset.ttypes import ServiceInstance, Status
    from aurora_admin.wire import codec
    from aurora_admin.wire.errors import WireError

    try:
        instance: Any = codec.decode(ServiceInstance, raw)
        named = instance.additionalEndpoints or {}
        return {
            "serviceEndpoint": _address(instance.serviceEndpoint),
            "additionalEndpoints": {name: _address(endpoint) for name, endpoint in named.items()},
            "status": Status._VALUES_TO_NAMES[instance.status],  # noqa: SLF001 - the compiler's name for it
        }
    except (WireError, LookupError, AttributeError) as error:
        raise ValueError("it is neither JSON nor the Thrift of a scheduler") from error


def _address(endpoint: Any) -> dict[str, Any]:
    return {"host": endpoint.host, "port": endpoint.port}


def _endpoint(address: object) -> Endpoint:
    host, port = (address.get("host"), address.get("port")) if isinstance(address, dict) else (None, None)
    if not isinstance(host, str) or not HOST.fullmatch(host) or not host.isprintable():
        raise ValueError(f"its endpoint has no usable host: {host!r}")
    if type(port) is not int or not 0 < port < 1 << 16:
        raise ValueError(f"its endpoint has no usable port: {port!r}")
    return Endpoint(host, port)
