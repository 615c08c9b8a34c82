"""The live tasks: the same columns as those of a staged backup, with each config kept once and the rest on disk."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from aurora_admin.backup.file import records
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.scheduler.state.active_jobs import ActiveJobs
from aurora_admin.scheduler.state.spill import Spill
from aurora_admin.scheduler.state.transitions import ACTIVE
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.snapshot.configs import Configs, config_position, join_config
from aurora_admin.snapshot.paths import TASK_CONFIG
from aurora_admin.snapshot.task_table import EVERY_TASK, JobName, TaskFilter, TaskTable
from aurora_admin.snapshot.upgrade import SANDBOX_DELETED, Upgrader, is_valid_job
from aurora_admin.wire import codec
from aurora_admin.wire.canonical import same
from aurora_admin.wire.errors import WireError

# With fewer removed rows than this a rebuild of the table frees too little memory to be worth the time.
MIN_REMOVED_ROWS = 10_000

# No task changed so long ago.
NOT_READ = -(1 << 63)


class ActiveJob(NamedTuple):
    """A job with active tasks: the number of the config of the one that changed last, and how many there are."""

    key: JobName
    config: int
    tasks: int


class LiveTasks(TaskTable):
    """The tasks of the live state, a row each.

    A task that changes gets a new row, and its old row is marked GONE, as is the row of a task that is removed: what a
    row points to never changes, and neither does its config. So the records of rows that were selected under the lock
    of the storage can be read without it, while other tasks change; so can `len()`, `statuses` and `placed`. A function
    that `selection()` or `active_jobs()` returned, and `latest_config()`, need no lock either. Everything else takes
    it, as a new row is entered into one column after another.

    When a snapshot is written to the log, `compacted()` may replace the table; a reader of the old one keeps it, with
    its spill file, until it is done.

    Attributes:
        statuses: how many tasks are in each status; kept up to date, so that no request counts a million tasks.
        placed: how many tasks are assigned to a host.
        configs: the distinct task configs.
        config: for each row, the number of its config.
        split: for each row, where the config belongs in its task if agent and host have the usual length (`joining`).
        spill: the tasks without their configs.
    """

    def __init__(self, folder: str, upgrader: Upgrader, statistics: Statistics) -> None:
        super().__init__()
        self.statuses: Counter[int] = Counter()
        self.placed = 0
        self._statistics = statistics
        self.spill = Spill(folder)
        self._upgrader = upgrader
        self.configs = Configs(upgrader.config)
        self.config = array("I")
        self.split = array("I")
        self._active = ActiveJobs(self.job, self.config, self.status)
        # By row, the time of the last event in ms; only of tasks that were compared.
        self._changed_ms = array("q")

    def save(self, raw: bytes) -> int | None:
        """Add a ScheduledTask, or replace the one with the same id; return the row of the replaced one, if any.

        It is upgraded to the current format first. `spill.flush()` must follow before the new row can be read.

        Raises:
            WireError: it lacks its id, job, status or config.
        """
        task = codec.decode(slim.ScheduledTask, raw)
        key = _key_of(task)
        if task.status == SANDBOX_DELETED or not is_valid_job(key):
            raw = self._upgrader.task(raw)
            task = codec.decode(slim.ScheduledTask, raw)
            key = _key_of(task)
        assigned = task.assignedTask
        if assigned is None or key is None or assigned.taskId is None or task.status is None:
            raise WireError("a task lacks its id, its job or its status", 0)
        job = self.job_number(JobName(key.role or b"", key.environment or b"", key.name or b""))
        partial, config = self.configs.split(raw, job)
        former = self.ids.get(assigned.taskId)
        if former is not None:
            self._drop(former)
        self.ids[assigned.taskId] = len(self.status)
        self.job.append(job)
        self.host.append(self.host_number(assigned.slaveHost))
        self.instance.append(assigned.instanceId or 0)
        self.config.append(config)
        self.start.append(self.spill.append(partial))
        self.length.append(len(partial))
        self.split.append(config_position(partial))
        self.status.append(task.status)
        self.statuses[task.status] += 1
        self.placed += bool(assigned.slaveHost)
        return former

    def load_configs(self, configs: Iterable[bytes]) -> None:
        """Add the taskConfigs of a DeduplicatedSnapshot after its tasks, and set the job and the config of each row.

        Raises:
            WireError: a config has no job, or a task points to no config.
        """
        numbers = array("I", map(self.configs.number, configs))
        jobs = array("I", (self.job_number(_job_of(self.configs.raw[number])) for number in numbers))
        try:
            self.job.extend(map(jobs.__getitem__, self.config))
            if numbers != array("I", range(len(numbers))):
                self.config[:] = array("I", map(numbers.__getitem__, self.config))
        except IndexError:
            raise WireError(
                f"DeduplicatedScheduledTask referenced invalid task index (there are {len(numbers)})", 0
            ) from None
        self.spill.flush()
        if self.statuses[SANDBOX_DELETED]:
            deleted = [row for row, status in enumerate(self.status) if status == SANDBOX_DELETED]
            self.save_all([raw for _, raw in self.records(deleted)])

    def save_all(self, tasks: Iterable[bytes]) -> None:
        """Add or replace the tasks of one op, and make them readable.

        Raises:
            WireError: two of them differ and have the same id, or one lacks its id, job, status or config.
        """
        first = len(self.status)
        for raw in tasks:
            row = self.save(raw)
            if row is not None and row >= first:
                self.spill.flush()
                if not same(*(task for _, task in self.records([row, len(self.status) - 1]))):
                    raise WireError("Proposed new tasks would create task ID collision.", 0)
        self.spill.flush()

    def _drop(self, row: int) -> None:
        self.statuses[self.status[row]] -= 1
        self.placed -= self.host[row] != 0
        self._active.drop(row)
        super()._drop(row)

    def selection(self, wanted: TaskFilter = EVERY_TASK) -> Callable[[], Sequence[int]]:
        """Return a function that selects the rows that match now, and count the query."""
        self._count_query(wanted)
        return super().selection(wanted)

    def _count_query(self, wanted: TaskFilter) -> None:
        """Count a query by its narrowest filter."""
        by_job = any((wanted.role, wanted.environment, wanted.name, wanted.jobs))
        kind = "by_id" if wanted.task_ids else "by_job" if by_job else "by_host" if wanted.hosts else "all"
        self._statistics[f"task_queries_{kind}"] += 1

    def enter_new(self) -> None:
        """Enter the rows that are new into the indexes and counts, so that no later call takes longer for them."""
        self.by_job.enter_new()
        self.by_host.enter_new()
        self._active.count_new()

    def active_configs(self, role: bytes | None) -> Iterator[tuple[int, Mapping[int, int]]]:
        """Yield the numbers of the jobs of a role that have active tasks, and how many of these have each config.

        None and blanks are every role. No tasks are looked at.
        """
        self._count_query(TaskFilter(role=role))
        for number in self.job_numbers(TaskFilter(role=role)):
            configs = self._active.configs_of(number)
            if configs:
                yield number, configs

    def active_jobs(self, role: bytes | None) -> Callable[[], Iterator[ActiveJob]]:
        """Return a function that yields the jobs of a role that have active tasks now, whatever changes before.

        None and blanks are every role. It looks at no tasks but those of jobs whose tasks have several configs.
        """
        found = [(number, set(configs), sum(configs.values())) for number, configs in self.active_configs(role)]
        mixed = {number: self.by_job.rows([number]) for number, configs, _ in found if len(configs) > 1}
        status = self.status[:] if mixed else self.status

        def jobs() -> Iterator[ActiveJob]:
            for number, configs, count in found:
                active = [row for row in mixed.get(number, ()) if status[row] in ACTIVE]
                config = self.latest_config(active) if active else next(iter(configs))
                yield ActiveJob(self.job_names[number], config, count)

        return jobs

    def latest_config(self, rows: Sequence[int]) -> int:
        """Return the number of the config of the task with the latest event; each task is usually read once."""
        configs = set(map(self.config.__getitem__, rows))
        return configs.pop() if len(configs) == 1 else self.config[self._last_changed(rows)]

    def _last_changed(self, rows: Sequence[int]) -> int:
        # Several threads may do this at once: each writes the same times, and more room than rows does no harm.
        times = self._changed_ms
        times.extend(repeat(NOT_READ, len(self.status) - len(times)))
        for row, partial in self.partial_records([row for row in rows if times[row] == NOT_READ]):
            times[row] = _last_event_ms(partial)
        return max(rows, key=times.__getitem__)

    def rewrite(self, task_id: bytes, config: bytes) -> None:
        """Give a task another config; an unknown task id is ignored (rule 17 of docs/wire.md 3.3)."""
        row = self.ids.get(task_id)
        if row is not None:
            _, raw = next(self.records([row]))
            self.save_all([TASK_CONFIG.put(raw, config)])

    def records(self, rows: Iterable[int], shown: Mapping[int, bytes] | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield each row with its ScheduledTask.

        `shown` has the configs to put into the tasks, by their numbers; by default these are the tasks' own.
        """
        configs, config = shown or self.configs.raw, self.config
        for row, partial in self.partial_records(rows):
            yield row, join_config(partial, configs[config[row]])

    def partial_records(self, rows: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Yield each row with its ScheduledTask, which lacks the config."""
        return records(self.spill.fd, rows, self.start, self.length)

    def id_of(self, row: int) -> bytes:
        _, partial = next(self.partial_records([row]))
        assigned = codec.decode(slim.PartialTask, partial).assignedTask
        return (assigned.taskId if assigned else None) or b""

    def config_of(self, row: int) -> bytes:
        return self.configs.raw[self.config[row]]

    def compacted(self) -> "LiveTasks":
        """Return this table, or a copy without the removed rows once these outnumber the tasks."""
        removed = len(self.status) - len(self.ids)
        if removed < max(MIN_REMOVED_ROWS, len(self.ids)):
            return self
        fresh = LiveTasks(self.spill.folder, self._upgrader, self._statistics)
        for _, raw in self.records(super().selection()()):
            fresh.save(raw)
        fresh.spill.flush()
        fresh.enter_new()
        return fresh


def _last_event_ms(task: bytes) -> int:
    events = codec.decode(slim.TaskWithEvents, task).taskEvents
    return (events[-1].timestamp or 0) if events else 0


def _key_of(task: Any) -> Any:
    config = task.assignedTask.task if task.assignedTask else None
    return config.job if config else None


def _job_of(config: bytes) -> JobName:
    key = codec.decode(slim.TaskConfig, config).job
    if key is None:
        raise WireError("a task config has no job", 0)
    return JobName(key.role or b"", key.environment or b"", key.name or b"")
