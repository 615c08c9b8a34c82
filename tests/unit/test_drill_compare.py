"""What the drill compares: whatever was lost, changed or added must fail it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from thrift.Thrift import TType

from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api.ttypes import HostAttributes, MaintenanceMode, ScheduledTask, ScheduleStatus
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.plugins.drill.sandbox import StepFailed
from aurora_admin.plugins.drill.steps import Drill
from aurora_admin.wire import fields
from aurora_admin.wire.path import path

SAMPLE = Path(__file__).parents[1] / "data" / "sample-backup"
HOSTS, QUOTAS, FRAMEWORK_ID, METADATA_DETAILS = (
    path(Snapshot, name)
    for name in ("hostAttributes", "quotaConfigurations", "schedulerMetadata.frameworkId", "schedulerMetadata.details")
)
STATUS, USER, RESOURCES = (
    path(ScheduledTask, name) for name in ("status", "assignedTask.task.owner.user", "assignedTask.task.resources")
)
MODE = path(HostAttributes, "mode")


@pytest.fixture
def backup():
    backup = read_backup(str(SAMPLE))
    yield backup
    backup.close()


@pytest.fixture
def judge(backup):
    """Compare the tasks of a scheduler: the given function gets the expected records by id."""

    def compare(answer):
        drill = Drill(SimpleNamespace(), "backup", backup, None)
        records = {task_id: backup.record(task_id) for task_id in backup.tasks.ids if task_id not in drill.deleted}
        drill.sandbox = SimpleNamespace(tasks=lambda _: iter(answer(records, drill)))
        return drill.compare_tasks()

    return compare


def first(records):
    return next(iter(records))


def test_the_same_tasks_in_another_order_pass(judge):
    assert judge(lambda records, _: reversed(records.values())) == "57 tasks, each as in the backup"


def test_a_set_in_another_order_is_the_same_task(judge):
    def reordered(records, _):
        raw = records[first(records)]
        changed = RESOURCES.put_elements(raw, RESOURCES.elements(raw)[::-1])
        assert changed != raw
        return {**records, first(records): changed}.values()

    assert judge(reordered)


def test_a_missing_task_is_named(judge):
    def without_one(records, _):
        return [raw for task_id, raw in records.items() if task_id != first(records)]

    with pytest.raises(StepFailed, match=r"missing: 1 \("):
        judge(without_one)


def test_a_deleted_task_that_is_back_is_named(judge):
    with pytest.raises(StepFailed, match=r"missing: none; different, or not in the backup: 1 \("):
        judge(lambda records, drill: [*records.values(), drill.backup.record(min(drill.deleted))])


def test_a_task_that_is_returned_twice_is_named(judge):
    with pytest.raises(StepFailed, match=r"different, or not in the backup: 1 \("):
        judge(lambda records, _: [*records.values(), records[first(records)]])


@pytest.mark.parametrize(
    "change",
    [
        lambda task: STATUS.put(task, fields.i32(ScheduleStatus.KILLED)),
        lambda task: USER.put(task, fields.string(b"other")),
        lambda task: fields.put(task, [99], TType.STRING, fields.string(b"new")),
    ],
    ids=["status", "user", "unknown"],
)
def test_a_changed_task_is_named(judge, change):
    def changed(records, _):
        return {**records, first(records): change(records[first(records)])}.values()

    with pytest.raises(StepFailed, match=r"different, or not in the backup: 1 \("):
        judge(changed)


@pytest.fixture
def judge_rest(backup, tmp_path):
    """Compare the backup that a restored scheduler makes: the function given edits the whole snapshot."""

    def compare(edit):
        def back_up(*_):
            (tmp_path / "scheduler-backup-new").write_bytes(edit(SAMPLE.read_bytes()))

        return Drill(SimpleNamespace(admin=back_up, backups=tmp_path), "backup", backup, None).compare_the_rest()

    return compare


def test_the_same_records_pass_whatever_the_scheduler_writes_about_its_build(judge_rest):
    result = judge_rest(METADATA_DETAILS.drop)
    assert result == "25 records, each as in the backup, after the upgrade of old records"


def test_another_framework_id_fails(judge_rest):
    with pytest.raises(StepFailed, match="the framework id is other, not 6d1f"):
        judge_rest(lambda raw: FRAMEWORK_ID.put(raw, fields.string(b"other")))


def test_a_backup_that_cannot_be_read_fails(judge_rest):
    with pytest.raises(StepFailed, match=r"the new backup cannot be read: .* at byte"):
        judge_rest(lambda raw: raw[:-1])


def test_no_backup_at_all_fails(backup, tmp_path):
    drill = Drill(SimpleNamespace(admin=lambda *_: None, backups=tmp_path), "backup", backup, None)
    with pytest.raises(StepFailed, match="no new backup was written"):
        drill.compare_the_rest()


def test_a_lost_record_is_named(judge_rest):
    def without_last_quota(raw):
        return QUOTAS.put_elements(raw, QUOTAS.elements(raw)[:-1])

    with pytest.raises(StepFailed, match=r"1 quotas differ, b'www-data' for example"):
        judge_rest(without_last_quota)


def test_a_changed_record_is_named(judge_rest):
    def with_another_mode(raw):
        host, *others = HOSTS.elements(raw)
        return HOSTS.put_elements(raw, [MODE.put(host, fields.i32(MaintenanceMode.DRAINED)), *others])

    with pytest.raises(StepFailed, match="1 hosts differ"):
        judge_rest(with_another_mode)
