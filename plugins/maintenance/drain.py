"""The sequence of host_drain: mark all hosts, then check, drain and wait batch by batch (docs/cli.md 6.1).

Calls, output, clock and sleep are passed in.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aurora_admin.client.maintenance import DRAINED, DRAINING, SCHEDULED
from aurora_admin.errors import AdminError, BadReply, Interrupted, OutcomeUnknown
from aurora_admin.hosts import grouped, shown
from aurora_admin.output import escaped
from aurora_admin.plugins.maintenance import ALL_HOSTS
from aurora_admin.plugins.maintenance.states import PERHAPS_DRAINING, PERHAPS_SCHEDULED, UNKNOWN, UNSAFE, HostStates
from aurora_admin.sla import Sla
from aurora_admin.units import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from aurora_admin.client.retry import Clock
    from aurora_admin.output import Output
    from aurora_admin.plugins.maintenance.results import Results
    from aurora_admin.sla import ProbeRow

POLL_SECONDS = 5
LIMIT_SECONDS = 300
MAX_SENDS = 3  # of drainHosts, if replies are lost


class DrainCalls(Protocol):
    """The calls that a drain makes; calls.HostCalls documents them."""

    def start(self, hosts: Collection[str]) -> dict[str, str]: ...
    def drain(self, hosts: Collection[str]) -> None: ...
    def end(self, hosts: Collection[str]) -> None: ...
    def status(self, hosts: Collection[str]) -> dict[str, str]: ...
    def quiet_status(self, hosts: Collection[str]) -> dict[str, str]: ...
    def probe(self, hosts: Collection[str], sla: Sla, grouping: str) -> list[ProbeRow]: ...
    def tasks_left(self, hosts: Collection[str]) -> int | None: ...
    def has_other_hosts(self, hosts: Collection[str]) -> bool: ...


class DrainPlan(NamedTuple):
    """What to drain, and how.

    Attributes:
        hosts: each once.
        sla: what jobs of 20 tasks and more need.
        after: called for each host that is drained.
    """

    hosts: Sequence[str]
    grouping: str
    sla: Sla
    after: Callable[[str], None]


class DrainSteps:
    """The steps of a drain. `states` has what is known of each host at any time.

    Every step raises as the calls, and the errors of `plan.after`.
    """

    def __init__(self, calls: DrainCalls, out: Output, results: Results, clock: Clock, plan: DrainPlan) -> None:
        self.states = HostStates()
        self.calls = calls
        self.out = out
        self.results = results
        self.clock = clock
        self.plan = plan

    def batches(self) -> list[list[str]]:
        """Mark all hosts for maintenance; return those that the scheduler knows, by group."""
        hosts = self.plan.hosts
        try:
            modes = self.calls.start(hosts)
        except (OutcomeUnknown, BadReply):
            self.states.note(hosts, PERHAPS_SCHEDULED)
            raise
        known = [host for host in hosts if host in modes]
        self.states.note(hosts, UNKNOWN)
        self.states.note_modes({host: modes[host] for host in known})
        if known and not self.calls.has_other_hosts(known):
            self.out.warn(f"{ALL_HOSTS}. Ctrl-C ends the drain")
        return [batch for _, batch in grouped(known, self.plan.grouping)]

    def safe_part(self, batch: list[str]) -> list[str]:
        """Return the hosts of a batch that pass the SLA check; print the jobs that the others would break.

        Raises:
            AdminError: the check could not be made. The original drains then (docs/cli.md 8, Q31).
        """
        self.out.info(f"Beginning SLA check for {shown(batch)}")
        try:
            rows = self.calls.probe(batch, self.plan.sla, self.plan.grouping)
        except AdminError as error:
            reason = f" {error.message.removesuffix('.')}." if error.message else ""
            raise AdminError(
                f"The SLA check of {','.join(batch)} could not be made, so neither these hosts nor the following ones "
                f"were drained.{reason}"
            ) from error
        broken = [row for row in rows if not row.is_safe]
        for row in broken:
            self.results.print(row.line())
        unsafe = {*batch}.intersection(row.host or "" for row in broken)
        if unsafe:
            self.states.note(unsafe, UNSAFE)
            text = "Some hosts did not pass SLA check and will not be drained! Skipping hosts: "
            self.out.warn(text + shown(unsafe))
        else:
            self.out.info("All hosts passed SLA check.")
        return [host for host in batch if host not in unsafe]

    def send(self, hosts: list[str]) -> None:
        """Have the scheduler drain hosts.

        If a reply is lost, drainHosts is sent again for the hosts that are still SCHEDULED then: to drain a host twice
        does no harm. A host that someone has brought back into service meanwhile is left alone.

        Raises:
            OutcomeUnknown: several replies were lost.
        """
        for sends_left in reversed(range(MAX_SENDS)):
            try:
                self.calls.drain(hosts)
            except OutcomeUnknown as error:
                self.states.note(hosts, PERHAPS_DRAINING)
                if isinstance(error, Interrupted) or not sends_left:
                    raise
                self.out.warn(f"{error.message} Asking the scheduler which hosts are being drained")
                modes = self.calls.status(hosts)
                self.states.note_modes({host: modes.get(host, DRAINED) for host in hosts})
                hosts = [host for host in hosts if modes.get(host) == SCHEDULED]
            else:
                self.states.note(hosts, DRAINING)
                return
            if not hosts:
                return

    def note_status(self, hosts: Collection[str], modes: dict[str, str]) -> dict[str, str]:
        """Note the modes in a reply about hosts; return those of hosts that are not drained yet.

        A host that is missing from the reply counts as drained, as in the original.
        """
        found = {host: modes.get(host, DRAINED) for host in hosts}
        self.states.note_modes(found)
        return {host: mode for host, mode in found.items() if mode != DRAINED}


class Drain(DrainSteps):
    """Drains hosts, and leaves them in maintenance."""

    def run(self) -> None:
        """Go through all batches. A host that is not drained in time stays DRAINING, and the next batch follows."""
        begun = self.clock.monotonic()
        for batch in self.batches():
            if safe := self.safe_part(batch):
                self.send(safe)
                late = self._wait(safe, begun)
                for host in safe:
                    if host not in late:
                        self.plan.after(host)

    def _wait(self, hosts: list[str], begun: float) -> dict[str, str]:
        """Wait until hosts are drained; return the modes of those that are not in time."""
        left = dict.fromkeys(hosts, DRAINING)
        for _ in range(LIMIT_SECONDS // POLL_SECONDS):
            self.out.info(f"Waiting for hosts to be in DRAINED: {shown(left)}")
            self.clock.sleep(POLL_SECONDS)
            left = self.note_status(left, self.calls.status(left))
            self._show_progress(left, begun)
            if not left:
                return left
        rows = "".join(f"\n\tHost:{escaped(host, '')}\tStatus:{mode}" for host, mode in sorted(left.items()))
        text = f"Failed to move all hosts into DRAINED within {duration_text(LIMIT_SECONDS)}:{rows}"
        self.out.warn(text, is_multiline=True)
        return left

    def _show_progress(self, left: Collection[str], begun: float) -> None:
        """Tell a person at a terminal how far the drain is."""
        if not (self.out.is_terminal() and self.out.has_details()):
            return
        done, total = self.states.progress()
        tasks = self.calls.tasks_left(left) if left else None
        tasks_text = "" if tasks is None else f", {tasks} tasks left"
        elapsed = timedelta(seconds=round(self.clock.monotonic() - begun))
        self.out.info(f"{done} of {total} hosts drained{tasks_text}, {elapsed} since the start")
