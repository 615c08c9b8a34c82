"""Backups of every release on a running scheduler: staged, printed, committed, read back, backed up again."""

import pytest

from aurora_admin.gen.api.ttypes import Resource, ResourceAggregate, TaskQuery
from aurora_admin.gen.storage.ttypes import QuotaConfiguration, Snapshot
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from tests.scheduler.test_recovery import NAME, OK, commit, new_backup, place
from tests.support.expectations import ERAS, as_022, as_era, expected, read, told_022
from tests.support.replay import misunderstood
from tests.support.thrift_calls import call, said, tasks

DB_SCRIPT, EXPERIMENTAL = 11, 12
LEFT_OUT = "left out 1 locks that no running job update holds: batch/devel/etl_job.v2"


def staged(running, name, raw=None):
    place(running, read("backups", name) if raw is None else raw)
    assert said(call(running.url, "stageRecovery", backupId=NAME)) == OK
    return running


def through(running):
    """Commit what is staged, start again on that log, and decode the next backup."""
    commit(running)
    running.start()
    return new_backup(running)


@pytest.mark.parametrize("name", ERAS)
def test_a_backup_of_an_old_release_comes_back_as_that_release_said(scheduler, fixtures, name):
    running = staged(scheduler(), name)
    wanted = expected("backups", name)
    printed = call(running.url, "queryRecovery", query=TaskQuery()).result.queryRecoveryResult.tasks
    assert as_era(_with_tasks(printed))["tasks"] == wanted["tasks"]
    assert LEFT_OUT in running.log
    assert "otherwise than its records do" not in running.log
    raw = through(running)
    assert as_era(codec.decode(Snapshot, raw)) == wanted
    assert fields.get(raw, DB_SCRIPT) is None
    assert fields.get(raw, EXPERIMENTAL) is None
    answered = tasks(running.url)
    assert as_era(_with_tasks(answered.values()))["tasks"] == wanted["tasks"]
    assert all(same(task, answered[task.assignedTask.taskId]) for task in printed)


def _with_tasks(found):
    nothing = dict.fromkeys(("quotaConfigurations", "cronJobs", "hostAttributes", "jobUpdateDetails"), ())
    return Snapshot(tasks=list(found), **nothing)


@pytest.mark.parametrize("name", ["small-022", "jobs-10k-022"])
def test_a_backup_of_a_running_release_comes_back_as_it_said(scheduler, fixtures, name):
    told = expected("backups", name)
    running = staged(scheduler(), name)
    assert as_022(codec.decode(Snapshot, through(running)), told) == told_022(told)


@pytest.mark.parametrize("name", ERAS)
def test_the_next_backup_is_in_the_newest_shape_already(scheduler, fixtures, name):
    """What was mended once needs no mending again, and is the same after any number of restores."""
    running = staged(scheduler(), name)
    raw = through(running)
    told = len(running.log)
    staged(running, name, raw)
    assert "shape" not in running.log[told:]
    again = through(running)
    for section in (3, 4, 5, 8, 9, 10):
        assert sorted(fields.elements(fields.get(again, section))[1]) == sorted(
            fields.elements(fields.get(raw, section))[1]
        ), section


def test_a_section_that_only_the_script_has_is_told(scheduler, fixtures):
    running = staged(scheduler(), "era-018-trimmed")
    assert (
        "rebuilt from its dbScript, the only place where they stand: hosts, quotas, locks, job updates" in running.log
    )


def test_differences_between_records_and_script_are_told_and_records_count(scheduler, fixtures):
    raw = read("backups", "era-018-dbscript")
    quotas = [one for one in fields.elements(fields.get(raw, 8))[1] if b"ads" not in one]
    running = staged(scheduler(), "", fields.put(raw, [8], 14, fields.container(12, quotas)))
    assert "its dbScript tells 1 of the quotas otherwise than its records do, which count: ads" in running.log
    left = codec.decode(Snapshot, through(running)).quotaConfigurations
    assert {one.role for one in left} == {"batch", "www-data"}


def changed(raw, old, new):
    """The backup with a piece of its script's text replaced."""
    statements = fields.elements(fields.get(raw, DB_SCRIPT))[1]
    texts = [statement[4:].replace(old, new) for statement in statements]
    assert texts != [statement[4:] for statement in statements]
    return fields.put(raw, [DB_SCRIPT], 15, fields.container(11, [fields.string(text) for text in texts]))


BROKEN = [
    (b"SET LOCK_MODE 3;", b"DROP TABLE X;", "statement 'DROP TABLE X;' of its dbScript: it is of no known kind"),
    (
        b"-- 3 +/- SELECT COUNT(*) FROM PUBLIC.QUOTAS;",
        b"-- 4 +/- SELECT COUNT(*) FROM PUBLIC.QUOTAS;",
        "its dbScript counts 4 rows of table QUOTAS and has 3",
    ),
    (b"(3, 'batch', 0.0, 0, 0)", b"(3, 'batch', 0.0, 0)", "INSERT INTO PUBLIC.QUOTAS("),
]


@pytest.mark.parametrize(("old", "new", "text"), BROKEN)
def test_a_script_that_is_not_understood_is_refused_by_the_statement(scheduler, fixtures, old, new, text):
    place(running := scheduler(), changed(read("backups", "era-018-trimmed"), old, new))
    code, message = said(call(running.url, "stageRecovery", backupId=NAME))
    assert code == "ERROR"
    assert text in message
    assert "-allow_partial_backup" in message
    assert said(call(running.url, "commitRecovery")) == ("ERROR", "No backup loaded.")


def test_with_the_flag_it_is_staged_and_told_what_is_missing(scheduler, fixtures):
    running = scheduler("-allow_partial_backup=true")
    staged(running, "", changed(read("backups", "era-018-trimmed"), BROKEN[1][0], BROKEN[1][1]))
    assert BROKEN[1][2] in running.log
    assert "these sections are missing: hosts, quotas, locks, job updates" in running.log
    left = codec.decode(Snapshot, through(running))
    assert (len(left.tasks), len(left.cronJobs), left.hostAttributes, left.jobUpdateDetails) == (19, 2, set(), set())


def test_a_log_is_started_from_without_a_section_only_with_the_flag(scheduler, fixtures):
    running = scheduler(started=False)
    running.initialize()
    log = SqliteLog(str(running.log_dir))
    log.fence()
    log.append(misunderstood())
    log.close()
    running.spawn()
    assert running.wait_exit() == 1
    assert BROKEN[1][2] in running.log
    assert "-allow_partial_backup does without" in running.log
    running.flags = ("-allow_partial_backup=true",)
    running.start()
    assert "these sections are missing: hosts, quotas, locks, job updates" in running.log
    assert len(tasks(running.url)) == 19


def test_tasks_and_cron_jobs_are_never_only_in_a_script(scheduler, fixtures):
    running = scheduler()
    for section, name in ((4, "tasks"), (5, "cron jobs")):
        place(running, fields.drop(read("backups", "era-018-trimmed"), [section]))
        code, message = said(call(running.url, "stageRecovery", backupId=NAME))
        assert (code, f"it has no section of its {name}, which every release writes" in message) == ("ERROR", True)


@pytest.mark.parametrize(("section", "name"), [(3, "hosts"), (4, "tasks"), (5, "cron jobs"), (8, "quotas")])
def test_a_section_that_every_release_writes_may_not_be_missing(scheduler, fixtures, section, name):
    raw = fields.drop(read("backups", "small-022"), [section])
    place(running := scheduler(), raw)
    code, message = said(call(running.url, "stageRecovery", backupId=NAME))
    assert (code, f"it has no section of its {name}, which every release writes" in message) == ("ERROR", True)


def test_a_missing_lock_is_told(scheduler, fixtures):
    raw = read("backups", "era-012-nodbscript")
    locks = [one for one in fields.elements(fields.get(raw, 9))[1] if b"lock-hello-3" not in one]
    running = staged(scheduler(), "", fields.put(raw, [9], 14, fields.container(12, locks)))
    assert "job update www-data/prod/hello/u-hello-3 has not ended and its lock is missing" in running.log
    tokens = {one.lockToken for one in codec.decode(Snapshot, through(running)).jobUpdateDetails}
    assert tokens == {None, "lock-ranker-1"}


def test_records_that_no_rule_can_complete_are_told(scheduler, fixtures):
    """Tasks without any amounts, and quotas of other things than the three (docs/releases.md 5)."""
    raw = read("backups", "small-022")
    etype, stored = fields.elements(fields.get(raw, 4))
    stored[0] = fields.drop(stored[0], [1, 4, 32])
    raw = fields.put(raw, [4], 14, fields.container(etype, stored))
    quota = codec.encode(QuotaConfiguration("gpu", ResourceAggregate(resources=[Resource(numGpus=1)])))
    running = staged(scheduler(), "", fields.append(raw, [8], 14, quota))
    task_id = fields.get(stored[0], 1, 1)[4:].decode()
    assert f"1 tasks tell no resources at all: {task_id}" in running.log
    assert "1 quotas are not of CPUs, RAM and disk: gpu" in running.log
    assert "gpu" in {one.role for one in codec.decode(Snapshot, through(running)).quotaConfigurations}
