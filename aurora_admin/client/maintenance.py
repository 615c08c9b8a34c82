"""The calls and pages of host maintenance (docs/api.md 1.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from aurora_admin.calls import MAX_REASON_CHARACTERS, REASON_HEADER
from aurora_admin.client.reply import NO_RESULT
from aurora_admin.errors import AdminError, BadReply
from aurora_admin.gen.api.ttypes import Hosts, MaintenanceMode, PercentageSlaPolicy, SlaPolicy

if TYPE_CHECKING:
    from collections.abc import Collection

    from aurora_admin.client.reply import Reply
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.sla import Sla

MODE_NAMES = MaintenanceMode._VALUES_TO_NAMES  # noqa: SLF001 - the compiler's name for it
NONE, SCHEDULED, DRAINING, DRAINED = map(MODE_NAMES.__getitem__, sorted(MODE_NAMES))
RESULTS = ("startMaintenanceResult", "drainHostsResult", "maintenanceStatusResult", "endMaintenanceResult")
MAX_REASON_BYTES = 4096  # encoded; a real scheduler refuses a request whose headers have more than 8192 in all


def start_maintenance(scheduler: Scheduler, hosts: Collection[str], reason: str = "") -> Reply:
    """Make the hosts that the scheduler knows SCHEDULED, whatever their mode was; raise as `Scheduler.call`."""
    return _call_with_reason(scheduler, "startMaintenance", hosts, reason)


def drain_hosts(scheduler: Scheduler, hosts: Collection[str], reason: str = "") -> Reply:
    """Have the scheduler end the tasks on the hosts now: they become DRAINING; raise as `Scheduler.call`."""
    return _call_with_reason(scheduler, "drainHosts", hosts, reason)


def sla_drain_hosts(
    scheduler: Scheduler, hosts: Collection[str], sla: Sla, timeout_seconds: int, reason: str = ""
) -> Reply:
    """Have the scheduler end the tasks on the hosts as far as their SLA allows, and after the time-out all of them.

    `sla` is that of tasks that have none of their own. Raises as `Scheduler.call`.
    """
    policy = SlaPolicy(percentageSlaPolicy=PercentageSlaPolicy(percentage=sla.percentage, durationSecs=sla.duration))
    more = {"defaultSlaPolicy": policy, "timeoutSecs": timeout_seconds}
    return _call_with_reason(scheduler, "slaDrainHosts", hosts, reason, **more)


def end_maintenance(scheduler: Scheduler, hosts: Collection[str]) -> Reply:
    """Bring the hosts back into service: NONE; raise as `Scheduler.call`."""
    return scheduler.call("endMaintenance", hosts=Hosts(set(hosts)))


def maintenance_status(scheduler: Scheduler, hosts: Collection[str]) -> Reply:
    """Ask for the modes of hosts; raise as `Scheduler.call`."""
    return scheduler.call("maintenanceStatus", hosts=Hosts(set(hosts)))


def modes_of(reply: Reply) -> dict[str, str]:
    """Return the modes in a reply by host. Hosts that the scheduler does not know are not there.

    Raises:
        BadReply: the reply has no result.
    """
    modes = modes_if_any(reply)
    if modes is None:
        raise BadReply(NO_RESULT)
    return modes


def modes_if_any(reply: Reply) -> dict[str, str] | None:
    """Return the modes in a reply by host, sorted; None if it has no result."""
    results = (getattr(reply.result, name, None) for name in RESULTS)
    found = next(filter(None, results), None)
    if found is None or found.statuses is None:
        return None
    modes = {status.host: MODE_NAMES.get(status.mode) or str(status.mode) for status in found.statuses if status.host}
    return dict(sorted(modes.items()))


def reason_headers(reason: str) -> dict[str, str]:
    """Return the header that says why a call is made; none without a reason (docs/api.md 5.8).

    >>> reason_headers("new disk, TICKET-1"), reason_headers(" ")
    ({'X-Aurora-Admin-Reason': 'new%20disk%2C%20TICKET-1'}, {})

    Raises:
        AdminError: the reason is not UTF-8, or too long for a header.
    """
    if not reason.strip():
        return {}
    text = reason.strip()
    try:
        encoded = quote(text, safe="")
    except UnicodeEncodeError as error:
        raise AdminError(f"The reason {reason!r} cannot be sent: it is not UTF-8. Nothing was sent") from error
    if len(text) > MAX_REASON_CHARACTERS or len(encoded) > MAX_REASON_BYTES:
        raise AdminError(
            f"The reason is too long: it has {len(text)} characters, and {len(encoded)} bytes as a header; at most "
            f"{MAX_REASON_CHARACTERS} and {MAX_REASON_BYTES} are possible. Nothing was sent; give a shorter one"
        )
    return {REASON_HEADER: encoded}


def _call_with_reason(
    scheduler: Scheduler, method: str, hosts: Collection[str], reason: str, **arguments: object
) -> Reply:
    with scheduler.extra_headers(reason_headers(reason)):
        return scheduler.call(method, hosts=Hosts(set(hosts)), **arguments)
