"""Hosts of a restored state, their modes, and the calls that change these."""

from collections.abc import Iterable

from aurora_admin.gen.api.ttypes import (
    HostAttributes,
    Hosts,
    MaintenanceMode,
    PercentageSlaPolicy,
    ScheduleStatus,
    SlaPolicy,
)
from tests.support.statistics import variables
from tests.support.thrift_calls import OK, call, code_and_text

NAMES = MaintenanceMode._VALUES_TO_NAMES
RESULTS = {
    "startMaintenance": "startMaintenanceResult",
    "drainHosts": "drainHostsResult",
    "slaDrainHosts": "drainHostsResult",
    "maintenanceStatus": "maintenanceStatusResult",
    "endMaintenance": "endMaintenanceResult",
}
# Lets everything be drained.
NO_POLICY = SlaPolicy(percentageSlaPolicy=PercentageSlaPolicy(0.0, 0))


def host(name: str, mode: int | None = MaintenanceMode.NONE) -> HostAttributes:
    """Return a stored host."""
    return HostAttributes(name, (), mode, f"agent-of-{name}")


def hosts(count: int) -> set[HostAttributes]:
    """Return stored hosts, host-0 and so on, on which the tasks of tests.support.jobs run."""
    return {host(f"host-{number}") for number in range(count)}


def maintain(running, method: str, *names: str, headers: dict[str, str] | None = None, **arguments) -> dict[str, str]:
    """Carry out one of the calls, and return the modes in its reply by host."""
    response = call(running.url, method, headers, hosts=Hosts(set(names)), **arguments)
    assert code_and_text(response) == OK
    statuses = getattr(response.result, RESULTS[method]).statuses
    found = {status.host: NAMES[status.mode] for status in statuses}
    assert len(found) == len(statuses)
    return found


def modes(running, *names: str) -> dict[str, str]:
    return maintain(running, "maintenanceStatus", *names)


def requests(running) -> float:
    """Return how many maintenance requests are stored."""
    return variables(running)["mem_storage_maintenance_size"]


def force(running, task_ids: Iterable[str], status: int = ScheduleStatus.KILLED) -> None:
    """Move tasks to a status."""
    for task_id in task_ids:
        assert code_and_text(call(running.url, "forceTaskState", taskId=task_id, status=status)) == OK
