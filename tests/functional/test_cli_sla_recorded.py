"""The SLA commands that were given to a real 0.22 scheduler, given to a reference scheduler with the same tasks."""

import time
from itertools import groupby

import pytest

from aurora_admin.gen.api.ttypes import ScheduleStatus, TaskEvent
from tests.support.jobs import config, key, restored, task
from tests.support.processes import Scheduler
from tests.support.recorded_cli import comparable, expected, recorded, run_row

# What ran there: the jobs, their instances, and on how many of the six hosts.
JOBS = (("www", "hello", 24, 6), ("www", "web", 12, 6), ("ads", "api", 2, 2))
UPTIME = 600  # in seconds; the rows ask for 60 or less, or for 30 minutes or more
SLA_COMMANDS = ("sla_list_safe_domain", "sla_probe_hosts")


def with_these_tasks():
    """Return the longest series of SLA commands in the session: they were given while these tasks ran."""
    series = groupby(recorded("real-scheduler-0.22.jsonl"), lambda row: row.command in SLA_COMMANDS)
    return max((list(rows) for is_sla, rows in series if is_sla), key=len)


def running(role: str, name: str, instance: int, hosts: int):
    one = task(config(key(name, role), production=True), instance)
    one.assignedTask.slaveHost = f"slave-{instance % hosts + 1}-hostname"
    one.taskEvents = [TaskEvent(int((time.time() - UPTIME) * 1000), ScheduleStatus.RUNNING)]
    return one


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    schedulers: list[Scheduler] = []

    def create() -> Scheduler:
        schedulers.append(Scheduler(tmp_path_factory.mktemp("sla")))
        return schedulers[0].start()

    tasks = [running(role, name, number, hosts) for role, name, count, hosts in JOBS for number in range(count)]
    try:
        yield restored(create, tasks=tasks).url
    finally:
        for one in schedulers:
            one.kill()


@pytest.mark.parametrize("row", with_these_tasks(), ids=lambda row: f"{row.place} {row.line}")
def test_a_recorded_command_line_gives_what_it_gave(row, url, tmp_path):
    assert comparable(row, run_row(row, tmp_path, url)) == expected(row)
