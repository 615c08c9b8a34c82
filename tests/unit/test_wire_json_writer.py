"""TJSON that is written while the struct is being made: pieces that end anywhere, and structs that repeat."""

import json

import pytest
from thrift.Thrift import TType

from aurora_admin.gen.api.ReadOnlyScheduler import getTasksStatus_result
from aurora_admin.gen.api.ttypes import Response, ResponseCode, Result, ScheduledTask, ScheduleStatusResult, TaskEvent
from aurora_admin.wire import codec, fields, json_values
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.json_writer import PIECE, struct_pieces, struct_to_json
from aurora_admin.wire.path import path
from tests.support.wire import by_library, sample_task

CONFIG = path(ScheduledTask, "assignedTask.task")
TASK_ID = path(ScheduledTask, "assignedTask.taskId")
EMAIL = path(ScheduledTask, "assignedTask.task.contactEmail")
TASKS = path(getTasksStatus_result, "success.result.scheduleStatusResult.tasks")


def reply(tasks):
    result = Result(scheduleStatusResult=ScheduleStatusResult([]))
    empty = codec.encode(getTasksStatus_result(Response(ResponseCode.OK, result=result, details=[])))
    return TASKS.put(empty, fields.container(TType.STRUCT, list(tasks)))


def some_tasks(count, configs=3):
    raw = sample_task()
    for number in range(count):
        named = TASK_ID.put(raw, fields.string(b"task-%d" % number))
        yield EMAIL.put(named, fields.string(b"%d@example.org" % (number % configs)))


def test_pieces_may_end_anywhere():
    raw = reply(some_tasks(2))
    whole = struct_to_json(raw)
    for cut in range(len(raw)):
        assert b"".join(struct_pieces([raw[:cut], b"", raw[cut:]], [CONFIG.ids])) == whole
    assert b"".join(struct_pieces((raw[at : at + 1] for at in range(len(raw))), [CONFIG.ids])) == whole


@pytest.mark.parametrize("kept", [json_values.MAX_KEPT_BYTES, 5000])
@pytest.mark.parametrize("configs", [1, 3, 20])
def test_structs_that_repeat_change_nothing(monkeypatch, configs, kept):
    monkeypatch.setattr(json_values, "MAX_KEPT_BYTES", kept)
    raw = reply(some_tasks(60, configs))
    assert b"".join(struct_pieces([raw], [CONFIG.ids])) == struct_to_json(raw)


def test_the_text_of_one_task_is_as_that_of_many():
    tasks = list(some_tasks(30))
    found = json.loads(struct_to_json(reply(tasks)))["0"]["rec"]["3"]["rec"]["3"]["rec"]["1"]["lst"]
    assert found == ["rec", 30, *(json.loads(struct_to_json(task)) for task in tasks)]


def test_the_output_begins_before_the_input_ends():
    raw, read = reply(some_tasks(2000)), []

    def pieces():
        for at in range(0, len(raw), 1000):
            read.append(at)
            yield raw[at : at + 1000]

    first = next(struct_pieces(pieces(), [CONFIG.ids]))
    assert PIECE <= len(first) < 2 * PIECE
    assert len(read) * 1000 < len(raw) / 3


def test_a_value_larger_than_a_piece_is_complete():
    raw = EMAIL.put(sample_task(), fields.string(b"x" * (5 * PIECE)))
    whole = reply([raw] * 3)
    cut = (whole[at : at + 7777] for at in range(0, len(whole), 7777))
    assert b"".join(struct_pieces(cut, [CONFIG.ids])) == struct_to_json(whole)


@pytest.mark.parametrize("repeated", [[], [CONFIG.ids]])
def test_every_truncation_is_an_error(repeated):
    raw = reply(some_tasks(1))
    for length in range(len(raw)):
        with pytest.raises(WireError) as caught:
            list(struct_pieces([raw[:length]], repeated))
        assert caught.value.java_class == "TTransportException"
        assert caught.value.offset <= length


def test_an_error_of_the_input_is_raised_as_it_is():
    def pieces():
        yield reply(some_tasks(1))[:100]
        raise OSError("on purpose")

    with pytest.raises(OSError, match="on purpose"):
        list(struct_pieces(pieces()))


def test_too_many_levels_are_an_error():
    deep = b"\0"
    for _ in range(70):
        deep = fields.put(b"\0", [1], TType.STRUCT, deep)
    with pytest.raises(WireError, match="nested"):
        struct_to_json(deep)


def test_events_that_differ_only_in_their_times_are_written_as_the_library_writes_them():
    kinds = [
        {"status": 0},
        {"status": 9, "scheduler": "s-1"},
        {"status": 9, "scheduler": "s-10"},
        {"status": 2, "message": 'a "text"', "scheduler": "s-1"},
        {"status": 2, "message": "x" * 500, "scheduler": "s-1"},
        {},
    ]
    events = [TaskEvent(timestamp=number // 7, **kinds[number % 6]) for number in range(300)]
    events += [TaskEvent(status=3), TaskEvent(timestamp=2**40)]
    task = ScheduledTask(taskEvents=events)
    assert json.loads(struct_to_json(codec.encode(task))) == json.loads(by_library(task))
