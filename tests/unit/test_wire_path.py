"""Paths of fields by name: what they resolve to, and that a typo fails."""

import pytest
from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import JobKey, ScheduledTask, TaskConfig
from aurora_admin.gen.storage.ttypes import StoredJobUpdateDetails
from aurora_admin.wire import codec, fields
from aurora_admin.wire.path import path as field_path


def test_a_path_is_resolved_through_nested_structs():
    found = field_path(StoredJobUpdateDetails, "details.update.instructions.initialState")
    assert (found.ids, found.ttype, found.id) == ((1, 1, 2, 1), TType.SET, 1)


@pytest.mark.parametrize("names", ["asignedTask", "assignedTask.task.jobs", "status.name", "taskEvents.status", ""])
def test_a_name_that_is_not_in_the_idl_fails_at_once(names):
    with pytest.raises(AttributeError, match="ScheduledTask has no field"):
        field_path(ScheduledTask, names)


@pytest.mark.parametrize(
    ("struct", "names", "value"),
    [
        (TaskConfig(priority=-7), "priority", -7),
        (TaskConfig(production=True), "production", True),
        (TaskConfig(production=False), "production", False),
        (TaskConfig(job=JobKey("r", "e", "n")), "job.name", b"n"),
        (TaskConfig(), "job.name", None),
    ],
)
def test_a_value_is_read_by_its_type(struct, names, value):
    assert field_path(type(struct), names).value(codec.encode(struct)) == value


def test_elements_of_a_missing_list_are_none():
    events = field_path(ScheduledTask, "taskEvents")
    raw = codec.encode(ScheduledTask())
    assert events.elements(raw) == []
    assert events.elements(events.append(raw, fields.STOP)) == [fields.STOP]
