"""The indexes and counts of the live tasks against a plain model, whatever changes the tasks."""

import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_admin.gen.api.ttypes import ScheduleStatus
from aurora_admin.scheduler.state.joining import joined
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.transitions import ACTIVE
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.snapshot import row_index, task_table, writer
from aurora_admin.snapshot.paths import TASK_CONFIG
from aurora_admin.snapshot.task_table import JobName, TaskFilter
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire.codec import encode
from tests.support.jobs import LONG_AGO, config, key, task
from tests.support.replay import replay

ROLES = ("www", "db")
STATUSES = (ScheduleStatus.PENDING, ScheduleStatus.RUNNING, ScheduleStatus.FINISHED)
HOSTS = (None, "host-1", "a-host-with-a-longer-name")


class Task(NamedTuple):
    """A task of the model; `number` is the number in its job, and with the job its id."""

    role: str
    name: str
    number: int
    priority: int
    status: int
    host: str | None
    agent: str | None
    changed_ms: int

    @property
    def job(self):
        return JobName(self.role.encode(), b"prod", self.name.encode())

    @property
    def task_id(self):
        return f"{self.role}-prod-{self.name}-{self.number}".encode()

    def matches(self, wanted):
        """Return whether all conditions of a filter hold (docs/api.md 2)."""
        given = (wanted.role if (wanted.role or b"").strip() else None, wanted.environment, wanted.name)
        return (
            all(part in (None, own) for part, own in zip(given, self.job, strict=True))
            and (not wanted.jobs or self.job in wanted.jobs)
            and (not wanted.task_ids or self.task_id in wanted.task_ids)
            and (not wanted.statuses or self.status in wanted.statuses)
            and (not wanted.instances or self.number in wanted.instances)
            and (not wanted.hosts or (self.host or "").encode() in wanted.hosts - {b""})
        )


@cache
def encoded_config(role, name, priority):
    """Return a config as it is after the upgrades; its sets are not encoded in the same order twice."""
    return Upgrader().config(encode(config(key(name, role), priority=priority)))


@cache
def encoded(one):
    stored = task(config(key(one.name, one.role)), one.number, one.status, one.changed_ms)
    stored.assignedTask.slaveHost, stored.assignedTask.slaveId = one.host, one.agent
    return TASK_CONFIG.put(encode(stored), encoded_config(one.role, one.name, one.priority))


tasks = st.builds(
    Task,
    role=st.sampled_from(ROLES),
    name=st.sampled_from(("web", "api")),
    number=st.integers(0, 3),
    priority=st.integers(0, 1),
    status=st.sampled_from(STATUSES),
    host=st.sampled_from(HOSTS),
    agent=st.sampled_from((None, "S1", "S12345")),
    changed_ms=st.integers(LONG_AGO, LONG_AGO + 2),
)
jobs = st.builds(
    lambda role, name: JobName(role.encode(), b"prod", name), st.sampled_from(ROLES), st.sampled_from((b"web", b"api"))
)
some = st.frozensets
filters = st.builds(
    TaskFilter,
    role=st.sampled_from((None, b" ", b"www", b"db", b"other")),
    environment=st.sampled_from((None, b"prod", b"")),
    name=st.sampled_from((None, b"web", b"other")),
    task_ids=some(st.sampled_from((b"www-prod-web-0", b"db-prod-api-1", b"unknown")), max_size=2),
    statuses=some(st.sampled_from(STATUSES), max_size=2),
    instances=some(st.integers(0, 4), max_size=2),
    hosts=some(st.sampled_from((b"", b"host-1", b"a-host-with-a-longer-name", b"unknown")), max_size=2),
    jobs=some(jobs, max_size=2),
)
# One kind of condition at a time is what users ask for, and what takes an index.
simple = st.builds(
    lambda field, whole: TaskFilter(**{field: getattr(whole, field)}), st.sampled_from(TaskFilter._fields), filters
)
steps = st.one_of(
    st.tuples(st.just("save"), st.lists(tasks, min_size=1, max_size=6, unique_by=lambda one: one.task_id)),
    st.tuples(st.just("remove"), filters),
    st.tuples(st.sampled_from(("compact", "reload")), st.none()),
)


class Pair:
    """A table of live tasks, and a model of it: the tasks by id, in the order in which they were saved."""

    def __init__(self, folder):
        self.folder = folder
        self.stores = Stores(folder)
        self.model = {}

    @property
    def table(self):
        return self.stores.tasks

    def take(self, kind, argument):
        """Carry out a step on both."""
        if kind == "save":
            self.table.save_all(map(encoded, argument))
            for one in argument:
                self.model.pop(one.task_id, None)
                self.model[one.task_id] = one
        elif kind == "remove":
            self.table.remove(self.table.select(argument))
            self.model = {task_id: one for task_id, one in self.model.items() if not one.matches(argument)}
        elif kind == "compact":
            self.stores.tasks = self.table.compacted()
        else:
            self.stores = replay([b"".join(writer.deduplicated_entry(StateView(self.stores, 1)))], self.folder)

    def check(self, wanted):
        """Compare what a filter selects, and the bytes of a reply with it; change the table in between."""
        table, expected = self.table, [one for one in self.model.values() if one.matches(wanted)]
        select, active_jobs, active = table.selection(wanted), table.active_jobs(None), self.active_jobs(None)
        self.take("remove", TaskFilter(role=b"db"))
        self.take("save", [Task("www", "web", 0, 0, ScheduleStatus.RUNNING, None, None, LONG_AGO)])
        assert self.shown(active_jobs()) == active
        rows = select()
        raw = [raw for _, raw in table.records(rows)]
        assert raw == list(map(encoded, expected))
        assert b"".join(joined(table, rows, table.configs.raw)) == b"".join(raw)

    def check_counts(self):
        """Compare what getJobs and getRoleSummary are made of."""
        present = Counter(one.job for one in self.model.values())
        assert {job: self.table.by_job.count(number) for job, number in self.table.jobs.items()} == {
            job: present[job] for job in self.table.jobs
        }
        for role in (None, b" ", b"www", b"other"):
            assert self.shown(self.table.active_jobs(role)()) == self.active_jobs(role)

    def active_jobs(self, role):
        """Return what the model has of the jobs with active tasks."""
        expected = {}
        for one in self.model.values():
            if one.matches(TaskFilter(role=role, statuses=ACTIVE)):
                changed, raw, count = expected.get(one.job, (-1, b"", 0))
                if one.changed_ms > changed:
                    changed, raw = one.changed_ms, encoded_config(one.role, one.name, one.priority)
                expected[one.job] = changed, raw, count + 1
        return sorted((job, raw, count) for job, (_, raw, count) in expected.items())

    def shown(self, jobs):
        return sorted((job.key, self.table.configs.raw[job.config], job.tasks) for job in jobs)


@pytest.fixture(params=[0, 1000], ids=["without the lock", "under the lock"])
def small_tables(request, monkeypatch):
    """Treat tables of a few rows as large ones are treated."""
    monkeypatch.setattr(task_table, "FEW_ROWS", request.param)
    monkeypatch.setattr("aurora_admin.scheduler.state.live_tasks.MIN_REMOVED_ROWS", 1)


@pytest.mark.usefixtures("small_tables")
def test_filters_and_counts_are_right_whatever_happened():
    """A property in a function, so that it has the fixture."""

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(steps, st.booleans()), max_size=10), st.one_of(filters, simple))
    def compare(history, wanted):
        with tempfile.TemporaryDirectory() as folder:
            pair = Pair(folder)
            for (kind, argument), is_used in history:
                pair.take(kind, argument)
                if is_used:  # an index is brought up to date when it is used
                    pair.check_counts()
                    assert len(pair.table.select(wanted)) == sum(one.matches(wanted) for one in pair.model.values())
            pair.check_counts()
            pair.check(wanted)

    compare()


def test_rows_of_a_job_that_restarts_do_not_pile_up(tmp_path):
    table = Stores(str(tmp_path)).tasks
    name, host = JobName(b"www", b"prod", b"web"), frozenset({b"host-1"})
    for turn in range(1000):
        table.save_all([encoded(Task("www", "web", 0, turn % 7, ScheduleStatus.RUNNING, "host-1", "S1", LONG_AGO))])
        assert len(table.select(TaskFilter(jobs=frozenset({name})))) == 1
        assert len(table.select(TaskFilter(hosts=host))) == 1
        assert [job.tasks for job in table.active_jobs(None)()] == [1]
    number = table.jobs[name]
    assert len(table.by_job.rows([number])) <= 2
    assert len(table.by_host.rows([table.hosts[b"host-1"]])) <= 2
    assert len(table._active.configs_of(number)) == 1


def test_a_row_that_is_gone_before_the_index_is_used_is_not_in_it():
    """Loading a log of a million restarts leaves no trace."""
    table = task_table.TaskTable()
    number = table.job_number(JobName(b"www", b"prod", b"web"))
    for column, value in ((table.job, number), (table.host, 0), (table.instance, 0), (table.status, row_index.GONE)):
        column.extend([value] * 5)
    assert len(table.by_job.rows([number])) == table.by_job.count(number) == 0


def test_tasks_that_are_far_from_each_other_or_large_are_joined_too(tmp_path: Path):
    table = Stores(str(tmp_path)).tasks
    for number in range(40):
        stored = task(config(key(f"job-{number % 3}")), number)
        stored.taskEvents[0].message = "x" * (400_000 if number % 5 == 0 else 30)
        table.save_all([encode(stored)])
    shown = table.configs.raw
    for rows in (range(40), [0, 39], [1, 2, 38], range(5, 40, 5), []):
        raw = b"".join(raw for _, raw in table.records(rows))
        pieces = list(joined(table, rows, shown))
        assert b"".join(pieces) == raw
        assert all(len(piece) < 3 << 20 for piece in pieces)


def test_a_truncated_file_of_tasks_is_noticed(tmp_path):
    table = Stores(str(tmp_path)).tasks
    table.save_all([encode(task(config(), number)) for number in range(9)])
    with open(f"/proc/self/fd/{table.spill.fd}", "r+b") as file:
        file.truncate(table.spill.size - 1)
    with pytest.raises(EOFError):
        list(joined(table, range(9), table.configs.raw))
    assert list(joined(table, range(8), table.configs.raw))
