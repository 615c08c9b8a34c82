"""A table of tasks: columns, and a dictionary of ids. The records themselves stay on disk.

A million tasks take about 230 MB in a table and 7 GB as decoded objects (docs/wire.md 6).
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

GONE = -1
NO_HOST = b""


class JobName(NamedTuple):
    """The key of a job. The generated struct JobKey cannot be compared or hashed by its value.

    >>> str(JobName(b"www", b"prod", b"hello"))
    'www/prod/hello'
    """

    role: bytes
    environment: bytes
    name: bytes

    def __str__(self) -> str:
        return b"/".join(self).decode("utf-8", "replace")


class TaskFilter(NamedTuple):
    """A TaskQuery. All conditions must hold; None and an empty set are no condition (docs/api.md 2)."""

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
    """The columns of a set of tasks.

    A row is the index of a task in all columns; rows are only appended. The bytes of a record are at `start`, `length`
    bytes long, and never change: a changed task gets a new row. A task that is removed or replaced keeps its row with
    status GONE and leaves `ids`. Only one thread may change the table at a time. Rows from `select` can be read without
    a lock meanwhile: columns of a row other than `status` do not change.

    >>> table = TaskTable()
    >>> www = table.job_number(JobName(b"www", b"prod", b"hello"))
    >>> for instance, task_id in enumerate((b"task-0", b"task-1")):
    ...     table.ids[task_id] = len(table.status)
    ...     for column, value in ((table.job, www), (table.host, 0), (table.instance, instance), (table.status, 2)):
    ...         column.append(value)
    >>> table.remove(table.select(TaskFilter(instances=frozenset((0,)))))
    >>> list(table.ids), table.select(), table.job_of(1).role
    ([b'task-1'], [1], b'www')

    Attributes:
        ids: the row of each task by its id.
        jobs: the number of each job; `job_names` has the jobs by their numbers.
        hosts: the number of each host; 0 is no host.
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
        """Return the number of a job; a new job is added."""
        number = self.jobs.get(key)
        if number is None:
            number = self.jobs[key] = len(self.job_names)
            self.job_names.append(key)
            self.jobs_of_role.setdefault(key.role, []).append(number)
            self._rows_of_job.append(array("I"))
        return number

    def host_number(self, host: bytes | None) -> int:
        """Return the number of a host; a new host is added."""
        return self.hosts.setdefault(host or NO_HOST, len(self.hosts))

    @property
    def rows_of_job(self) -> list["array[int]"]:
        """The rows of each job by its number; computed on access, so that staging does not take longer."""
        rows, known = self._rows_of_job, len(self.job)
        for row in range(self._rows_known, known):
            rows[self.job[row]].append(row)
        self._rows_known = known
        return rows

    def job_of(self, row: int) -> JobName:
        return self.job_names[self.job[row]]

    def remove(self, rows: Iterable[int], task_ids: Iterable[bytes] | None = None) -> None:
        """Remove tasks; without their ids this takes one pass over all ids."""
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
        """Look up a role or jobs, so that small queries do not walk over all jobs of a large cluster."""
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
