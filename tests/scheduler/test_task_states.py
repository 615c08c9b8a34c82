"""forceTaskState and pruneTasks, and the calls for a reconciliation (docs/api.md 1.7 and 3.1)."""

import pytest

from aurora_admin.gen.api.ttypes import ExplicitReconciliationSettings, ScheduleStatus, TaskEvent, TaskQuery
from tests.support.jobs import LONG_AGO, OK, config, entries_written, key, power_cut, restored, task
from tests.support.statistics import variables
from tests.support.thrift_calls import call, code_and_text, exact_tasks, tasks

S = ScheduleStatus
NAMES = S._VALUES_TO_NAMES
STATES = sorted(set(NAMES) - {S.INIT})
ENDED = {S.FINISHED, S.FAILED, S.KILLED, S.LOST}
BLANK = ("ERROR", "Argument cannot be blank")

# The table of docs/api.md 3.1: for each status those that may follow. A + means a successor, > that the task is LOST
# at once, - that the task is removed. This is for a task that is no service and may fail once.
TABLE = {
    "PENDING": "ASSIGNED KILLING-",
    "THROTTLED": "PENDING KILLING-",
    "ASSIGNED": "STARTING RUNNING FINISHED FAILED KILLED+ LOST+ KILLING RESTARTING DRAINING PREEMPTING",
    "STARTING": "RUNNING PARTITIONED FINISHED FAILED KILLED+ LOST+ KILLING RESTARTING DRAINING PREEMPTING",
    "RUNNING": "PARTITIONED FINISHED FAILED KILLED+ LOST+ KILLING RESTARTING DRAINING PREEMPTING",
    "PARTITIONED": "ASSIGNED STARTING RUNNING FINISHED FAILED LOST+ KILLING> RESTARTING>+ DRAINING>+ PREEMPTING>+",
    "PREEMPTING": "FINISHED+ FAILED+ KILLED+ LOST+ KILLING PARTITIONED>+",
    "RESTARTING": "FINISHED+ FAILED+ KILLED+ LOST+ KILLING PARTITIONED>+",
    "DRAINING": "FINISHED+ FAILED+ KILLED+ LOST+ KILLING PARTITIONED>+",
    "KILLING": "FINISHED FAILED KILLED LOST PARTITIONED>",
    "FINISHED": "",
    "FAILED": "",
    "KILLED": "",
    "LOST": "",
}


def expected(before: int, target: int) -> tuple[str | None, bool]:
    """Return the status after a request, None if the task is removed, and whether there is a successor."""
    marks = {item.rstrip("+>-"): item[len(item.rstrip("+>-")) :] for item in TABLE[NAMES[before]].split()}
    mark = marks.get(NAMES[target])
    if mark is None:
        return NAMES[before], False
    return None if "-" in mark else "LOST" if ">" in mark else NAMES[target], "+" in mark


def force(running, task_id, status):
    return code_and_text(call(running.url, "forceTaskState", taskId=task_id, status=status))


def test_every_request_from_every_status_does_what_the_table_says(scheduler):
    stored, wanted = set(), {}
    for before in STATES:
        for target in NAMES:
            of = config(key(f"from-{NAMES[before]}-to-{NAMES[target]}"), maxTaskFailures=1)
            stored |= {task(of, 0, before)}
            wanted[of.job.name] = expected(before, target)
    running = restored(scheduler, tasks=stored)
    for task_id, one in tasks(running.url).items():
        target = S._NAMES_TO_VALUES[one.assignedTask.task.job.name.rpartition("-")[2]]
        assert force(running, task_id, target) == OK
    power_cut(running)
    found: dict[str, tuple[str | None, bool]] = dict.fromkeys(wanted, (None, False))
    for one in tasks(running.url).values():
        name = one.assignedTask.task.job.name
        status, again = found[name]
        found[name] = (status, True) if one.ancestorId else (NAMES[one.status], again)
    assert found == wanted


def test_a_successor_takes_over_the_instance(scheduler):
    running = restored(scheduler, tasks={task(config(maxTaskFailures=3, priority=7), 5)})
    assert force(running, "www-prod-web-5", S.FAILED) == OK
    found = tasks(running.url)
    old = found.pop("www-prod-web-5")
    ((task_id, new),) = found.items()
    assert (old.failureCount, new.failureCount) == (1, 1)
    assert old.taskEvents[-1].message == "Transition forced by UNSECURE"
    assert (new.ancestorId, new.assignedTask.instanceId, new.assignedTask.slaveHost) == ("www-prod-web-5", 5, None)
    assert new.assignedTask.task.priority == 7
    assert task_id.startswith("www-prod-web-5-")
    assert [(event.status, event.message) for event in new.taskEvents] == [(S.PENDING, "Rescheduled")]
    assert new.timesPartitioned == 0


@pytest.mark.parametrize(
    ("members", "failures", "again"),
    [
        ({"maxTaskFailures": 1}, 0, False),
        ({"maxTaskFailures": 3}, 1, True),
        ({"maxTaskFailures": 3}, 2, False),
        ({"maxTaskFailures": -1}, 99, True),
        ({"maxTaskFailures": 1, "isService": True}, 5, True),
    ],
)
def test_a_task_that_failed_runs_again_if_it_may(scheduler, members, failures, again):
    failing = task(config(**members))
    failing.failureCount = failures
    running = restored(scheduler, tasks={failing})
    assert force(running, "www-prod-web-0", S.FAILED) == OK
    found = tasks(running.url)
    assert found["www-prod-web-0"].failureCount == failures + 1
    assert (len(found) == 2) is again


@pytest.mark.parametrize(
    ("before", "counted"),
    [(S.RUNNING, 1), (S.ASSIGNED, 1), (S.PARTITIONED, 1), (S.DRAINING, 0), (S.PREEMPTING, 0), (S.KILLING, 0)],
)
def test_a_failure_counts_unless_the_task_was_to_end(scheduler, before, counted):
    running = restored(scheduler, tasks={task(config(), status=before)})
    assert force(running, "www-prod-web-0", S.FAILED) == OK
    assert tasks(running.url)["www-prod-web-0"].failureCount == counted


@pytest.mark.parametrize(("before", "again"), [(S.RUNNING, True), (S.PARTITIONED, False), (S.KILLING, False)])
def test_a_service_that_finished_runs_again(scheduler, before, again):
    running = restored(scheduler, tasks={task(config(isService=True), status=before)})
    assert force(running, "www-prod-web-0", S.FINISHED) == OK
    assert (len(tasks(running.url)) == 2) is again


def test_a_task_that_comes_and_goes_keeps_a_short_history(scheduler):
    running = restored(scheduler, tasks={task(config())})
    for _ in range(3):
        assert force(running, "www-prod-web-0", S.PARTITIONED) == OK
        assert force(running, "www-prod-web-0", S.RUNNING) == OK
    found = tasks(running.url)["www-prod-web-0"]
    assert found.timesPartitioned == 3
    assert [event.status for event in found.taskEvents] == [S.PENDING, S.RUNNING, S.PARTITIONED, S.RUNNING]


def test_killed_tasks_take_the_same_ways(scheduler):
    statuses = (S.PENDING, S.RUNNING, S.PARTITIONED, S.DRAINING, S.KILLING, S.FINISHED)
    running = restored(scheduler, tasks={task(config(), n, status) for n, status in enumerate(statuses)})
    assert code_and_text(call(running.url, "killTasks", job=key())) == OK
    found = {one.assignedTask.instanceId: one.status for one in tasks(running.url).values()}
    assert found == {1: S.KILLING, 2: S.LOST, 3: S.KILLING, 4: S.KILLING, 5: S.FINISHED}


def test_a_lost_task_that_was_being_killed_is_not_run_again(scheduler):
    killed = task(config(), status=S.PARTITIONED)
    killed.taskEvents.insert(1, TaskEvent(LONG_AGO, S.KILLING))
    running = restored(scheduler, tasks={killed})
    assert force(running, "www-prod-web-0", S.LOST) == OK
    assert len(tasks(running.url)) == 1


def test_a_forced_state_of_nothing_changes_nothing(scheduler):
    running = restored(scheduler, tasks={task(config())})
    before = entries_written(running)
    for task_id in (None, "", " \t"):
        assert force(running, task_id, S.KILLED) == BLANK
    for status in (None, 77):
        assert force(running, "www-prod-web-0", status) == ("ERROR", "")
    for task_id, status in (("nosuch", S.KILLED), ("nosuch", S.RUNNING), ("www-prod-web-0", S.RUNNING)):
        assert force(running, task_id, status) == OK
    assert entries_written(running) == before


def prune(running, query=None):
    return code_and_text(call(running.url, "pruneTasks", query=query))


@pytest.fixture
def history(scheduler):
    """A scheduler with two running tasks and eight that have ended, in two roles."""
    stored = {task(config(key(role=role)), 0) for role in ("www", "db")}
    stored |= {
        task(config(key(role=role)), n, status) for role in ("www", "db") for n, status in enumerate(sorted(ENDED), 1)
    }
    return restored(scheduler, tasks=stored)


def ended(running) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"www": set(), "db": set()}
    for one in tasks(running.url).values():
        if one.status in ENDED:
            found[one.assignedTask.task.job.role].add(one.status)
    return found


def test_tasks_that_have_ended_are_deleted_and_others_are_not(history):
    assert prune(history, TaskQuery(role="www", statuses={S.LOST, S.KILLED})) == OK
    assert ended(history) == {"www": {S.FINISHED, S.FAILED}, "db": ENDED}
    assert prune(history, TaskQuery(role="db")) == OK
    power_cut(history)
    assert ended(history) == {"www": {S.FINISHED, S.FAILED}, "db": set()}
    assert prune(history, TaskQuery()) == OK
    assert [one.status for one in tasks(history.url).values()] == [S.RUNNING] * 2


def test_a_limit_is_the_number_of_tasks_that_are_deleted(history):
    assert prune(history, TaskQuery(role="www", limit=3, offset=2)) == OK
    assert [len(found) for found in ended(history).values()] == [1, 4]
    assert prune(history, TaskQuery(role="www", limit=3)) == OK
    assert [len(found) for found in ended(history).values()] == [0, 4]


NOTHING = "No task that has ended matches the query: nothing was pruned. "


@pytest.mark.parametrize(
    ("query", "code", "text"),
    [
        (None, "ERROR", ""),
        (TaskQuery(role="nobody"), "INVALID_REQUEST", NOTHING),
        (TaskQuery(taskIds={"nosuch"}), "INVALID_REQUEST", NOTHING),
        (TaskQuery(taskIds={"www-prod-web-0"}), "INVALID_REQUEST", NOTHING),
        (TaskQuery(limit=0), "INVALID_REQUEST", NOTHING),
        (TaskQuery(statuses={S.INIT}), "INVALID_REQUEST", NOTHING),
        (TaskQuery(limit=-1), "ERROR", "limit is negative"),
        (TaskQuery(statuses={S.RUNNING}), "ERROR", "Tasks in non-terminal state cannot be pruned."),
        (TaskQuery(statuses={S.LOST, S.PENDING}), "ERROR", "Tasks in non-terminal state cannot be pruned."),
        (TaskQuery(statuses={77}), "ERROR", ""),
        (TaskQuery(role="www", statuses=set()), "INVALID_REQUEST", "The set of statuses is empty"),
        (TaskQuery(statuses=set()), "INVALID_REQUEST", "The set of statuses is empty"),
    ],
)
def test_what_would_delete_too_much_is_refused(history, query, code, text):
    before, entries = exact_tasks(history.url), entries_written(history)
    found_code, found_text = prune(history, query)
    assert found_code == code
    assert found_text.startswith(text)
    assert bool(text) == bool(found_text)
    assert (exact_tasks(history.url), entries_written(history)) == (before, entries)


def test_a_repeated_prune_deletes_nothing_more(history):
    query = TaskQuery(role="www")
    assert prune(history, query) == OK
    left = exact_tasks(history.url)
    assert prune(history, query)[0] == "INVALID_REQUEST"
    assert exact_tasks(history.url) == left


def test_a_reconciliation_is_accepted_and_counted(scheduler):
    running = scheduler()

    def explicit(settings):
        return code_and_text(call(running.url, "triggerExplicitTaskReconciliation", settings=settings))

    assert explicit(None) == ("ERROR", "")
    for size in (0, -1):
        assert explicit(ExplicitReconciliationSettings(batchSize=size)) == (
            "INVALID_REQUEST",
            "Batch size must be greater than zero.",
        )
    assert explicit(ExplicitReconciliationSettings()) == explicit(ExplicitReconciliationSettings(5)) == OK
    assert code_and_text(call(running.url, "triggerImplicitTaskReconciliation")) == OK
    found = variables(running)
    assert (found["reconciliation_explicit_runs"], found["reconciliation_implicit_runs"]) == (2, 1)


def test_a_standby_reconciles_nothing(elected):
    elected.lead()
    standby = elected.stand_by()
    local = {"Bypass-Leader-Redirect": ""}
    explicit = call(standby.url, "triggerExplicitTaskReconciliation", local, settings=ExplicitReconciliationSettings())
    assert code_and_text(explicit) == ("ERROR_TRANSIENT", "Storage is not READY")
    implicit = call(standby.url, "triggerImplicitTaskReconciliation", local)
    assert code_and_text(implicit) == ("ERROR", "Driver is not running.")
