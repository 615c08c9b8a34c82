"""The comparison of two states: every record that was added, removed or changed, and no other."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_admin.backup import diff
from aurora_admin.backup.diff import BackupTasks, Change, SectionRecords, changes, section_changes
from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.api.ttypes import ScheduledTask
from aurora_admin.snapshot.sections import QUOTAS
from aurora_admin.wire import fields
from aurora_admin.wire.path import path

SAMPLE = Path(__file__).parents[1] / "data" / "sample-backup"
STATUS = path(ScheduledTask, "status")
RECORDS = [fields.join([STATUS.field(fields.i32(number))]) for number in range(3)]
STATES = st.dictionaries(st.binary(max_size=2), st.sampled_from(RECORDS), max_size=20)


@pytest.fixture
def backup():
    backup = read_backup(str(SAMPLE))
    yield backup
    backup.close()


@given(old=STATES, new=STATES)
def test_changes_are_those_of_a_plain_comparison(old, new):
    expected = {
        Change(key, old.get(key), new.get(key)) for key in old.keys() | new.keys() if old.get(key) != new.get(key)
    }
    found = list(changes(SectionRecords(old), new.items()))
    assert (len(found), set(found)) == (len(expected), expected)


def test_blocks_do_not_change_the_result(backup, monkeypatch):
    tasks = list(backup.records(backup.tasks.select()))
    ids = {row: task_id for task_id, row in backup.tasks.ids.items()}
    new = [(ids[row], STATUS.put(raw, fields.i32(9)) if row % 7 == 0 else raw) for row, raw in tasks[1:]]
    expected = sorted(changes(BackupTasks(backup), new))
    for size in (1, 3, len(new)):
        monkeypatch.setattr(diff, "BLOCK_RECORDS", size)
        assert sorted(changes(BackupTasks(backup), reversed(new))) == expected
    assert len(expected) == 1 + len(range(7, len(tasks), 7))


def test_records_that_differ_only_in_the_order_of_their_fields_are_the_same():
    raw = fields.join([fields.Field(1, 8, fields.i32(1)), fields.Field(2, 8, fields.i32(2))])
    reordered = fields.join(reversed(fields.parse(raw)))
    assert raw != reordered
    assert list(changes(SectionRecords({b"a": raw}), [(b"a", reordered)])) == []


def test_a_key_that_comes_twice_is_added_the_second_time():
    record = RECORDS[1]
    assert list(changes(SectionRecords({b"a": record}), [(b"a", record), (b"a", record)])) == [
        Change(b"a", None, record)
    ]


def test_a_task_that_is_left_out_counts_as_added_when_it_is_there(backup):
    first = min(backup.tasks.ids)
    both = [(task_id, backup.record(task_id)) for task_id in backup.tasks.ids]
    assert [change.key for change in changes(BackupTasks(backup, {first}), both)] == [first]


def test_a_section_is_compared_with_that_of_another_backup(backup):
    assert list(section_changes(backup, backup, QUOTAS)) == []
    with_fewer = read_backup(str(SAMPLE))
    key, raw = with_fewer.sections[QUOTAS].popitem()
    assert list(section_changes(backup, with_fewer, QUOTAS)) == [Change(key, raw, None)]
    with_fewer.close()
