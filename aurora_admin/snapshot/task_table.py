"""A table of tasks: columns, and a dictionary of ids. The records themselves stay on disk.

A million tasks take about 230 MB in a table and 7 GB as decoded objects (docs/wire.md 6).
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from aurora_admin.snapshot.row_index import GONE, RowIndex

NO_HOST = b""
# A selection from more rows than these is made without the lock.
FEW_ROWS = 1000


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

    @property
    def names_a_job(self) -> bool:
        """Whether there is a condition on the job."""
        has_role = self.role is not None and self.role.strip() != b""
        return has_role or self.environment is not None or self.name is not None or bool(self.jobs)

    def without_job(self) -> "TaskFilter":
        return self._replace(role=None, environment=None, name=None, jobs=frozenset())

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
    status GONE and leaves `ids`. Only one thread at a time may change the table or select from it. Rows from `select`
    can be read without a lock meanwhile: columns of a row other than `status` do not change.

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
        by_job: the rows of each job by its number.
        by_host: the rows of each host by its number.
    """

    def __init__(self) -> None:
        self.ids: dict[bytes, int] = {}
        self.jobs: dict[JobName, int] = {}
        self.job_names: list[JobName] = []
        self.jobs_of_role: dict[bytes, list[int]] = {}
        self.hosts: dict[bytes, int] = {NO_HOST: 0}
        self.job = array("I")
        self.host = array("I")
        self.instance = array("i")
        self.status = array("i")
        self.start = array("Q")
        self.length = array("I")
        self.by_job = RowIndex(self.job, self.status)
        self.by_host = RowIndex(self.host, self.status)

    def __len__(self) -> int:
        return len(self.ids)

    def job_number(self, key: JobName) -> int:
        """Return the number of a job; a new job is added."""
        number = self.jobs.get(key)
        if number is None:
            number = self.jobs[key] = len(self.job_names)
            self.job_names.append(key)
            self.jobs_of_role.setdefault(key.role, []).append(number)
        return number

    def host_number(self, host: bytes | None) -> int:
        """Return the number of a host; a new host is added."""
        return self.hosts.setdefault(host or NO_HOST, len(self.hosts))

    def job_of(self, row: int) -> JobName:
        return self.job_names[self.job[row]]

    def remove(self, rows: Iterable[int], task_ids: Iterable[bytes] | None = None) -> None:
        """Remove tasks; without their ids this takes one pass over all ids."""
        gone = set(rows)
        for row in gone:
            self._drop(row)
        if task_ids is None:
            task_ids = [task_id for task_id, row in self.ids.items() if row in gone]
        for task_id in task_ids:
            del self.ids[task_id]

    def _drop(self, row: int) -> None:
        self.status[row] = GONE
        self.by_job.drop(row)
        self.by_host.drop(row)

    def select(self, wanted: TaskFilter = EVERY_TASK) -> Sequence[int]:
        """Return the rows of the tasks that match, in ascending order."""
        return self.selection(wanted)()

    def selection(self, wanted: TaskFilter = EVERY_TASK) -> Callable[[], Sequence[int]]:
        """Return a function that selects the rows that match now, whatever changes before it is called.

        It needs no lock, so that nobody waits while a million tasks are looked at.
        """
        if wanted == EVERY_TASK and len(self.ids) == len(self.status):
            everything = range(len(self.status))  # a list of a million numbers takes 36 MB
            return lambda: everything
        rows, left = self._candidates(wanted)
        if len(rows) > FEW_ROWS:
            return partial(self._matching, rows, left, self.status[:])
        found = self._matching(rows, left, self.status)
        return lambda: found

    def _candidates(self, wanted: TaskFilter) -> tuple[Sequence[int], TaskFilter]:
        """Return the fewest rows that an index has for a filter, and what they are still to be filtered by."""
        if wanted.task_ids:
            return [self.ids[task_id] for task_id in wanted.task_ids if task_id in self.ids], wanted
        choices: list[tuple[RowIndex, list[int], TaskFilter]] = []
        if wanted.hosts:
            choices.append((self.by_host, self._host_numbers(wanted), wanted._replace(hosts=frozenset())))
        if wanted.names_a_job:
            choices.append((self.by_job, self.job_numbers(wanted), wanted.without_job()))
        if not choices:
            return range(len(self.status)), wanted
        index, numbers, left = min(choices, key=lambda choice: choice[0].size(choice[1]))
        return index.rows(numbers), left

    def _host_numbers(self, wanted: TaskFilter) -> list[int]:
        return [self.hosts[name] for name in wanted.hosts - {NO_HOST} if name in self.hosts]

    def job_numbers(self, wanted: TaskFilter) -> list[int]:
        """Return the numbers of the jobs that match."""
        return [number for number in self._likely_jobs(wanted) if wanted.wants_job(self.job_names[number])]

    def _likely_jobs(self, wanted: TaskFilter) -> Iterable[int]:
        """Look up a role or jobs, so that small queries do not walk over all jobs of a large cluster."""
        if wanted.jobs:
            return [self.jobs[key] for key in wanted.jobs if key in self.jobs]
        if wanted.role is not None and wanted.role.strip():
            return self.jobs_of_role.get(wanted.role, ())
        return range(len(self.job_names))

    def _matching(self, rows: Iterable[int], wanted: TaskFilter, status: Sequence[int]) -> list[int]:
        """Return those of the rows that match, in ascending order; the ids of tasks are not looked at."""
        instance, host = self.instance, self.host
        statuses = wanted.statuses
        found = (
            [row for row in rows if status[row] in statuses]
            if statuses
            else [row for row in rows if status[row] != GONE]
        )
        if wanted.instances:
            found = [row for row in found if instance[row] in wanted.instances]
        if wanted.hosts:
            hosts = set(self._host_numbers(wanted))
            found = [row for row in found if host[row] in hosts]
        if wanted.names_a_job:
            found = [row for row in found if wanted.wants_job(self.job_of(row))]
        found.sort()
        return found
