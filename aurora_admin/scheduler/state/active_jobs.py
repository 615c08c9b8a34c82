"""How many active tasks each job has, by config, so that no call has to count a million tasks."""

from array import array
from collections import Counter
from collections.abc import Mapping
from itertools import compress

from aurora_admin.scheduler.state.transitions import ACTIVE

NO_CONFIGS: Mapping[int, int] = {}
# Bounds the memory for it.
COUNTED_AT_ONCE = 50_000


class ActiveJobs:
    """The jobs with active tasks, from three columns of a task table.

    New rows are counted when it is used, or by `count_new`. One thread at a time may use it.

    >>> status = array("i", [2, 2, 3])
    >>> active = ActiveJobs(array("I", [7, 7, 7]), array("I", [0, 1, 1]), status)
    >>> active.configs_of(7)
    Counter({0: 1, 1: 1})
    >>> active.drop(0)
    >>> active.configs_of(7), active.configs_of(8)
    (Counter({1: 1}), {})
    """

    def __init__(self, jobs: "array[int]", configs: "array[int]", status: "array[int]") -> None:
        self._jobs = jobs
        self._configs = configs
        self._status = status
        self._found: dict[int, Counter[int]] = {}
        self._known = 0

    def drop(self, row: int) -> None:
        """Forget a row that will be gone; its status must still be there."""
        if row < self._known and self._status[row] in ACTIVE:
            job, config = self._jobs[row], self._configs[row]
            counts = self._found[job]
            counts[config] -= 1
            # What is not needed any more must not pile up, as a job may have had any number of configs.
            if not counts[config]:
                del counts[config]
            if not counts:
                del self._found[job]

    def configs_of(self, job: int) -> Mapping[int, int]:
        """Return how many active tasks of a job have each config, by the number of the config."""
        self.count_new()
        return self._found.get(job, NO_CONFIGS)

    def count_new(self) -> None:
        """Count the rows that are new, so that no later call has to."""
        count = len(self._jobs)
        for begin in range(self._known, count, COUNTED_AT_ONCE):
            rows = slice(begin, begin + COUNTED_AT_ONCE)
            configs, is_active = self._configs[rows], map(ACTIVE.__contains__, self._status[rows])
            # The job is in the config, so a config is of one job.
            job_of = dict(zip(configs, self._jobs[rows], strict=True))
            for config, tasks in Counter(compress(configs, is_active)).items():
                self._found.setdefault(job_of[config], Counter())[config] += tasks
        self._known = count
