"""The statistics on /vars of running schedulers, by the names that operators know (docs/storage.md 1.7)."""

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from aurora_admin import __version__
from aurora_admin.gen.api.ttypes import (
    HostAttributes,
    JobUpdateStatus,
    MaintenanceMode,
    ScheduleStatus,
    TaskQuery,
)
from aurora_admin.scheduler.state import ops
from aurora_admin.wire.codec import encode
from tests.support.jobs import config, cron, job, key, quota, restored, task, update
from tests.support.recovery import NAME, commit, fill_disk, put_backup
from tests.support.statistics import events, grown, of_timing, variables
from tests.support.thrift_calls import BINARY, OK, call, code_and_text, get, post, tasks
from tests.support.waiting import DEADLINE_SECONDS, wait_until

NATIVE = [f"scheduler_log_native_{what}" for what in ("read", "append", "truncate")]
WRITTEN_SECTIONS = [
    "hosts",
    "tasks",
    "crons",
    "scheduler_metadata",
    "quota",
    "job_updates",
    "host_maintenance_requests",
]
STATES = [
    "INIT",
    "THROTTLED",
    "PENDING",
    "ASSIGNED",
    "STARTING",
    "RUNNING",
    "KILLING",
    "PREEMPTING",
    "RESTARTING",
    "DRAINING",
    "PARTITIONED",
    "FAILED",
    "FINISHED",
    "KILLED",
    "LOST",
]
QUERIES = ["task_queries_by_id", "task_queries_by_job", "task_queries_by_host", "task_queries_all"]
EVERY_NAME = {
    *of_timing(
        *NATIVE,
        "scheduler_log_native_truncate_before",
        "scheduler_log_snapshot",
        "scheduler_log_snapshot_persist",
        "log_manager_snapshot",
        "log_manager_deflate",
        "log_manager_append",
        "log_entry_serialize",
        "log_entry_checksum",
        "snapshot_create",
        "snapshot_apply",
        "scheduler_storage_prepare",
        "scheduler_storage_start",
        "scheduler_storage_recover",
    ),
    *of_timing(*(f"snapshot_save_{name}" for name in (*WRITTEN_SECTIONS, "locks"))),
    *of_timing(*(f"snapshot_restore_{name}" for name in (*WRITTEN_SECTIONS, "locks", "dbscript"))),
    *(f"{name}_{bad}" for name in NATIVE for bad in ("timeouts", "failures")),
    *(f"mem_storage_{name}_size" for name in ("attribute", "cron", "quota", "maintenance", "update")),
    "task_store_index_job_items",
    "task_store_index_host_items",
    *QUERIES,
    *(f"task_store_{name}" for name in STATES),
    "jvm_uptime_secs",
    "uncaught_exceptions",
    "missing_maintenance_request",
    "reconciliation_explicit_runs",
    "reconciliation_implicit_runs",
    "scheduler_backup_success",
    "scheduler_backup_failed",
    "scheduler_log_un_snapshotted_transactions",
    "scheduler_log_snapshots",
    "scheduler_log_live_bytes",
    *(f"scheduler_log_{name}_read" for name in ("entries", "bytes", "deflated_entries", "bad_frames")),
    "scheduler_log_entries_written",
    "scheduler_log_bytes_written",
}


VERSION = f"aurora_reference_scheduler_version_{__version__}"


def by_status(one) -> dict[str, float]:
    found = variables(one)
    return {name: found[f"task_store_{name}"] for name in STATES if found[f"task_store_{name}"]}


def test_the_version_of_the_scheduler_is_there(scheduler):
    assert f"{VERSION} 1" in get(scheduler().url, "/vars")[1].splitlines()


def test_the_expected_names_are_there_and_no_others(scheduler):
    found = variables(scheduler())
    others = {name for name in found if not name.startswith(("scheduler_lifecycle_", "http_"))}
    assert others == EVERY_NAME | {"framework_registered", VERSION}


def test_a_write_is_timed_on_its_way_into_the_log(scheduler):
    one = scheduler()
    before = variables(one)
    assert code_and_text(call(one.url, "createJob", description=job(instances=2))) == OK
    after = variables(one)
    steps = ["log_entry_serialize", "log_manager_append", "scheduler_log_native_append"]
    assert [now - then for then, now in zip(events(before, *steps), events(after, *steps), strict=True)] == [1, 1, 1]
    _, outer, inner = (after[f"{name}_nanos_total"] - before[f"{name}_nanos_total"] for name in steps)
    assert outer >= inner
    assert after["scheduler_log_native_append_nanos_per_event"] > 0


def test_a_snapshot_is_timed_step_by_step_and_section_by_section(scheduler):
    one = scheduler("-dlog_max_entry_size=100BYTES")
    assert code_and_text(call(one.url, "createJob", description=job(instances=2))) == OK
    before = variables(one)
    assert code_and_text(call(one.url, "snapshot")) == OK
    after = variables(one)
    steps = [
        "scheduler_log_snapshot",
        "scheduler_log_snapshot_persist",
        "snapshot_create",
        "log_manager_snapshot",
        "log_manager_deflate",
        "log_entry_checksum",
        "log_manager_append",
        "scheduler_log_native_append",
        "scheduler_log_native_truncate",
        "scheduler_log_native_truncate_before",
        *(f"snapshot_save_{name}" for name in WRITTEN_SECTIONS),
    ]
    assert grown(
        dict(zip(steps, events(before, *steps), strict=True)), dict(zip(steps, events(after, *steps), strict=True))
    ) == dict.fromkeys(steps, 1)
    assert after["snapshot_save_locks_events"] == 0
    sections = sum(after[f"snapshot_save_{name}_nanos_total"] for name in WRITTEN_SECTIONS)
    assert after["log_manager_deflate_nanos_total"] - before["log_manager_deflate_nanos_total"] >= sections


def test_the_sections_of_a_backup_are_timed(scheduler):
    one = scheduler()
    assert code_and_text(call(one.url, "performBackup")) == OK
    found = variables(one)
    assert events(found, *(f"snapshot_save_{name}" for name in WRITTEN_SECTIONS)) == [1] * len(WRITTEN_SECTIONS)
    assert [
        found[name] for name in ("snapshot_create_events", "scheduler_backup_success", "scheduler_log_snapshot_events")
    ] == [1, 1, 0]


def test_a_start_is_timed_and_what_it_restores(scheduler):
    one = scheduler()
    assert code_and_text(call(one.url, "createJob", description=job(instances=2))) == OK
    assert code_and_text(call(one.url, "snapshot")) == OK
    assert code_and_text(call(one.url, "createJob", description=job("other"))) == OK
    one.restart()
    found = variables(one)
    steps = [
        "scheduler_storage_prepare",
        "scheduler_storage_start",
        "scheduler_storage_recover",
        "snapshot_apply",
        *(f"snapshot_restore_{name}" for name in WRITTEN_SECTIONS),
    ]
    assert events(found, *steps) == [1] * len(steps)
    # The snapshot, the job behind it, and the no-op of the start: each is one record.
    assert events(found, "scheduler_log_native_read") == [3]
    assert found["scheduler_storage_start_nanos_total"] > found["scheduler_storage_recover_nanos_total"]
    nothing = ["scheduler_log_snapshot", "snapshot_create", "snapshot_restore_locks", "snapshot_restore_dbscript"]
    assert events(found, *nothing) == [0] * len(nothing)


def test_staging_changes_no_statistics_of_the_storage_and_a_commit_does(scheduler, on_disk):
    one = scheduler()
    put_backup(one)
    before = variables(one)
    assert code_and_text(call(one.url, "stageRecovery", backupId=NAME)) == OK
    assert not {name for name in grown(before, variables(one)) if not name.startswith(("http_", "jvm_"))}
    on_disk.storage.replace_with(on_disk.storage.view())
    found = on_disk.statistics.variables()
    assert events(found, "scheduler_log_snapshot_persist", "scheduler_log_snapshot") == [1, 0]


def test_the_sizes_of_the_stores_and_the_statuses_of_tasks_are_shown(scheduler):
    states = (ScheduleStatus.RUNNING, ScheduleStatus.RUNNING, ScheduleStatus.PENDING, ScheduleStatus.LOST)
    stored = [task(config(), number, status) for number, status in enumerate(states)]
    one = restored(
        scheduler,
        tasks=stored,
        cronJobs=[cron(job("a")), cron(job("b"))],
        quotaConfigurations=[quota(role, 1.0, 2, 3) for role in "abc"],
        jobUpdateDetails=[update(key("u"), JobUpdateStatus.ROLLED_FORWARD, desired=(config(key("u")), (0, 1)))],
        hostAttributes=[HostAttributes(f"host-{number}", set(), MaintenanceMode.NONE, "s") for number in range(4)],
    )
    found = variables(one)
    sizes = {
        name: found[f"mem_storage_{name}_size"] for name in ("attribute", "cron", "quota", "maintenance", "update")
    }
    assert sizes == {"attribute": 4, "cron": 2, "quota": 3, "maintenance": 0, "update": 1}
    assert [found[f"task_store_index_{by}_items"] for by in ("job", "host")] == [4, 3]
    assert by_status(one) == {"RUNNING": 2, "PENDING": 1, "LOST": 1}
    assert code_and_text(call(one.url, "createJob", description=job("new", instances=3))) == OK
    assert by_status(one) == {"RUNNING": 2, "PENDING": 4, "LOST": 1}
    assert code_and_text(call(one.url, "killTasks", job=key())) == OK
    assert by_status(one) == {"KILLING": 2, "PENDING": 3, "LOST": 1}
    assert code_and_text(call(one.url, "snapshot")) == OK
    one.restart()
    assert by_status(one) == {"KILLING": 2, "PENDING": 3, "LOST": 1}
    found = variables(one)
    assert [found[f"task_store_index_{by}_items"] for by in ("job", "host")] == [6, 3]


def test_the_tasks_of_a_committed_backup_are_counted_by_status(scheduler):
    one = scheduler()
    put_backup(one)
    assert code_and_text(call(one.url, "stageRecovery", backupId=NAME)) == OK
    commit(one)
    one.start()
    names = ScheduleStatus._VALUES_TO_NAMES
    assert by_status(one) == Counter(names[found.status] for found in tasks(one.url).values())


def test_tasks_are_counted_right_whatever_changes_them(on_disk):
    """Replaced, removed, rewritten, compacted, and read from a log of single writes and of a snapshot."""
    states = (ScheduleStatus.RUNNING, ScheduleStatus.PENDING, ScheduleStatus.FINISHED)
    for turn in range(12):
        with on_disk.storage.transaction() as transaction:
            changed = [encode(task(config(), number, states[(number + turn) % 3])) for number in range(turn, 40 + turn)]
            transaction.ops.append(ops.save_tasks(changed))
            present = sorted(transaction.stores.tasks.ids)
            transaction.ops.append(ops.remove_tasks(present[turn % 5 :: 7]))
        assert_counted(on_disk.storage)
    on_disk.reopen()
    assert_counted(on_disk.storage)
    on_disk.storage.snapshot()
    on_disk.reopen()
    assert_counted(on_disk.storage)
    with on_disk.storage.read() as stores:
        stores.tasks.rewrite(next(iter(stores.tasks.ids)), encode(config(key("other"))))
    assert_counted(on_disk.storage)


def test_a_compacted_table_is_counted_anew(on_disk, monkeypatch):
    monkeypatch.setattr("aurora_admin.scheduler.state.live_tasks.MIN_REMOVED_ROWS", 1)
    for status in (ScheduleStatus.PENDING, ScheduleStatus.RUNNING, ScheduleStatus.FINISHED):
        with on_disk.storage.transaction() as transaction:
            transaction.ops.append(ops.save_tasks([encode(task(config(), number, status)) for number in range(9)]))
    rows = len(on_disk.storage._stores.tasks.status)
    on_disk.storage.snapshot()
    assert len(on_disk.storage._stores.tasks.status) < rows
    assert_counted(on_disk.storage)


def assert_counted(storage):
    with storage.read() as stores:
        table = stores.tasks
    rows = table.ids.values()
    assert +table.statuses == Counter(table.status[row] for row in rows)
    assert table.placed == sum(table.host[row] != 0 for row in rows)
    assert len(table) > 0


def test_sizes_do_not_wait_for_the_storage(on_disk):
    """A replay or a snapshot of a million tasks holds the lock for seconds; /vars must work meanwhile."""
    with ThreadPoolExecutor() as pool, on_disk.storage.transaction():
        assert pool.submit(on_disk.storage.sizes).result(DEADLINE_SECONDS)["mem_storage_quota_size"] == 0


def test_queries_are_counted_by_what_narrows_them(scheduler):
    one = restored(scheduler, tasks=[task(config())])
    (task_id,) = tasks(one.url)
    queries = [
        ("task_queries_by_id", TaskQuery(taskIds={task_id}, role="www", slaveHosts={"host-0"})),
        ("task_queries_by_job", TaskQuery(jobKeys={key()}, slaveHosts={"host-0"})),
        ("task_queries_by_job", TaskQuery(role="www")),
        ("task_queries_by_host", TaskQuery(slaveHosts={"host-0"})),
        ("task_queries_all", TaskQuery(statuses={ScheduleStatus.RUNNING})),
        ("task_queries_all", TaskQuery()),
    ]
    for name, query in queries:
        before = variables(one)
        assert len(tasks(one.url, query)) == 1
        after = variables(one)
        assert {other: after[other] - before[other] for other in QUERIES} == {**dict.fromkeys(QUERIES, 0), name: 1}


def test_responses_are_counted_by_status(scheduler):
    one = scheduler()
    before = variables(one)
    assert get(one.url, "/nothing")[0] == 404
    assert get(one.url, "/nothing")[0] == 404
    assert post(one.url, b"", path="/vars")[0] == 405
    assert post(one.url, b"{}", {"Content-Type": "text/plain"})[0] == 415
    assert post(one.url, b"", {"Content-Type": BINARY})[0] == 500
    send_malformed(one.url)
    after = variables(one)
    assert {name: count for name, count in grown(before, after).items() if name.startswith("http_")} == {
        "http_200_responses_events": 1,  # the first look at /vars
        "http_400_responses_events": 1,
        "http_404_responses_events": 2,
        "http_405_responses_events": 1,
        "http_415_responses_events": 1,
        "http_500_responses_events": 1,
    }
    assert after["uncaught_exceptions"] == 0


def send_malformed(url):
    """Send a request that the server refuses before any page is run."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), DEADLINE_SECONDS) as connection:
        connection.sendall(b"GET /vars HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


RAISING = """
import os, sys, threading, time
def fail():
    while not os.path.exists({path!r}):
        time.sleep(0.01)
    raise RuntimeError("on purpose")
if any("reference-scheduler" in argument for argument in sys.orig_argv):
    threading.Thread(target=fail, daemon=True).start()
"""


def test_a_thread_that_ends_with_an_exception_is_counted_and_logged(scheduler, tmp_path):
    trigger = tmp_path / "now"
    (tmp_path / "sitecustomize.py").write_text(RAISING.format(path=str(trigger)))
    one = scheduler(wrapper=("env", f"PYTHONPATH={tmp_path}"))
    assert variables(one)["uncaught_exceptions"] == 0
    trigger.touch()
    wait_until(lambda: variables(one)["uncaught_exceptions"] == 1, "the exception on /vars")
    wait_until(lambda: "RuntimeError: on purpose" in one.log, "the exception in the log")


def test_an_append_that_finds_no_room_is_a_failure_of_the_engine(scheduler, small_disk):
    one = scheduler(started=False)
    one.log_dir = small_disk / "log"
    one.start()
    ballast = fill_disk(small_disk, 0)
    written = 0
    while code_and_text(call(one.url, "createJob", description=job(f"job-{written}"))) == OK:
        written += 1
        assert written < 10_000
    found = variables(one)
    assert [found[f"scheduler_log_native_append_{what}"] for what in ("failures", "timeouts")] == [1, 0]
    assert by_status(one).get("PENDING", 0) == 2 * written
    ballast.unlink()


def test_without_zookeeper_there_are_no_statistics_of_a_session(scheduler):
    assert not [name for name in variables(scheduler()) if name.startswith("zk_")]


def test_the_uptime_is_that_of_the_process(scheduler):
    one = scheduler()
    wait_until(lambda: variables(one)["jvm_uptime_secs"] >= 1, "a second")
    one.restart()
    before = variables(one)["jvm_uptime_secs"]
    wait_until(lambda: variables(one)["jvm_uptime_secs"] > before, "another second")
