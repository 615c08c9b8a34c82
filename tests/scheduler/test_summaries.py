"""What is told of jobs and of waiting tasks: summaries, pending reasons, populated configs, locks (docs/api.md 1.4)."""

from datetime import datetime, timedelta, timezone

import pytest

from aurora_admin.gen.api.ReadOnlyScheduler import getTierConfigs_result
from aurora_admin.gen.api.ttypes import JobStats, ScheduleStatus, TaskQuery
from aurora_admin.gen.storage.ttypes import StoredCronJob
from aurora_admin.wire import codec
from tests.support.jobs import LONG_AGO, OK, config, cron, job, key, restored, task
from tests.support.places import FIXTURES
from tests.support.processes import Scheduler
from tests.support.recovery import commit, put_backup, stage
from tests.support.thrift_calls import call, code_and_text, post, tasks

S = ScheduleStatus


def groups(running, of):
    """Return the instance ranges of a job by the priority in their config."""
    response = call(running.url, "getConfigSummary", job=of)
    assert code_and_text(response) == OK
    summary = response.result.configSummaryResult.summary
    assert summary.key == of
    found = {one.config.priority: sorted((each.first, each.last) for each in one.instances) for one in summary.groups}
    assert len(found) == len(summary.groups)
    return found


def test_instances_are_in_ranges_by_their_config(scheduler):
    old, new = config(priority=1), config(priority=2)
    stored = {task(old, n) for n in (0, 1, 2, 5, 7, 8)} | {task(new, n) for n in (3, 6)}
    stored |= {task(old, 4, S.FAILED), task(config(key("api"), priority=9), 0)}
    running = restored(scheduler, tasks=stored)
    assert groups(running, key()) == {1: [(0, 2), (5, 5), (7, 8)], 2: [(3, 3), (6, 6)]}
    assert groups(running, key("nosuch")) == {}
    for invalid in (None, key(None), key("a b"), key("web", "")):
        assert code_and_text(call(running.url, "getConfigSummary", job=invalid)) == ("ERROR", "")


def test_an_instance_that_two_tasks_run_is_in_both_groups(scheduler):
    twice = task(config(priority=2), 0)
    twice.assignedTask.taskId = "another"
    running = restored(scheduler, tasks={task(config(priority=1), 0), twice})
    assert groups(running, key()) == {1: [(0, 0)], 2: [(0, 0)]}


def summaries(running, role):
    """Return the job, its stats and its next run, by name."""
    response = call(running.url, "getJobSummary", role=role)
    assert code_and_text(response) == OK
    found = response.result.jobSummaryResult.summaries
    assert len({str(one.job.key) for one in found}) == len(found)
    return {one.job.key.name: (one.job, one.stats, one.nextCronRunMs) for one in found}


def test_every_status_counts_in_one_of_four_sums(scheduler):
    statuses = sorted(S._VALUES_TO_NAMES)
    stored = {task(config(), n, status) for n, status in enumerate(statuses)}
    found, stats, next_run = summaries(restored(scheduler, tasks=stored), "www")["web"]
    assert stats == JobStats(activeTaskCount=8, finishedTaskCount=2, failedTaskCount=2, pendingTaskCount=3)
    assert (found.instanceCount, found.cronSchedule, next_run) == (len(statuses), None, None)


def test_a_job_is_put_together_from_its_latest_task(scheduler):
    def changed(number, ago, status=S.RUNNING):
        return task(config(priority=number), number, status, LONG_AGO - ago)

    stored = {changed(1, 30), changed(2, 20), changed(3, 10, S.FINISHED)}
    stored |= {task(config(key("over"), priority=n), n, S.KILLED, LONG_AGO - n) for n in (1, 2)}
    found = summaries(restored(scheduler, tasks=stored), None)
    assert (found["web"][0].taskConfig.priority, found["web"][0].instanceCount) == (2, 3)
    assert (found["over"][0].taskConfig.priority, found["over"][0].instanceCount) == (1, 2)


def test_a_cron_job_is_there_as_it_is_stored_with_its_next_run(scheduler):
    hourly, yearly, other = job("hourly", instances=3), job("broken"), job("other", role="db")
    stored = {task(hourly.taskConfig, n, S.FINISHED) for n in range(2)} | {task(hourly.taskConfig, 2)}
    broken = StoredCronJob(yearly)
    yearly.cronSchedule = "never"
    running = restored(scheduler, tasks=stored, cronJobs={cron(hourly), cron(other), broken})
    found = summaries(running, "www")
    assert found.keys() == {"hourly", "broken"}
    described, stats, next_run = found["hourly"]
    assert (described.instanceCount, described.cronSchedule) == (3, "0 * * * *")
    assert stats == JobStats(1, 2, 0, 0)
    now = datetime.now(timezone.utc)
    due = datetime.fromtimestamp(next_run / 1000, timezone.utc)
    assert (due.minute, due.second) == (0, 0)
    assert timedelta(minutes=-1) < due - now <= timedelta(hours=1)
    assert found["broken"][1:] == (JobStats(0, 0, 0, 0), None)
    assert summaries(running, None).keys() == {"hourly", "broken", "other"}
    # A blank role selects every task and no cron job: those with tasks are put together from these.
    blank = summaries(running, " ")
    assert {name: one[0].cronSchedule for name, one in blank.items()} == {"hourly": None}
    assert summaries(running, "nobody") == {}


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    one = Scheduler(tmp_path_factory.mktemp("waiting") / "scheduler")
    stored = {task(config(), n, S.PENDING) for n in range(3)} | {task(config(), 3, S.THROTTLED), task(config(), 4)}
    stored |= {task(config(key("api", role="db")), 0, S.PENDING)}
    yield restored(one.start, tasks=stored)
    one.kill()


def pending(running, query):
    response = call(running.url, "getPendingReason", query=query)
    assert code_and_text(response) == OK
    reasons = response.result.getPendingReasonResult.reasons
    assert {one.reason for one in reasons} <= {""}
    return {one.taskId for one in reasons}


WAITING = {f"www-prod-web-{number}" for number in range(3)}


def test_every_pending_task_has_a_reason(waiting):
    assert pending(waiting, TaskQuery()) == {*WAITING, "db-prod-api-0"}
    assert pending(waiting, TaskQuery(role="www", statuses=set(), slaveHosts=set())) == WAITING
    assert pending(waiting, TaskQuery(instanceIds={1, 4})) == {"www-prod-web-1"}
    assert pending(waiting, TaskQuery(role="nobody")) == set()
    assert len(pending(waiting, TaskQuery(offset=1, limit=2))) == 2
    assert len(pending(waiting, TaskQuery(offset=3, limit=0))) == 1


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (None, None),
        (TaskQuery(statuses={77}, role="www"), "Statuses is not supported in TaskQuery(role:www, statuses:[null])"),
        (TaskQuery(slaveHosts={"b", "a"}), "SlaveHosts are not supported in TaskQuery(slaveHosts:[a, b])"),
        (
            TaskQuery(statuses={S.PENDING}, jobKeys={key()}, limit=5, instanceIds={3}, environment="prod"),
            (
                "Statuses is not supported in TaskQuery(environment:prod, statuses:[PENDING], "
                "instanceIds:[3], jobKeys:[JobKey(role:www, environment:prod, name:web)], limit:5)"
            ),
        ),
    ],
)
def test_a_query_that_cannot_be_of_waiting_tasks_is_refused(waiting, query, text):
    response = call(waiting.url, "getPendingReason", query=query)
    assert code_and_text(response) == (("ERROR", "") if text is None else ("INVALID_REQUEST", text))


def test_a_config_is_populated_and_nothing_is_created(scheduler):
    running = scheduler()
    response = call(running.url, "populateJobConfig", description=job(tier=None))
    assert code_and_text(response) == OK
    populated = response.result.populateJobResult.taskConfig
    assert (populated.tier, populated.production, populated.priority) == ("preemptible", False, 0)
    assert tasks(running.url) == {}
    assert code_and_text(call(running.url, "populateJobConfig", description=None)) == ("ERROR", "")
    assert code_and_text(call(running.url, "populateJobConfig", description=job(tier="gold"))) == (
        "INVALID_REQUEST",
        "Invalid configuration: Invalid tier 'gold' in TaskConfig.",
    )


def locks(running):
    """Call getLocks, which the IDL does not have, as a client of 0.12 does; return token, user and job of each."""
    message = b"\x80\x01\x00\x01\x00\x00\x00\x08getLocks\x00\x00\x00\x01"
    status, _, reply = post(running.url, message + b"\x00")
    assert status == 200
    response = codec.decode(getTierConfigs_result, reply[len(message) :]).success
    assert code_and_text(response) == OK
    found = response.result.getLocksResult.locks
    return sorted((one.token, one.user, one.key.job.name) for one in found)


def test_the_locks_of_an_old_release_are_listed(scheduler):
    """Those that an update still holds; a restore leaves the others out."""
    running = scheduler()
    assert locks(running) == []
    stage(running, put_backup(running, (FIXTURES / "backups" / "era-008").read_bytes()))
    commit(running)
    running.start()
    assert locks(running) == [("lock-hello-3", "bob", "hello"), ("lock-ranker-1", "bob", "ranker")]
