"""The live tasks: the same columns as a staged backup's, with the configs kept once and the rest on disk."""

import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aurora_admin.backup.file import records
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.scheduler.state.spill import Spill
from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.snapshot.configs import ASSIGNED_TASK, Configs, join_config
from aurora_admin.snapshot.task_table import EVERY_TASK, GONE, JobName, TaskFilter, TaskTable
from aurora_admin.snapshot.upgrade import SANDBOX_DELETED, TASK_CONFIG, Upgrader, is_valid_job
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.reader import Reader

# Below this many dead rows a rebuild frees too little to be worth the work.
FEW_ROWS = 10_000
# Header of DeduplicatedScheduledTask.taskConfigId (2, i32), the last field before STOP.
CONFIG_ID_HEADER = b"\x08\x00\x02"
CONFIG_ID = struct.Struct("!3siB").pack
# What a ScheduledTask has before it and behind it inside a DeduplicatedScheduledTask.
HEAD, HEAD_LENGTH, TAIL_LENGTH = ASSIGNED_TASK, 3, 8


class LiveTasks(TaskTable):
    """A task table whose records change: a changed task gets a new row and its old one is marked GONE.

    A row therefore never changes, and its bytes can be read without a lock.

    Attributes:
        statuses: how many tasks are in each state; kept up to date, so that nobody has to look at a million of them.
        placed: how many tasks have a host.
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

    def save(self, raw: bytes) -> int | None:
        """Add a ScheduledTask, in today's shape, or replace the one of the same id; return the row of that.

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
            self._uncount([former])
            self.status[former] = GONE
        self.ids[assigned.taskId] = len(self.status)
        self.job.append(job)
        self.host.append(self.host_number(assigned.slaveHost))
        self.instance.append(assigned.instanceId or 0)
        self.config.append(config)
        self.start.append(self.spill.append(partial))
        self.length.append(len(partial))
        self.status.append(task.status)
        self.statuses[task.status] += 1
        self.placed += bool(assigned.slaveHost)
        return former

    def load(self, reader: Reader, count: int) -> None:
        """Take in the partialTasks of a DeduplicatedSnapshot; load_configs() must follow.

        They are spilled as they come, with what they are wrapped in; only a task that stands elsewhere in its wrapping
        than every writer puts it is cut out.
        """
        ids, hosts, first, window = self.ids, self.hosts, len(self.status), reader.window
        row = first
        add_host, add_instance, add_config = self.host.append, self.instance.append, self.config.append
        add_start, add_length, add_status = self.start.append, self.length.append, self.status.append
        # The ends of all elements, by their configs.
        tails: dict[int, bytes] = {}
        elsewhere: dict[int, bytes] = {}
        shift = self.spill.size - window.position
        element: Any
        try:
            with window.copied_to(self.spill.append):
                for begin, element, end in reader.structs(slim.DeduplicatedTask, count):
                    task, config = element.partialScheduledTask, element.taskConfigId
                    assigned, base, raw = task.assignedTask, window.base, window.cstringio_buf.getvalue()
                    tail = tails.get(config) or tails.setdefault(config, CONFIG_ID(CONFIG_ID_HEADER, config, 0))
                    if not (raw.startswith(HEAD, begin - base) and raw.startswith(tail, end - TAIL_LENGTH - base)):
                        elsewhere[row] = _inside(reader.slice(begin, end))
                    ids[assigned.taskId] = row
                    row += 1
                    host = hosts.get(assigned.slaveHost)
                    add_host(self.host_number(assigned.slaveHost) if host is None else host)
                    add_instance(assigned.instanceId or 0)
                    add_config(config)
                    add_start(begin + shift + HEAD_LENGTH)
                    add_length(end - begin - HEAD_LENGTH - TAIL_LENGTH)
                    add_status(task.status)
        except (AttributeError, TypeError, OverflowError, struct.error):
            raise WireError("a task lacks its id, its status or its config", reader.position) from None
        if len(ids) != len(self.status):
            raise WireError("two tasks have one id", reader.position)
        for row, partial in elsewhere.items():
            self.start[row], self.length[row] = self.spill.append(partial), len(partial)
        self.statuses.update(self.status[first:])
        self.placed += len(ids) - first - self.host[first:].count(0)

    def load_configs(self, configs: Iterable[bytes]) -> None:
        """Take in the taskConfigs of a DeduplicatedSnapshot and settle whose task each is."""
        numbers = array("I", map(self.configs.number, configs))
        jobs = array("I", (self.job_number(_job_of(self.configs.raw[number])) for number in numbers))
        try:
            self.job.extend(map(jobs.__getitem__, self.config))
            if numbers != array("I", range(len(numbers))):
                self.config = array("I", map(numbers.__getitem__, self.config))
        except IndexError:
            raise WireError(
                f"DeduplicatedScheduledTask referenced invalid task index (there are {len(numbers)})", 0
            ) from None
        self.spill.flush()
        if self.statuses[SANDBOX_DELETED]:
            deleted = [row for row, status in enumerate(self.status) if status == SANDBOX_DELETED]
            self.save_all([raw for _, raw in self.records(deleted)])

    def save_all(self, tasks: Iterable[bytes]) -> None:
        """Add or replace tasks that were given together.

        Raises:
            WireError: two of them have one id and differ, or one lacks something.
        """
        first = len(self.status)
        for raw in tasks:
            row = self.save(raw)
            if row is not None and row >= first:
                self.spill.flush()
                if not same(*(task for _, task in self.records([row, len(self.status) - 1]))):
                    raise WireError("Proposed new tasks would create task ID collision.", 0)
        self.spill.flush()

    def remove(self, rows: Iterable[int], task_ids: Iterable[bytes] | None = None) -> None:
        gone = set(rows)
        self._uncount(gone)
        super().remove(gone, task_ids)

    def _uncount(self, rows: Iterable[int]) -> None:
        for row in rows:
            self.statuses[self.status[row]] -= 1
            self.placed -= self.host[row] != 0

    def select(self, wanted: TaskFilter = EVERY_TASK) -> Sequence[int]:
        """Return the rows of the tasks that match, in ascending order; count the query by what narrows it most."""
        by_job = any((wanted.role, wanted.environment, wanted.name, wanted.jobs))
        kind = "by_id" if wanted.task_ids else "by_job" if by_job else "by_host" if wanted.hosts else "all"
        self._statistics[f"task_queries_{kind}"] += 1
        return super().select(wanted)

    def rewrite(self, task_id: bytes, config: bytes) -> None:
        """Give a task another config; nothing happens where there is no such task (rule 17 of docs/wire.md 3.3)."""
        row = self.ids.get(task_id)
        if row is not None:
            _, raw = next(self.records([row]))
            self.save_all([TASK_CONFIG.put(raw, config)])

    def records(self, rows: Iterable[int], shown: Mapping[int, bytes] | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield each row with its whole ScheduledTask, on request with another config in the place of its own."""
        configs, config = shown or self.configs.raw, self.config
        for row, partial in self.partial_records(rows):
            yield row, join_config(partial, configs[config[row]])

    def partial_records(self, rows: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        return records(self.spill.fd, rows, self.start, self.length)

    def id_of(self, row: int) -> bytes:
        _, partial = next(self.partial_records([row]))
        assigned = codec.decode(slim.PartialTask, partial).assignedTask
        return (assigned.taskId if assigned else None) or b""

    def config_of(self, row: int) -> bytes:
        return self.configs.raw[self.config[row]]

    def compacted(self) -> "LiveTasks":
        """Return this table, or one without the dead rows once these outnumber the live ones."""
        dead = len(self.status) - len(self.ids)
        if dead < max(FEW_ROWS, len(self.ids)):
            return self
        fresh = LiveTasks(self.spill.folder, self._upgrader, self._statistics)
        for _, raw in self.records(super().select()):
            fresh.save(raw)
        fresh.spill.flush()
        return fresh


def _key_of(task: Any) -> Any:
    config = task.assignedTask.task if task.assignedTask else None
    return config.job if config else None


def _job_of(config: bytes) -> JobName:
    key = codec.decode(slim.TaskConfig, config).job
    if key is None:
        raise WireError("a task config has no job", 0)
    return JobName(key.role or b"", key.environment or b"", key.name or b"")


def _inside(element: bytes) -> bytes:
    """Return the ScheduledTask inside a DeduplicatedScheduledTask."""
    task = fields.get(element, 1)
    if task is None:
        raise WireError("an element of partialTasks has no task", 0)
    return task
