"""A drain without a scheduler: its calls are answered from a table of modes, and waiting takes no time."""

import io
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from aurora_admin.hosts import BY_HOST
from aurora_admin.output import Output
from aurora_admin.plugins.maintenance.drain import Drain, DrainPlan, DrainSteps
from aurora_admin.plugins.maintenance.results import Results
from aurora_admin.sla import ProbeRow, Sla
from tests.support.fake_scheduler import FakeClock


def go_on(left: str, draining: str = "") -> str:
    """Return how to go on after a drain of west that has ended early; `left` are hosts that are not DRAINED."""
    shown = (
        f"The scheduler goes on with hosts that are DRAINING: aurora_admin host_status --hosts={draining} west shows "
        "how far they are. "
    )
    return (
        f"{shown if draining else ''}Run the command again for the hosts that are not DRAINED: to drain a host twice "
        f"does no harm. Or bring them back into service: aurora_admin host_activate --hosts={left} west\n"
    )


@dataclass
class HostTable:
    """Answers the calls of a drain.

    Attributes:
        known: hosts of the cluster; the others are unknown.
        unsafe: hosts that fail the SLA check.
        polls: after how many looks a host is DRAINED that is being drained; 1 if it is not there.
        errors: what the calls of a name raise, in order; None for a call that succeeds.
        made: the calls, each as its name and its hosts.
    """

    known: Iterable[str]
    unsafe: Collection[str] = ()
    polls: dict[str, int] = field(default_factory=dict)
    errors: dict[str, list[BaseException | None]] = field(default_factory=dict)
    made: list[tuple[str, str]] = field(default_factory=list)
    tasks: int | None = 7
    has_others: bool = True

    def __post_init__(self) -> None:
        self.modes = dict.fromkeys(self.known, "NONE")

    def start(self, hosts: Collection[str]) -> dict[str, str]:
        self._make("start", hosts)
        return self._set(hosts, "SCHEDULED")

    def drain(self, hosts: Collection[str]) -> None:
        self._make("drain", hosts)
        self._set(hosts, "DRAINING")

    def end(self, hosts: Collection[str]) -> None:
        self._make("end", hosts)
        self._set(hosts, "NONE")

    def status(self, hosts: Collection[str]) -> dict[str, str]:
        self._make("status", hosts)
        for host in hosts:
            self.polls[host] = self.polls.get(host, 1) - (self.modes.get(host) == "DRAINING")
            if self.polls[host] <= 0 and host in self.modes:
                self.modes[host] = "DRAINED"
        return {host: self.modes[host] for host in hosts if host in self.modes}

    quiet_status = status

    def probe(self, hosts: Collection[str], sla: Sla, grouping: str) -> list[ProbeRow]:
        self._make("probe", hosts)
        return [ProbeRow(host, "west/www/prod/web", 50.0, host not in self.unsafe, None) for host in hosts]

    def tasks_left(self, hosts: Collection[str]) -> int | None:
        return self.tasks

    def has_other_hosts(self, hosts: Collection[str]) -> bool:
        return self.has_others

    def _make(self, name: str, hosts: Collection[str]) -> None:
        self.made.append((name, ",".join(hosts)))
        errors = self.errors.get(name, [])
        if errors and (error := errors.pop(0)) is not None:
            raise error

    def _set(self, hosts: Collection[str], mode: str) -> dict[str, str]:
        found = {host: mode for host in hosts if host in self.modes}
        self.modes.update(found)
        return found


class Terminal(io.StringIO):
    """A text that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


class Run:
    """A drain over a table of hosts, with what it printed."""

    def __init__(
        self,
        table: HostTable,
        hosts: str,
        kind: type[DrainSteps] = Drain,
        *,
        grouping: str = BY_HOST,
        stderr: io.StringIO | None = None,
        after: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.stdout, self.stderr = io.StringIO(), stderr or io.StringIO()
        self.time = FakeClock()
        self.scripts: list[str] = []

        def note(host: str) -> None:
            self.scripts.append(host)
            after(host)

        out = Output(self.stdout, self.stderr)
        plan = DrainPlan(hosts.split(","), grouping, Sla(95, 1800), note)
        self.sequence = kind(table, out, Results(out), self.time.clock(), plan)

    @property
    def log(self) -> Sequence[str]:
        """The lines of the log."""
        return self.stderr.getvalue().splitlines()
