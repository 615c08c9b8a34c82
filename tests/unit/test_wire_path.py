"""Fields by name: how paths are resolved, and what they read and write."""

import pytest
from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import JobKey, ScheduledTask, TaskConfig
from aurora_admin.gen.storage.ttypes import StoredJobUpdateDetails
from aurora_admin.wire import codec, fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.path import path

PRIORITY, PORTS = path(TaskConfig, "priority"), path(TaskConfig, "requestedPorts")


def test_a_path_is_resolved_through_nested_structs():
    found = path(StoredJobUpdateDetails, "details.update.instructions.initialState")
    assert (found.ids, found.ttype, found.etype, found.id) == ((1, 1, 2, 1), TType.SET, TType.STRUCT, 1)
    assert found.header == bytes([TType.SET, 0, 1])
    assert found.field(b"value") == fields.Field(1, TType.SET, b"value")


@pytest.mark.parametrize("names", ["asignedTask", "assignedTask.task.jobs", "status.name", "taskEvents.status", ""])
def test_an_unknown_name_fails_at_once(names):
    with pytest.raises(AttributeError, match="ScheduledTask has no field"):
        path(ScheduledTask, names)


@pytest.mark.parametrize(
    ("struct", "names", "value"),
    [
        (TaskConfig(priority=-7), "priority", -7),
        (TaskConfig(ramMb=2**40), "ramMb", 2**40),
        (TaskConfig(numCpus=0.25), "numCpus", 0.25),
        (TaskConfig(production=True), "production", True),
        (TaskConfig(production=False), "production", False),
        (TaskConfig(job=JobKey("r", "e", "n")), "job.name", b"n"),
        (TaskConfig(), "job.name", None),
    ],
)
def test_a_value_is_read_by_its_type(struct, names, value):
    assert path(type(struct), names).value(codec.encode(struct)) == value


def test_a_field_of_another_type_is_missing_as_for_every_reader():
    raw = fields.put(codec.encode(TaskConfig()), PRIORITY.ids, TType.STRING, fields.string(b"high"))
    assert codec.decode(TaskConfig, raw).priority is None
    assert PRIORITY.get(raw) is None
    assert PRIORITY.value(raw) is None
    assert PRIORITY.value(PRIORITY.put(raw, fields.i32(1))) == 1


def test_elements_are_read_and_written():
    raw = codec.encode(TaskConfig())
    assert (PORTS.elements(raw), PORTS.values(raw)) == ([], [])
    appended = PORTS.append(PORTS.append(raw, fields.string(b"http")), fields.string(b"admin"))
    assert PORTS.values(appended) == [b"http", b"admin"]
    assert PORTS.elements(appended) == [fields.string(b"http"), fields.string(b"admin")]
    assert PORTS.put_elements(raw, PORTS.elements(appended)) == appended


def test_elements_of_another_type_are_refused():
    raw = PORTS.put(codec.encode(TaskConfig()), fields.container(TType.I32, [fields.i32(1)]))
    with pytest.raises(WireError, match="field 21 has elements of type 8, not 11"):
        PORTS.elements(raw)
