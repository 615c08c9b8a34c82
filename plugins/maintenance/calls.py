"""The calls of host maintenance, each with the lines that the original logs for it (docs/cli.md 4.12 and 6.1)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aurora_admin.client import maintenance, maintenance_pages
from aurora_admin.client.maintenance import NONE, modes_of
from aurora_admin.client.sla_tasks import sla_tasks
from aurora_admin.errors import AdminError
from aurora_admin.hosts import shown
from aurora_admin.plugins.maintenance import ALL_HOSTS
from aurora_admin.sla import Domain, ProbeRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from aurora_admin.client.maintenance_pages import MaintenanceReason
    from aurora_admin.client.reply import Reply
    from aurora_admin.command import Context
    from aurora_admin.sla import Sla

# Finds the leader whose pages are read next. It reads little, and every release has it.
ANY_CALL, ANY_ARGUMENTS = "getQuota", {"ownerRole": "aurora"}
MIN_INSTANCE_COUNT = 20  # jobs with fewer live tasks do not stop a drain


class HostCalls:
    """Makes calls to the scheduler of one cluster. Every method raises as `Context.check` and `Scheduler.call`."""

    def __init__(self, context: Context, cluster: str, reason: str = "") -> None:
        self._out = context.out
        self._check = context.check
        self._cluster = cluster
        self._reason = reason
        self._scheduler = context.scheduler(cluster)

    def start(self, hosts: Collection[str]) -> dict[str, str]:
        """Mark hosts for maintenance; return the mode of each that the scheduler knows.

        Raises:
            BadReply: the reply does not say which it knows.
        """
        self._out.info(f"Starting maintenance for: {shown(hosts)}")
        modes = self._modes(maintenance.start_maintenance(self._scheduler, hosts, self._reason))
        if len(modes) != len(hosts):
            self._out.warn(f"Skipping maintenance for unknown hosts: {shown(set(hosts) - modes.keys())}")
        return modes

    def drain(self, hosts: Collection[str]) -> None:
        """Have the tasks on hosts ended now."""
        self._out.info(f"Draining tasks on: {shown(hosts)}")
        self._check(maintenance.drain_hosts(self._scheduler, hosts, self._reason))

    def sla_drain(self, hosts: Collection[str], sla: Sla, timeout_seconds: int) -> set[str]:
        """Have hosts drained as far as the SLA allows; return those that the scheduler does not know."""
        self._out.info(f"Asking scheduler to drain tasks by SLA on: {shown(hosts)}")
        reply = maintenance.sla_drain_hosts(self._scheduler, hosts, sla, timeout_seconds, self._reason)
        self._check(reply)
        modes = maintenance.modes_if_any(reply)
        return set() if modes is None else set(hosts) - modes.keys()

    def end(self, hosts: Collection[str]) -> None:
        """Bring hosts back into service, and warn of those that are not."""
        self._out.info(f"Ending maintenance for: {shown(hosts)}")
        self._check(maintenance.end_maintenance(self._scheduler, hosts))
        try:
            modes = self.quiet_status(hosts)
        except AdminError as error:
            if error.message:
                error.message = f"The maintenance was ended, but which modes the hosts have is unknown. {error.message}"
            raise
        self.warn_of_unknown(hosts, modes)
        for host, mode in modes.items():
            if mode != NONE:
                self._out.warn(f"{host} is DRAINING or in DRAINED")

    def status(self, hosts: Collection[str]) -> dict[str, str]:
        """Return the mode of each host that the scheduler knows; raise as `start`."""
        self._out.info(f"Maintenance status for: {shown(hosts)}")
        return self._modes(maintenance.maintenance_status(self._scheduler, hosts))

    def quiet_status(self, hosts: Collection[str]) -> dict[str, str]:
        """As `status`, without the line about a reply that is OK."""
        self._out.info(f"Maintenance status for: {shown(hosts)}")
        reply = maintenance.maintenance_status(self._scheduler, hosts)
        self._check_quietly(reply)
        return modes_of(reply)

    def probe(self, hosts: Collection[str], sla: Sla, grouping: str) -> list[ProbeRow]:
        """Return what becomes of the jobs on hosts if these go down (docs/cli.md 5.3); raise as `sla_tasks`."""
        tasks = sla_tasks(self._scheduler, self._check, self._cluster, hosts)
        return Domain(tasks, time.time(), MIN_INSTANCE_COUNT).probe(sla.percentage, sla.duration, hosts, grouping)

    def hosts_in_maintenance(self) -> set[str]:
        """Return the hosts that are not NONE, by the pages of the leader; raise as maintenance_pages' function."""
        self._check_quietly(self._scheduler.call(ANY_CALL, **ANY_ARGUMENTS))
        return maintenance_pages.hosts_in_maintenance(self._scheduler)

    def reasons(self) -> dict[str, MaintenanceReason]:
        """Return the reasons for maintenance by host, as far as the scheduler that replied last keeps some."""
        return maintenance_pages.reasons(self._scheduler)

    def tasks_left(self, hosts: Collection[str]) -> int | None:
        """Return how many tasks are left on hosts that are DRAINING; None if the scheduler does not say."""
        return maintenance_pages.tasks_left(self._scheduler, hosts)

    def warn_of_unknown(self, hosts: Collection[str], modes: Collection[str]) -> None:
        """Warn of hosts that have no mode, on a terminal and with -v alone: the original says nothing of them."""
        if (unknown := set(hosts).difference(modes)) and self._out.has_details():
            self._out.warn(f"Hosts that the scheduler does not know: {shown(unknown)}")

    def warn_if_all(self, hosts: Collection[str], advice: str) -> None:
        """Warn if no host that gets tasks is left beside these, which the scheduler knows; `advice` says what to do."""
        if hosts and not self.has_other_hosts(hosts):
            self._out.warn(f"{ALL_HOSTS}. {advice}")

    def has_other_hosts(self, hosts: Collection[str]) -> bool:
        """Return whether hosts that get tasks are left beside these, or whether that is unknown."""
        able = maintenance_pages.hosts_for_tasks(self._scheduler)
        return able is None or bool(able.difference(hosts))

    def _check_quietly(self, reply: Reply) -> None:
        if not reply.ok:
            self._check(reply)

    def _modes(self, reply: Reply) -> dict[str, str]:
        self._check(reply)
        return modes_of(reply)
