"""Jobs on a running scheduler: created, returned, killed, and kept through a power cut."""

import re

import pytest
from thrift.Thrift import TType

from aurora_admin.gen.api.AuroraSchedulerManager import createJob_args
from aurora_admin.gen.api.constants import ACTIVE_JOB_UPDATE_STATES
from aurora_admin.gen.api.ttypes import (
    JobConfiguration,
    JobKey,
    JobUpdateStatus,
    ScheduledTask,
    ScheduleStatus,
    TaskConfig,
    TaskEvent,
)
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.scheduler.api.handlers.jobs import create_job
from aurora_admin.scheduler.api.outcome import Refusal
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.storage.engine import LogFull
from aurora_admin.wire import fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.codec import decode, encode
from aurora_admin.wire.path import path
from tests.support.jobs import (
    LONG_AGO,
    OK,
    config,
    create,
    cron,
    entries_written,
    job,
    key,
    power_cut,
    quota,
    resources,
    restored,
    snapshot,
    task,
    update,
)
from tests.support.thrift_calls import call, code_and_text, post, request, tasks

CONTACT_EMAIL = path(TaskConfig, "contactEmail")
TASK_CONFIG = path(ScheduledTask, "assignedTask.task")
SNAPSHOT_TASKS = path(Snapshot, "tasks")
NOTHING_TO_KILL = ("OK", "No tasks to kill.")
JOB_UPDATING = ("JOB_UPDATING_ERROR", "Job is currently updating")


def kill(running, of, *instances, **arguments):
    return code_and_text(call(running.url, "killTasks", job=of, instances=set(instances), **arguments))


def test_a_created_job_survives_a_power_cut(scheduler):
    running = scheduler()
    assert create(running, job(instances=3, isService=True)) == OK
    created = tasks(running.url)
    assert sorted(one.assignedTask.instanceId for one in created.values()) == [0, 1, 2]
    assert {one.status for one in created.values()} == {ScheduleStatus.PENDING}
    power_cut(running)
    kept = tasks(running.url)
    assert kept.keys() == created.keys()
    assert all(same(created[task_id], kept[task_id]) for task_id in created)


def test_a_task_id_has_job_instance_and_uuid_with_other_characters_replaced(scheduler):
    running = scheduler()
    assert create(running, job("web.v1_2", instances=1, role="www.data", environment="staging12")) == OK
    assert re.fullmatch(r"www-data-staging12-web-v1_2-0(-[0-9a-f]+){5}", *tasks(running.url))


def test_a_created_task_has_every_field_that_a_real_scheduler_sets(scheduler, fixtures):
    """The config of a recorded task, without the fields that a scheduler sets, gives the recorded task."""
    raw = (fixtures / "backups" / "small-022").read_bytes()
    stored = {one.assignedTask.taskId: one for one in decode(Snapshot, raw).tasks}
    real = stored["ads-devel-pending-0-bfdab6a2-7f98-497a-8569-f863bd57ba4a"]
    sent = decode(TaskConfig, encode(real.assignedTask.task))
    sent.production = sent.tier = sent.taskLinks = sent.metadata = sent.mesosFetcherUris = None
    sent.container.mesos.volumes = None
    running = scheduler()
    assert create(running, JobConfiguration(key=sent.job, taskConfig=sent, instanceCount=1)) == OK
    (ours,) = tasks(running.url).values()
    (event,), (real_event,) = ours.taskEvents, real.taskEvents
    assert event.scheduler == "127.0.0.1"
    ours.assignedTask.taskId = real.assignedTask.taskId
    event.timestamp, event.scheduler = real_event.timestamp, real_event.scheduler
    assert same(ours, real)


def test_a_created_job_is_one_log_entry_and_a_refused_job_none(scheduler):
    running = scheduler()
    before = entries_written(running)
    assert create(running, job(instances=50)) == OK
    assert entries_written(running) == before + 1
    assert create(running, job(instances=50))[0] == "INVALID_REQUEST"
    assert entries_written(running) == before + 1


def test_a_job_with_active_tasks_or_a_cron_job_is_not_created_again(scheduler):
    ended, runs = config(key("ended")), config(key("runs"))
    running = restored(
        scheduler,
        tasks={task(ended, status=ScheduleStatus.FINISHED), task(runs, status=ScheduleStatus.KILLING)},
        cronJobs={cron(job("hourly"))},
    )
    assert create(running, job("runs")) == ("INVALID_REQUEST", "Job www/prod/runs already exists")
    assert create(running, job("hourly")) == ("INVALID_REQUEST", "Job www/prod/hourly already exists")
    assert create(running, job("ended", instances=1)) == OK
    assert len(tasks(running.url)) == 3


def test_a_missing_description_a_cron_job_and_too_many_instances_are_refused(scheduler):
    running = scheduler()
    assert code_and_text(call(running.url, "createJob")) == ("ERROR", "")
    text = "Cron jobs may only be created/updated by calling scheduleCronJob."
    for schedule in ("0 0 * * *", "", " "):
        nightly = job(isService=not schedule)
        nightly.cronSchedule = schedule
        assert create(running, nightly) == ("INVALID_REQUEST", text)
    text = "Instance count must be between 1 and 4000 inclusive."
    assert create(running, job(instances=4001)) == ("INVALID_REQUEST", text)
    assert tasks(running.url) == {}
    assert create(running, job(instances=4000)) == OK
    assert len(tasks(running.url)) == 4000


def test_a_message_with_other_scripts_arrives_as_it_is(scheduler):
    text = "Tier contains illegal characters: größer-だ"
    assert create(scheduler(), job(tier="größer-だ")) == ("INVALID_REQUEST", text)


def test_a_job_is_neither_killed_nor_created_while_an_update_is_active(scheduler):
    states = sorted(JobUpdateStatus._VALUES_TO_NAMES)
    named = {state: key(f"job-{state}") for state in states}
    running = restored(
        scheduler,
        tasks={task(config(named[state])) for state in states},
        jobUpdateDetails={update(named[state], state) for state in states},
    )
    assert len(states) == 11
    for state in states:
        expected = JOB_UPDATING if state in ACTIVE_JOB_UPDATE_STATES else OK
        assert kill(running, named[state]) == expected, state
        exists = ("INVALID_REQUEST", f"Job www/prod/job-{state} already exists")
        assert create(running, job(f"job-{state}")) == (exists if expected == OK else JOB_UPDATING), state


def test_production_jobs_are_checked_against_the_quota(scheduler):
    running = restored(scheduler, quotaConfigurations={quota("www", 4.0, 1024, 1024)})
    assert create(running, job("small", instances=3, tier="preferred")) == OK
    large = {"tier": "preferred", "resources": resources(1.5, 500, 300)}
    text = "Insufficient resource quota: CPU quota exceeded by 2.00 core(s); RAM quota exceeded by 360.00 MB; "
    assert create(running, job("large", **large)) == ("INVALID_REQUEST", text + "disk quota exceeded by 344.00 MB")
    assert create(running, job("large", resources=large["resources"])) == OK
    assert create(running, job("other", instances=1, tier="preferred")) == OK
    text = "Insufficient resource quota: CPU quota exceeded by 1.00 core(s); disk quota exceeded by 256.00 MB"
    assert create(running, job("last", instances=1, tier="preferred")) == ("INVALID_REQUEST", text)


def test_killing_removes_waiting_tasks_and_moves_started_ones_to_killing(scheduler):
    states = (ScheduleStatus.PENDING, ScheduleStatus.THROTTLED, ScheduleStatus.RUNNING, ScheduleStatus.KILLING)
    web = config()
    lone = task(config(key("lone")))
    done = task(web, 4, ScheduleStatus.FINISHED)
    running = restored(scheduler, tasks={*(task(web, n, state) for n, state in enumerate(states)), done, lone})
    before = entries_written(running)
    assert kill(running, key(), message="for a test") == OK
    assert entries_written(running) == before + 1
    power_cut(running)
    found = tasks(running.url)
    assert {task_id: one.status for task_id, one in found.items()} == {
        "www-prod-web-2": ScheduleStatus.KILLING,
        "www-prod-web-3": ScheduleStatus.KILLING,
        "www-prod-web-4": ScheduleStatus.FINISHED,
        "www-prod-lone-0": ScheduleStatus.RUNNING,
    }
    *earlier, event = found["www-prod-web-2"].taskEvents
    assert len(earlier) == 2
    assert event.timestamp > LONG_AGO
    event.timestamp = LONG_AGO
    assert same(
        event, TaskEvent(LONG_AGO, ScheduleStatus.KILLING, "Killed by UNSECURE.\nfor a test", scheduler="127.0.0.1")
    )
    assert len(found["www-prod-web-3"].taskEvents) == 2


def test_only_the_given_instances_are_killed(scheduler):
    running = scheduler()
    assert create(running, job(instances=4)) == OK
    assert kill(running, key(), 1, 3, 77) == OK
    assert sorted(one.assignedTask.instanceId for one in tasks(running.url).values()) == [0, 2]
    before = entries_written(running)
    assert kill(running, key(), 1) == NOTHING_TO_KILL
    assert kill(running, key("unknown")) == NOTHING_TO_KILL
    assert kill(running, JobKey("www", "prod", "no/name")) == ("ERROR", "")
    assert kill(running, None) == ("ERROR", "")
    assert entries_written(running) == before


def test_get_jobs_returns_jobs_with_active_tasks_and_all_cron_jobs(scheduler):
    old, new, other = (config(key(name), priority=n) for name, n in (("web", 1), ("web", 2), ("other", 3)))
    ended = task(config(key("ended")), status=ScheduleStatus.FAILED)
    elsewhere = task(config(key("web", role="db")))
    changed = [task(old, 0, changed_ms=LONG_AGO + 5), task(new, 1, changed_ms=LONG_AGO + 9), task(old, 2)]
    hourly = job("hourly", instances=7)
    started = task(config(key("hourly"), priority=9))
    running = restored(scheduler, tasks={*changed, task(other), ended, elsewhere, started}, cronJobs={cron(hourly)})
    found = jobs_of(running, "www")
    assert {name: one.instanceCount for name, one in found.items()} == {
        "www/web": 3,
        "www/other": 1,
        "www/hourly": 7,
    }
    assert found["www/web"].taskConfig.priority == 2
    assert found["www/hourly"].taskConfig.priority is None
    assert (found["www/hourly"].cronSchedule, found["www/web"].cronSchedule) == ("0 * * * *", None)
    assert jobs_of(running, None).keys() == {*found, "db/web"}
    # Without the cron job, but with a job of its running tasks.
    of_every_role = jobs_of(running, " ")
    assert of_every_role.keys() == {*found, "db/web"}
    assert (of_every_role["www/hourly"].instanceCount, of_every_role["www/hourly"].cronSchedule) == (1, None)
    assert jobs_of(running, "unknown") == {}


def jobs_of(running, role):
    found = call(running.url, "getJobs", ownerRole=role).result.getJobsResult.configs
    return {f"{one.key.role}/{one.key.name}": one for one in found}


def test_role_summary_counts_jobs_that_have_a_task_and_cron_jobs(scheduler):
    stored = [
        task(config(key("web"))),
        task(config(key("web")), 1),
        task(config(key("ended")), status=ScheduleStatus.LOST),
        task(config(key("waits", role="db")), status=ScheduleStatus.PENDING),
    ]
    running = restored(scheduler, tasks=set(stored), cronJobs={cron(job("hourly")), cron(job("daily", role="cron"))})
    assert summary(running) == {"www": (2, 1), "db": (1, 0), "cron": (0, 1)}
    assert kill(running, key("waits", role="db")) == OK
    assert summary(running) == {"www": (2, 1), "cron": (0, 1)}


def summary(running):
    found = call(running.url, "getRoleSummary").result.roleSummaryResult.summaries
    return {one.role: (one.jobCount, one.cronJobCount) for one in found}


def test_a_config_that_is_not_utf8_is_returned_and_counted(scheduler):
    """Stored configs are returned as they are, without being decoded (docs/architecture.md 4.2)."""
    not_utf8 = CONTACT_EMAIL.put(encode(config(tier="preferred", production=True)), fields.string(b"\xff\xfe"))
    stored = TASK_CONFIG.put(encode(task(config())), not_utf8)
    backup = SNAPSHOT_TASKS.put(snapshot(), fields.container(TType.STRUCT, [stored]))
    running = scheduler()
    (running.backup_dir / "not-utf8").write_bytes(backup)
    assert code_and_text(call(running.url, "stageRecovery", backupId="not-utf8")) == OK
    assert code_and_text(call(running.url, "commitRecovery")) == OK
    assert running.wait_exit() == 0
    running.start()
    assert summary(running) == {"www": (1, 0)}
    used = call(running.url, "getQuota", ownerRole="www").result.getQuotaResult.prodSharedConsumption
    assert 1.0 in {one.numCpus for one in used.resources}
    assert b"\xff\xfe" in post(running.url, request("getJobs", ownerRole="www"))[2]


def test_a_job_is_in_the_log_before_it_is_in_the_state(on_disk, monkeypatch):
    services = Services(on_disk.storage, None, None, "west", "here", on_disk.failures.append)
    append, at_append = on_disk.engine.append, []

    def watched(records):
        with on_disk.storage.read() as stores:
            at_append.append(len(stores.tasks))
        return append(records)

    monkeypatch.setattr(on_disk.engine, "append", watched)
    create_job(services, createJob_args(job(instances=2)))
    with on_disk.storage.read() as stores:
        assert (at_append, len(stores.tasks)) == ([0], 2)


def test_a_job_is_not_created_when_the_log_is_full(on_disk, monkeypatch):
    services = Services(on_disk.storage, None, None, "west", "here", on_disk.failures.append)

    def full(records):
        raise LogFull("no room")

    with monkeypatch.context() as patch:
        patch.setattr(on_disk.engine, "append", full)
        with pytest.raises(LogFull):
            create_job(services, createJob_args(job()))
    with on_disk.storage.read() as stores:
        assert len(stores.tasks) == 0
    create_job(services, createJob_args(job()))
    with pytest.raises(Refusal, match="Job www/prod/web already exists"):
        create_job(services, createJob_args(job()))
