"""The sequence of release 0.5: drain hosts batch by batch, and bring each batch back into service (docs/cli.md 6.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.plugins.maintenance.drain import DrainSteps
from aurora_admin.plugins.maintenance.states import RETURNED

if TYPE_CHECKING:
    from collections.abc import Collection

SLEEP_SECONDS = 30


class DrainAndReturn(DrainSteps):
    """Drains hosts and brings them back."""

    def run(self) -> list[str]:
        """Go through all batches, and wait for each as long as it takes; return the hosts that fail the SLA check."""
        all_unsafe = []
        for batch in self.batches():
            safe = self.safe_part(batch)
            if unsafe := [host for host in batch if host not in safe]:
                all_unsafe += unsafe
                self._bring_back(unsafe)
            if safe:
                self.send(safe)
                self._wait(safe)
                for host in safe:
                    self.plan.after(host)
                self._bring_back(safe)
        return all_unsafe

    def _wait(self, hosts: Collection[str]) -> None:
        while hosts:
            self.out.info(f"Sleeping for {SLEEP_SECONDS} secs.")
            self.clock.sleep(SLEEP_SECONDS)
            left = self.note_status(hosts, self.calls.quiet_status(hosts))
            for host, mode in left.items():
                self.out.warn(f"{host} is currently in status {mode}")
            hosts = left

    def _bring_back(self, hosts: Collection[str]) -> None:
        self.calls.end(hosts)
        self.states.note(hosts, RETURNED)
