"""Any TaskQuery selects what a plain model of docs/api.md 2 selects."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_admin.gen.api.ttypes import JobKey, ScheduleStatus, TaskQuery
from tests.support.jobs import config, key, restored, task
from tests.support.processes import Scheduler
from tests.support.thrift_calls import call, code_and_text

S = ScheduleStatus
ROLES, ENVIRONMENTS, JOBS = ("www", "db"), ("prod", "devel"), ("web", "api")
STATUSES = (S.PENDING, S.RUNNING, S.FINISHED)
KEYS = [(role, environment, job) for role in ROLES for environment in ENVIRONMENTS for job in JOBS]
STORED = [
    task(config(key(job, role, environment)), instance, STATUSES[(number + instance) % 3])
    for number, (role, environment, job) in enumerate(KEYS)
    for instance in range(4)
]
IDS = [one.assignedTask.taskId for one in STORED]

# Values that tasks have, and others that are unknown, blank or invalid.
roles = st.none() | st.sampled_from((*ROLES, "nobody", "", " ", "a b", "WWW"))
environments = st.none() | st.sampled_from((*ENVIRONMENTS, "test", "", "a b"))
names = st.none() | st.sampled_from((*JOBS, "nosuch", "", "a b"))
keys = st.builds(JobKey, roles, environments, names) | st.sampled_from(KEYS).map(lambda parts: JobKey(*parts))


def some(values):
    return st.none() | st.sets(st.sampled_from(values), max_size=3)


queries = st.builds(
    TaskQuery,
    role=roles,
    environment=environments,
    jobName=names,
    taskIds=some([*IDS, "nosuch", ""]),
    statuses=some([*STATUSES, S.LOST, 77]) | some(STATUSES),
    instanceIds=some([0, 1, 2, 3, 9, -1]),
    slaveHosts=some(["host-0", "host-1", "host-3", "nosuch", ""]),
    jobKeys=st.none() | st.lists(keys, max_size=2).map(set),
    offset=st.none() | st.integers(-2, 40),
    limit=st.none() | st.integers(-2, 40),
)


def is_valid(*parts):
    return all(part is not None and re.fullmatch(r"[\w.-]+", part, re.ASCII) for part in parts)


def is_refused(query):
    if any(status not in S._VALUES_TO_NAMES for status in query.statuses or ()):
        return True
    if query.taskIds:
        return False
    triple = (query.role, query.environment, query.jobName)
    if (None not in triple or (query.jobKeys and query.jobName is not None)) and not is_valid(*triple):
        return True
    return any(not is_valid(one.role, one.environment, one.name) for one in query.jobKeys or ())


def matches(query, one):
    assigned, job = one.assignedTask, one.assignedTask.task.job
    wanted_keys = {(wanted.role, wanted.environment, wanted.name) for wanted in query.jobKeys or ()}
    return all(
        (
            not (query.role or "").strip() or job.role == query.role,
            query.environment is None or job.environment == query.environment,
            query.jobName is None or job.name == query.jobName,
            not query.taskIds or assigned.taskId in query.taskIds,
            not query.statuses or one.status in query.statuses,
            not query.instanceIds or assigned.instanceId in query.instanceIds,
            not query.slaveHosts or assigned.slaveHost in query.slaveHosts,
            not wanted_keys or (job.role, job.environment, job.name) in wanted_keys,
        )
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    one = Scheduler(tmp_path_factory.mktemp("model") / "scheduler")
    yield restored(one.start, tasks=set(STORED))
    one.kill()


def selected(running, method, query):
    """Return the ids that a query selects, in their order; None if it is refused."""
    response = call(running.url, method, query=query)
    code, _ = code_and_text(response)
    if code == "ERROR":
        return None
    assert code == "OK"
    return [one.assignedTask.taskId for one in response.result.scheduleStatusResult.tasks]


@settings(deadline=None, max_examples=400)
@given(query=queries)
def test_a_query_selects_what_the_model_selects(running, query):
    offset, limit = query.offset, query.limit
    query.offset = query.limit = None
    everything = selected(running, "getTasksStatus", query)
    if is_refused(query):
        assert everything is None
    else:
        assert sorted(everything) == sorted(one.assignedTask.taskId for one in STORED if matches(query, one))
        assert len(set(everything)) == len(everything)
    query.offset, query.limit = offset, limit
    page = everything and everything[max(offset or 0, 0) :][: limit if (limit or 0) > 0 else None]
    for method in ("getTasksStatus", "getTasksWithoutConfigs"):
        assert selected(running, method, query) == page


@settings(deadline=None, max_examples=100)
@given(query=queries)
def test_waiting_tasks_are_those_of_the_model(running, query):
    query.statuses, query.slaveHosts = set(), None
    query.offset = query.limit = None
    response = call(running.url, "getPendingReason", query=query)
    if is_refused(query):
        assert code_and_text(response)[0] == "ERROR"
        return
    found = {one.taskId for one in response.result.getPendingReasonResult.reasons}
    wanted = (one for one in STORED if matches(query, one) and one.status == S.PENDING)
    assert found == {one.assignedTask.taskId for one in wanted}
