"""Which tasks there are, and where their bytes stand: columns and one dictionary of ids, no objects.

A million tasks take about 230 MB this way, against 7 GB as decoded objects (docs/wire.md 6).
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

GONE = -1
NO_HOST = b""


class JobName(NamedTuple):
    role: bytes
    environment: bytes
    name: bytes

    def __str__(self) -> str:
        return b"/".join(self).decode("utf-8", "replace")


class TaskFilter(NamedTuple):
    """A TaskQuery: all that is given must hold; None and an empty set restrict nothing (docs/api.md 2)."""

    role: bytes | None = None
    environment: bytes | None = None
    name: bytes | None = None
    task_ids: frozenset[bytes] = frozenset()
    statuses: frozenset[int] = frozenset()
    instances: frozenset[int] = frozenset()
    hosts: frozenset[bytes] = frozenset()
    jobs: frozenset[JobName] = frozenset()

    def wants_job(self, key: JobName) -> bool:
        return (
            (self.role is None or not self.role.strip() or key.role == self.role)
            and (self.environment is None or key.environment == self.environment)
            and (self.name is None or key.name == self.name)
            and (not self.jobs or key in self.jobs)
        )


EVERY_TASK = TaskFilter()


class TaskTable:
    """The columns of a set of tasks; a row is a task, in the order in which they came.

    A removed task keeps its row, with status GONE.
    """

    def __init__(self) -> None:
        self.ids: dict[bytes, int] = {}
        self.jobs: dict[JobName, int] = {}
        self.job_names: list[JobName] = []
        self.jobs_of_role: dict[bytes, list[int]] = {}
        self._rows_of_job: list[array[int]] = []
        self._rows_known = 0
        self.hosts: dict[bytes, int] = {NO_HOST: 0}
        self.job = array("I")
        self.host = array("I")
        self.instance = array("i")
        self.status = array("i")
        self.start = array("Q")
        self.length = array("I")

    def __len__(self) -> int:
        return len(self.ids)

    def job_number(self, key: JobName) -> int:
        """Return the number of a job, which it gets when it is first met."""
        number = self.jobs.get(key)
        if number is None:
            number = self.jobs[key] = len(self.job_names)
            self.job_names.append(key)
            self.jobs_of_role.setdefault(key.role, []).append(number)
            self._rows_of_job.append(array("I"))
        return number

    def host_number(self, host: bytes | None) -> int:
        return self.hosts.setdefault(host or NO_HOST, len(self.hosts))

    @property
    def rows_of_job(self) -> list["array[int]"]:
        """The rows of each job by its number, gathered when they are asked for: staging does not pay for it."""
        rows, known = self._rows_of_job, len(self.job)
        for row in range(self._rows_known, known):
            rows[self.job[row]].append(row)
        self._rows_known = known
        return rows

    def job_of(self, row: int) -> JobName:
        return self.job_names[self.job[row]]

    def remove(self, rows: Iterable[int], task_ids: Iterable[bytes] | None = None) -> None:
        """Take tasks out, in one sweep over the ids unless these are given."""
        gone = set(rows)
        for row in gone:
            self.status[row] = GONE
        if task_ids is None:
            task_ids = [task_id for task_id, row in self.ids.items() if row in gone]
        for task_id in task_ids:
            del self.ids[task_id]

    def select(self, wanted: TaskFilter = EVERY_TASK) -> Sequence[int]:
        """Return the rows of the tasks that match, in ascending order."""
        if wanted == EVERY_TASK and len(self.ids) == len(self.status):
            return range(len(self.status))  # a list of a million numbers takes 36 MB
        if wanted.task_ids:
            found = (self.ids[task_id] for task_id in wanted.task_ids if task_id in self.ids)
            rows: Iterable[int] = sorted(row for row in found if wanted.wants_job(self.job_of(row)))
        elif wanted._replace(statuses=frozenset(), instances=frozenset(), hosts=frozenset()) == EVERY_TASK:
            rows = range(len(self.status))
        else:
            rows = self._rows_of_jobs(wanted)
        return self._filter_rows(rows, wanted)

    def _rows_of_jobs(self, wanted: TaskFilter) -> list[int]:
        rows: list[int] = []
        for number in self._candidates(wanted):
            if wanted.wants_job(self.job_names[number]):
                rows.extend(self.rows_of_job[number])
        rows.sort()
        return rows

    def _candidates(self, wanted: TaskFilter) -> Iterable[int]:
        """A role or jobs by name are looked up: small calls must not walk all jobs of a big cluster."""
        if wanted.jobs:
            return [self.jobs[key] for key in wanted.jobs if key in self.jobs]
        if wanted.role is not None and wanted.role.strip():
            return self.jobs_of_role.get(wanted.role, ())
        return range(len(self.job_names))

    def _filter_rows(self, rows: Iterable[int], wanted: TaskFilter) -> list[int]:
        status, instance, host = self.status, self.instance, self.host
        statuses = wanted.statuses
        rows = (
            [row for row in rows if status[row] in statuses]
            if statuses
            else [row for row in rows if status[row] != GONE]
        )
        if wanted.instances:
            rows = [row for row in rows if instance[row] in wanted.instances]
        if wanted.hosts:
            hosts = {self.hosts[name] for name in wanted.hosts - {NO_HOST} if name in self.hosts}
            rows = [row for row in rows if host[row] in hosts]
        return rows
