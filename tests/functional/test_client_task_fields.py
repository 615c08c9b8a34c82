"""Tasks of a reply by the names of their fields: of every release alike, and without keeping them."""

import tracemalloc

import pytest

from aurora_admin.client.python2 import display
from aurora_admin.client.selection import Selection
from aurora_admin.client.task_fields import COMMON, all_fields, common_fields, whole_tasks
from aurora_admin.gen.api.ttypes import Identity, Result, ScheduledTask, ScheduleStatusResult, TaskConfig
from tests.support import jobs
from tests.support.fake_scheduler import FakeScheduler, reply_with


def replying(*tasks, **options):
    return reply_with(
        "getTasksStatus", result=Result(scheduleStatusResult=ScheduleStatusResult(list(tasks))), **options
    )


def tasks_of(server):
    return server.client().scheduler.tasks("getTasksStatus", Selection())


def old_task(number):
    """A task as 0.5.0 sent it, without a job key."""
    task = jobs.task(jobs.config(jobs.key()), number)
    task.assignedTask.task = TaskConfig(owner=Identity("user", "www"), environment="prod", jobName="web")
    return task


@pytest.mark.parametrize("is_binary", [True, False])
def test_the_common_fields_are_those_of_the_whole_task(is_binary):
    found = [jobs.task(jobs.config(jobs.key()), number) for number in range(3)] + [old_task(3)]
    with FakeScheduler([replying(*found, binary=is_binary)]) as server:
        common = [{name: fields[name] for name in COMMON} for fields in common_fields(tasks_of(server))]
        whole = [{name: fields[name] for name in COMMON} for fields in all_fields(tasks_of(server))]
    assert common == whole
    assert [fields["name"] for fields in common] == ["web"] * 4


@pytest.mark.parametrize("read", [common_fields, all_fields, whole_tasks])
def test_tasks_are_not_kept(read):
    config = jobs.config(jobs.key(), contactEmail="x" * 2000)
    many = replying(*[jobs.task(config, number) for number in range(5000)], chunk=1 << 15)
    with FakeScheduler([many]) as server:
        reply = tasks_of(server)
        tracemalloc.start()
        try:
            assert sum(1 for _ in read(reply)) == 5000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 5 << 20, "11 MB were read with more than a window or two of memory"


def test_a_task_has_its_job_key_in_every_release():
    with FakeScheduler([replying(old_task(1))]) as server:
        [task] = whole_tasks(tasks_of(server), "www")
        assert isinstance(task, ScheduledTask)
        assert display(task.assignedTask.task.job) == "JobKey(environment=u'prod', role=u'www', name=u'web')"
        assert list(whole_tasks(tasks_of(server), "ads")) == []
