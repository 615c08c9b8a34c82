"""Recorded backups of old releases on a running scheduler: staged, printed, committed, and backed up again."""

import pytest

from aurora_admin.gen.api.ttypes import Resource, ResourceAggregate, ScheduledTask, TaskQuery
from aurora_admin.gen.storage.ttypes import QuotaConfiguration, Snapshot
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.path import path
from tests.support.expectations import ERAS, comparable_022, era_facts, facts_022, read_fixture, recorded_facts
from tests.support.recovery import NAME, OK, TASK_ID, commit, new_backup, put_backup
from tests.support.replay import log_with_unusable_script
from tests.support.thrift_calls import call, code_and_text, tasks

TASKS, CRON_JOBS, HOSTS, QUOTAS, LOCKS, UPDATES, DB_SCRIPT, EXPERIMENTAL = (
    path(Snapshot, name)
    for name in (
        "tasks",
        "cronJobs",
        "hostAttributes",
        "quotaConfigurations",
        "locks",
        "jobUpdateDetails",
        "dbScript",
        "experimentalTaskStore",
    )
)
RESOURCES = path(ScheduledTask, "assignedTask.task.resources")
LEFT_OUT = "left out 1 locks that no running job update holds: batch/devel/etl_job.v2"


def staged(running, name, raw=None):
    put_backup(running, read_fixture("backups", name) if raw is None else raw)
    assert code_and_text(call(running.url, "stageRecovery", backupId=NAME)) == OK
    return running


def through(running):
    """Commit the staged backup, start again, and return the next backup."""
    commit(running)
    running.start()
    return new_backup(running)


@pytest.mark.parametrize("name", ERAS)
def test_a_backup_of_an_old_release_is_restored_as_that_release_reported_it(scheduler, fixtures, name):
    running = staged(scheduler(), name)
    wanted = recorded_facts("backups", name)
    printed = call(running.url, "queryRecovery", query=TaskQuery()).result.queryRecoveryResult.tasks
    assert era_facts(_with_tasks(printed))["tasks"] == wanted["tasks"]
    assert LEFT_OUT in running.log
    assert "its dbScript and its records differ" not in running.log
    raw = through(running)
    assert era_facts(codec.decode(Snapshot, raw)) == wanted
    assert DB_SCRIPT.get(raw) is None
    assert EXPERIMENTAL.get(raw) is None
    live = tasks(running.url)
    assert era_facts(_with_tasks(live.values()))["tasks"] == wanted["tasks"]
    assert all(same(task, live[task.assignedTask.taskId]) for task in printed)


def _with_tasks(found):
    nothing = dict.fromkeys(("quotaConfigurations", "cronJobs", "hostAttributes", "jobUpdateDetails"), ())
    return Snapshot(tasks=list(found), **nothing)


@pytest.mark.parametrize("name", ["small-022", "jobs-10k-022"])
def test_a_backup_of_0_22_is_restored_as_that_release_reported_it(scheduler, fixtures, name):
    reported = recorded_facts("backups", name)
    running = staged(scheduler(), name)
    assert facts_022(codec.decode(Snapshot, through(running)), reported) == comparable_022(reported)


@pytest.mark.parametrize("name", ERAS)
def test_the_next_backup_is_in_the_current_format(scheduler, fixtures, name):
    """It needs no upgrade, and stays the same after any number of restores."""
    running = staged(scheduler(), name)
    raw = through(running)
    before = len(running.log)
    staged(running, name, raw)
    assert "older release" not in running.log[before:]
    again = through(running)
    for section in (TASKS, CRON_JOBS, HOSTS, QUOTAS, LOCKS, UPDATES):
        assert sorted(section.elements(again)) == sorted(section.elements(raw)), section


def test_sections_that_only_the_script_has_are_logged(scheduler, fixtures):
    running = staged(scheduler(), "era-018-trimmed")
    assert (
        "rebuilt these sections from its dbScript, which alone has them: hosts, quotas, locks, job updates"
        in running.log
    )


def test_records_are_kept_if_they_differ_from_the_script(scheduler, fixtures):
    raw = read_fixture("backups", "era-018-dbscript")
    quotas = [quota for quota in QUOTAS.elements(raw) if b"ads" not in quota]
    running = staged(scheduler(), "", QUOTAS.put_elements(raw, quotas))
    assert "its dbScript and its records differ in 1 quotas; the records were kept: ads" in running.log
    left = codec.decode(Snapshot, through(running)).quotaConfigurations
    assert {one.role for one in left} == {"batch", "www-data"}


def changed(raw, old, new):
    """The backup with a piece of its script's text replaced."""
    statements = DB_SCRIPT.values(raw)
    assert any(old in statement for statement in statements)
    return DB_SCRIPT.put_elements(raw, [fields.string(statement.replace(old, new)) for statement in statements])


BROKEN = [
    (b"SET LOCK_MODE 3;", b"DROP TABLE X;", "statement 'DROP TABLE X;' of its dbScript: unknown kind of statement"),
    (
        b"-- 3 +/- SELECT COUNT(*) FROM PUBLIC.QUOTAS;",
        b"-- 4 +/- SELECT COUNT(*) FROM PUBLIC.QUOTAS;",
        "its dbScript counts 4 rows of table QUOTAS and has 3",
    ),
    (b"(3, 'batch', 0.0, 0, 0)", b"(3, 'batch', 0.0, 0)", "INSERT INTO PUBLIC.QUOTAS("),
]


@pytest.mark.parametrize(("old", "new", "text"), BROKEN)
def test_a_malformed_script_is_refused_with_the_statement(scheduler, fixtures, old, new, text):
    put_backup(running := scheduler(), changed(read_fixture("backups", "era-018-trimmed"), old, new))
    code, message = code_and_text(call(running.url, "stageRecovery", backupId=NAME))
    assert code == "ERROR"
    assert text in message
    assert "-allow_partial_backup" in message
    assert code_and_text(call(running.url, "commitRecovery")) == ("ERROR", "No backup loaded.")


def test_with_the_flag_a_malformed_script_is_staged_without_its_sections(scheduler, fixtures):
    running = scheduler("-allow_partial_backup=true")
    staged(running, "", changed(read_fixture("backups", "era-018-trimmed"), BROKEN[1][0], BROKEN[1][1]))
    assert BROKEN[1][2] in running.log
    assert "these sections are missing: hosts, quotas, locks, job updates" in running.log
    left = codec.decode(Snapshot, through(running))
    assert (len(left.tasks), len(left.cronJobs), left.hostAttributes, left.jobUpdateDetails) == (19, 2, set(), set())


def test_a_log_with_a_malformed_script_is_loaded_only_with_the_flag(scheduler, fixtures):
    running = scheduler(started=False)
    running.initialize()
    log = SqliteLog(str(running.log_dir))
    log.fence()
    log.append(log_with_unusable_script())
    log.close()
    running.spawn()
    assert running.wait_exit() == 1
    assert BROKEN[1][2] in running.log
    assert "-allow_partial_backup does without" in running.log
    running.flags = ("-allow_partial_backup=true",)
    running.start()
    assert "these sections are missing: hosts, quotas, locks, job updates" in running.log
    assert len(tasks(running.url)) == 19


def test_a_script_does_not_replace_tasks_and_cron_jobs(scheduler, fixtures):
    running = scheduler()
    for section, name in ((TASKS, "tasks"), (CRON_JOBS, "cron jobs")):
        put_backup(running, section.drop(read_fixture("backups", "era-018-trimmed")))
        code, message = code_and_text(call(running.url, "stageRecovery", backupId=NAME))
        assert (code, f"it has no {name}, a section that every release writes" in message) == ("ERROR", True)


@pytest.mark.parametrize(
    ("section", "name"), [(HOSTS, "hosts"), (TASKS, "tasks"), (CRON_JOBS, "cron jobs"), (QUOTAS, "quotas")]
)
def test_a_missing_section_is_refused(scheduler, fixtures, section, name):
    put_backup(running := scheduler(), section.drop(read_fixture("backups", "small-022")))
    code, message = code_and_text(call(running.url, "stageRecovery", backupId=NAME))
    assert (code, f"it has no {name}, a section that every release writes" in message) == ("ERROR", True)


def test_a_missing_lock_is_logged(scheduler, fixtures):
    raw = read_fixture("backups", "era-012-nodbscript")
    locks = [lock for lock in LOCKS.elements(raw) if b"lock-hello-3" not in lock]
    running = staged(scheduler(), "", LOCKS.put_elements(raw, locks))
    assert "job update www-data/prod/hello/u-hello-3 has not ended, but its lock is missing" in running.log
    tokens = {one.lockToken for one in codec.decode(Snapshot, through(running)).jobUpdateDetails}
    assert tokens == {None, "lock-ranker-1"}


def test_records_that_cannot_be_upgraded_completely_are_logged(scheduler, fixtures):
    """Tasks without any amounts, and quotas of other resources than CPUs, RAM and disk (docs/releases.md 5)."""
    raw = read_fixture("backups", "small-022")
    stored = TASKS.elements(raw)
    stored[0] = RESOURCES.drop(stored[0])
    quota = codec.encode(QuotaConfiguration("gpu", ResourceAggregate(resources=[Resource(numGpus=1)])))
    running = staged(scheduler(), "", QUOTAS.append(TASKS.put_elements(raw, stored), quota))
    assert f"1 tasks have no resources: {TASK_ID.value(stored[0]).decode()}" in running.log
    assert "1 quotas are not of CPUs, RAM and disk: gpu" in running.log
    assert "gpu" in {one.role for one in codec.decode(Snapshot, through(running)).quotaConfigurations}
