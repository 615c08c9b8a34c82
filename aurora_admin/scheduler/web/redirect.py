"""Who leads by the member nodes, and where requests for the leader are redirected (docs/api.md 5.2)."""

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import quote

from aurora_admin.zookeeper.server_set import Endpoint

# A prefix is enough: /apiclient is redirected too.
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
<p>No scheduler of this cluster is advertised as its leader in ZooKeeper, or more than one is. This is normal for a
short time during a failover: wait, and load the page again.</p>
<p>If it lasts, look at /vars of every scheduler. A scheduler with
<tt>scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1</tt> is elected and waits for a Mesos master. It serves requests
that have the header <tt>Bypass-Leader-Redirect</tt>.</p>
</body>
</html>
"""


class Leadership(NamedTuple):
    """Status and text of /leaderhealth, and the leader if it is another scheduler."""

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


def leadership(members: Collection[Endpoint], own: Endpoint) -> Leadership:
    """Return who leads by the members alone: a scheduler that leads and is not advertised (yet) does not count."""
    if len(members) != 1:
        return NO_LEADER
    (leader,) = members
    return LEADING if leader == own else ANOTHER_LEADS._replace(leader=leader)


def location(leader: Endpoint, scheme: str, path: str, query: str) -> str:
    """Return the same URL at the leader; `path` is in WSGI's form, bytes as Latin-1."""
    target = f"{scheme}://{leader}{quote(path.encode('latin-1'))}"
    return f"{target}?{query}" if query else target
