"""Queries of live tasks: which tasks they select, and which queries are refused (docs/api.md 2)."""

import pytest

from aurora_admin.gen.api.ttypes import ScheduleStatus, TaskQuery
from tests.support.jobs import config, key, restored, task
from tests.support.processes import Scheduler
from tests.support.thrift_calls import call, code_and_text, tasks

WEB = {f"www-prod-web-{instance}" for instance in range(5)}
PENDING = "db-prod-web-0"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A scheduler with five tasks of www/prod/web, each on a host of its own, and a pending task of db/prod/web."""
    scheduler = Scheduler(tmp_path_factory.mktemp("queries") / "scheduler")
    stored = {task(config(), instance) for instance in range(5)}
    stored |= {task(config(key(role="db")), status=ScheduleStatus.PENDING)}
    try:
        yield restored(scheduler.start, tasks=stored)
    finally:
        scheduler.kill()


@pytest.mark.parametrize(
    ("query", "selected"),
    [
        (TaskQuery(), {*WEB, PENDING}),
        (TaskQuery(role="www"), WEB),
        (TaskQuery(role=" "), {*WEB, PENDING}),
        (TaskQuery(environment=""), set()),
        (TaskQuery(jobName="web"), {*WEB, PENDING}),
        (TaskQuery(jobName="other"), set()),
        (TaskQuery(jobKeys={key(role="db")}), {PENDING}),
        (TaskQuery(role="www", environment="prod", jobName="web", jobKeys={key(role="db")}), set()),
        (TaskQuery(taskIds={"www-prod-web-3", "unknown"}), {"www-prod-web-3"}),
        (TaskQuery(taskIds={"www-prod-web-3"}, role="db"), set()),
        (TaskQuery(statuses={ScheduleStatus.PENDING}), {PENDING}),
        (TaskQuery(instanceIds={0, 7}), {"www-prod-web-0", PENDING}),
        (TaskQuery(slaveHosts={"host-1", "host-9"}), {"www-prod-web-1"}),
        (TaskQuery(slaveHosts={""}), set()),
        (TaskQuery(taskIds=set(), statuses=set(), instanceIds=set(), slaveHosts=set(), jobKeys=set()), {*WEB, PENDING}),
    ],
)
def test_a_task_is_selected_if_all_restrictions_hold(running, query, selected):
    assert tasks(running.url, query).keys() == selected


@pytest.mark.parametrize(
    ("offset", "limit", "count"),
    [(None, None, 6), (0, 0, 6), (-1, -1, 6), (2, None, 4), (None, 2, 2), (5, 2, 1), (6, 1, 0), (-3, 4, 4)],
)
def test_offset_and_limit_select_a_page(running, offset, limit, count):
    found = call(running.url, "getTasksStatus", query=TaskQuery(offset=offset, limit=limit))
    assert len(found.result.scheduleStatusResult.tasks) == count


def test_pages_of_unchanged_tasks_are_disjoint_and_complete(running):
    pages = [tasks(running.url, TaskQuery(offset=offset, limit=2)).keys() for offset in (0, 2, 4)]
    assert sorted(task_id for page in pages for task_id in page) == sorted({*WEB, PENDING})


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (None, ""),
        (TaskQuery(statuses={77}), ""),
        (TaskQuery(role="", environment="prod", jobName="web"), ""),
        (TaskQuery(role="a b", environment="prod", jobName="web"), ""),
        (TaskQuery(jobKeys={key()}, jobName="web"), ""),
        (
            TaskQuery(jobKeys={key(None)}),
            "Invalid job key format: IJobKey{role=www, environment=prod, name=null}",
        ),
        (
            TaskQuery(jobKeys={key("a b")}),
            "Invalid job key format: IJobKey{role=www, environment=prod, name=a b}",
        ),
    ],
)
@pytest.mark.parametrize("method", ["getTasksStatus", "getTasksWithoutConfigs"])
def test_an_invalid_query_is_refused(running, method, query, text):
    assert code_and_text(call(running.url, method, query=query)) == ("ERROR", text)


def test_task_ids_make_an_invalid_job_scope_irrelevant(running):
    query = TaskQuery(taskIds={"www-prod-web-3"}, role="a b", environment="prod", jobName="web")
    assert tasks(running.url, query) == {}
