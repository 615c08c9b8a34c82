"""Which hosts can go down without taking a job below its SLA, by the original's arithmetic (docs/cli.md 5).

An SLA is a percentage and a duration: that share of the job's tasks has been running for at least so long. Nothing is
sent from here; the tasks and the time are passed in. All times are in seconds.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from aurora_admin.hosts import grouped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

VALID_NAME = re.compile(r"[A-Za-z0-9_.-]+")  # of a role, an environment or a job


class SlaTask(NamedTuple):
    """A live task.

    Attributes:
        job: as cluster/role/environment/name.
        running_since: of its first event RUNNING, in whole seconds since 1970; None if it has none.
    """

    job: str
    host: str | None
    instance: int
    is_production: bool
    running_since: int | None


class Sla(NamedTuple):
    """What a job needs: this percentage of its tasks running for at least this many seconds."""

    percentage: float
    duration: int


class SafeRow(NamedTuple):
    """A host that can go down, one of its jobs, and the percentage that the job has then, with the duration meant."""

    host: str | None
    job: str
    percentage: float
    duration: int

    def line(self) -> str:
        """Return the row as the original prints it (docs/cli.md 4.9)."""
        return f"{self.host}\t{self.job}\t{self.percentage:.2f}\t{self.duration}"


class ProbeRow(NamedTuple):
    """What becomes of a job if its host goes down.

    Attributes:
        percentage: of the tasks that have been running long enough then.
        wait_seconds: after which the host can go down, 0 if it can now; None if waiting does not help.
    """

    host: str | None
    job: str
    percentage: float
    is_safe: bool
    wait_seconds: float | None

    def line(self) -> str:
        """Return the row as the original prints it (docs/cli.md 4.10)."""
        wait = "0" if self.is_safe else "n/a" if self.wait_seconds is None else str(self.wait_seconds)
        return f"{self.host}\t{self.job}\t{self.percentage:.2f}\t{self.is_safe}\t{wait}"


def pct(uptimes: Sequence[int], duration: int, total: int | None = None) -> float:
    """Return the percentage of `total` tasks that have been running for the duration (docs/cli.md 5.1).

    The uptimes are in ascending order. The default of `total` is their number. Without tasks it is 0.

    >>> pct([100, 200, 300], 200, 4)
    50.0
    """
    total = len(uptimes) if total is None else total
    return 100.0 * _at_least(uptimes, duration) / total if total else 0.0


def wait(uptimes: Sequence[int], percentage: float, duration: int, total: int | None = None) -> float | None:
    """Return the seconds until the percentage is reached, 0 if it is now; None if these tasks never reach it.

    >>> wait([100, 200, 300], 60, 250), wait([100, 200, 300], 100, 250, 4)
    (50.0, None)
    """
    total = len(uptimes) if total is None else total
    if pct(uptimes, duration, total) >= percentage:
        return 0.0
    index = len(uptimes) - ceil(total * percentage / 100.0)
    return float(duration - uptimes[index]) if 0 <= index < len(uptimes) else None


def job_uptime(uptimes: Sequence[int], percentage: float) -> int:
    """Return how long this percentage of the tasks has been running at least; 0 if there are too few.

    >>> job_uptime([100, 200, 300], 50)
    200
    """
    index = len(uptimes) - floor(percentage / 100.0 * len(uptimes)) - 1
    return uptimes[index] if 0 <= index < len(uptimes) else 0


class Domain:
    """The jobs of a cluster that have an SLA, and the hosts that they run on.

    Only production jobs with at least `min_instance_count` live tasks count. `now` is the time in seconds since 1970.
    """

    def __init__(self, tasks: Iterable[SlaTask], now: float, min_instance_count: int) -> None:
        found: dict[str, list[SlaTask]] = {}
        for task in tasks:
            if task.is_production:
                found.setdefault(task.job, []).append(task)
        self._jobs: dict[str, _Job] = {}
        self._jobs_on: dict[str, list[str]] = {}  # by host, in ascending order
        for name in sorted(found):
            if len(found[name]) >= min_instance_count:
                job = self._jobs[name] = _Job(found[name], now)
                for host in job.uptimes_on:
                    self._jobs_on.setdefault(host, []).append(name)

    @property
    def jobs(self) -> set[str]:
        """The jobs that have an SLA."""
        return set(self._jobs)

    def safe_hosts(
        self,
        percentage: float,
        duration: int,
        grouping: str,
        include: Collection[str] = (),
        overrides: Mapping[str, Sla] | None = None,
    ) -> Iterator[SafeRow]:
        """Yield the hosts of each group that can go down as a whole, sorted by group, host and job (docs/cli.md 5.3).

        Two hosts of different groups need not be safe together. A host without a job that has an SLA is not there.
        `include` restricts the jobs to those on these hosts, but not the group; empty means all. `overrides` has the
        SLA of single jobs.
        """
        default, overrides = Sla(percentage, duration), overrides or {}
        chosen = set(include)
        for _, hosts in grouped(self._jobs_on, grouping):
            group = set(hosts)
            names = {name for host in (group & chosen if chosen else group) for name in self._jobs_on[host]}
            slas = {name: overrides.get(name, default) for name in names}
            left = {}
            for name, sla in slas.items():
                left[name] = self._jobs[name].pct_without(group, sla.duration)
                if left[name] < sla.percentage:
                    break
            else:
                yield from (
                    SafeRow(host or None, name, left[name], slas[name].duration)
                    for host in hosts
                    for name in self._jobs_on[host]
                    if name in left
                )

    def probe(self, percentage: float, duration: int, hosts: Iterable[str], grouping: str) -> list[ProbeRow]:
        """Return what becomes of each job on these hosts if the hosts of a group go down (docs/cli.md 5.3).

        The rows are sorted by group, host and job. A host without a job that has an SLA has none.
        """
        known = {host for host in hosts if host in self._jobs_on}
        return [row for _, group in grouped(known, grouping) for row in self._probe_group(percentage, duration, group)]

    def _probe_group(self, percentage: float, duration: int, hosts: list[str]) -> Iterator[ProbeRow]:
        group = set(hosts)
        results = {
            name: self._jobs[name].probe_without(group, percentage, duration)
            for name in {name for host in hosts for name in self._jobs_on[host]}
        }
        for host in hosts:
            for name in self._jobs_on[host]:
                yield ProbeRow(host or None, name, *results[name])


class _Job:
    """The tasks of one job, by host. A host without a name is the place of tasks that have none."""

    def __init__(self, tasks: list[SlaTask], now: float) -> None:
        self._total = len(tasks)
        runs: dict[int, list[tuple[str, int]]] = {}
        self.uptimes_on: dict[str, list[int]] = {task.host or "": [] for task in tasks}
        for task in tasks:
            if task.running_since is not None:
                runs.setdefault(task.instance, []).append((task.host or "", floor(now - task.running_since)))
        # The last of several tasks of an instance counts, on the hosts that are left. There is hardly ever such a one.
        self._repeated = [run for run in runs.values() if len(run) > 1]
        for run in runs.values():
            if len(run) == 1:
                self.uptimes_on[run[0][0]].append(run[0][1])
        self._uptimes = sorted(run[-1][1] for run in runs.values())

    def pct_without(self, hosts: set[str], duration: int) -> float:
        """Return the percentage that is left without these hosts; the tasks on them count as not running.

        Only the tasks on these hosts are counted: a job may have thousands, on as many hosts.
        """
        gone, back = self._changes(hosts)
        up = _at_least(self._uptimes, duration) - _at_least(gone, duration) + _at_least(back, duration)
        return 100.0 * up / self._total

    def probe_without(self, hosts: set[str], percentage: float, duration: int) -> tuple[float, bool, float | None]:
        """Return the percentage that is left without these hosts, whether it is enough, and else the wait."""
        left = self.pct_without(hosts, duration)
        if left >= percentage:
            return left, True, 0.0
        return left, False, wait(self._without(hosts), percentage, duration, self._total)

    def _without(self, hosts: set[str]) -> list[int]:
        """Return the uptimes that are left without these hosts, in ascending order."""
        gone, back = self._changes(hosts)
        left: list[int] = []
        start = 0
        for uptime in gone:
            end = bisect_left(self._uptimes, uptime, start)
            left += self._uptimes[start:end]
            start = end + 1
        left += self._uptimes[start:]
        return sorted(left + back) if back else left

    def _changes(self, hosts: set[str]) -> tuple[list[int], list[int]]:
        """Return the uptimes that are no longer there without these hosts, and those that count instead, ascending."""
        gone = [uptime for host in self.uptimes_on.keys() & hosts for uptime in self.uptimes_on[host]]
        back: list[int] = []
        for run in self._repeated:
            gone.append(run[-1][1])
            back += [uptime for host, uptime in run if host not in hosts][-1:]
        return sorted(gone), sorted(back)


def _at_least(uptimes: Sequence[int], duration: int) -> int:
    """Return how many of the uptimes, which are in ascending order, are at least the duration."""
    return len(uptimes) - bisect_left(uptimes, duration)
