"""Who leads, as ZooKeeper tells, and where calls that are for the leader are sent (docs/api.md 5.2)."""

import json
import logging
import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import quote

logger = logging.getLogger(__name__)

# A prefix is enough: /apiclient is sent on as well.
FOR_THE_LEADER = re.compile(
    "/(agents|api|cron|maintenance|mname|offers|pendingtasks|quotas|slaves|state|tiers|utilization|"
    "assets/scheduler|scheduler(/|$)|updates(/|$))"
)
BYPASS = "HTTP_BYPASS_LEADER_REDIRECT"
NO_LEADER_PAGE = b"""<!DOCTYPE html>
<html>
<head><title>No Leader Found</title></head>
<body>
<h1>No Leader Found</h1>
<p>None of the schedulers of this cluster is advertised as its leader in ZooKeeper, or more than one is. A failover does
this for a short time: wait and load the page again.</p>
<p>If it lasts, look at /vars of every scheduler. One with <tt>scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1</tt>
was elected and waits for a Mesos master; it serves requests that have the header <tt>Bypass-Leader-Redirect</tt>.</p>
</body>
</html>
"""


class Endpoint(NamedTuple):
    """The HTTP address of a scheduler."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as it stands in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Leadership(NamedTuple):
    """What /leaderhealth answers, and the leader if it is another."""

    status: str
    text: str
    leader: Endpoint | None = None


LEADING = Leadership("200 OK", "This is the leading scheduler.")
ANOTHER_LEADS = Leadership("503 Service Unavailable", "Another instance is the leading scheduler.")
NO_LEADER = Leadership("502 Bad Gateway", "There is no leading scheduler or the leader is unknown.")
HEALTH_PAGE = f"""Current status: {{}}

This endpoint can indicate to a load balancer which among a group of schedulers is leading.

The response codes are:
200: {LEADING.text}
503: {ANOTHER_LEADS.text}
502: {NO_LEADER.text}"""


def payload(own: Endpoint, name: str) -> bytes:
    """Return what a leader writes of itself, byte for byte as a real one (docs/api.md 7.1)."""
    address = {"host": own.host, "port": own.port}
    member = {"serviceEndpoint": address, "additionalEndpoints": {name: address}, "status": "ALIVE"}
    return json.dumps(member, separators=(",", ":"), ensure_ascii=False).encode()


def decode(name: str, data: bytes) -> Endpoint | None:
    """Read a member's address; None where there is none, which is told."""
    try:
        address = json.loads(data)["serviceEndpoint"]
        host, port = address["host"], address.get("port", 0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        host = port = None
    if isinstance(host, str) and isinstance(port, int):
        return Endpoint(host, port)
    logger.warning("The member node %s is ignored: it holds no service endpoint", name)
    return None


def leadership(members: Collection[Endpoint], own: Endpoint) -> Leadership:
    """Judge by the members alone: whoever else thinks that it leads is not advertised (yet, or any more)."""
    if len(members) != 1:
        return NO_LEADER
    (leader,) = members
    return LEADING if leader == own else ANOTHER_LEADS._replace(leader=leader)


def location(leader: Endpoint, scheme: str, path: str, query: str) -> str:
    """Return the same address at the leader; `path` is as WSGI gives it."""
    target = f"{scheme}://{leader}{quote(path.encode('latin-1'))}"
    return f"{target}?{query}" if query else target
