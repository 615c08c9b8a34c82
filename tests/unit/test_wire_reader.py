"""Step-by-step reading, and decoding of complete structs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import JobKey, ScheduledTask, TaskConfig, TaskQuery
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import UNKNOWN_LENGTH, Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.window import Window
from tests.support.wire import NESTED, SCALARS, sample, sample_task, snapshots, values

ANY = st.sampled_from(SCALARS + NESTED).flatmap(lambda ttype: st.tuples(st.just(ttype), values(ttype)))


def reader_of(raw):
    return Reader(Window.of_bytes(raw), Limits.of_length(len(raw)))


def in_pieces(raw, size):
    left = iter([raw[at : at + size] for at in range(0, len(raw), size)])
    return Reader(Window(lambda _: next(left, b""), size=size), UNKNOWN_LENGTH)


@given(ANY, ANY, st.integers(1, 20))
def test_skip_goes_to_the_end_of_the_value(one, other, size):
    raw = one[1] + other[1]
    for reader in (reader_of(raw), in_pieces(raw, size)):
        reader.skip(one[0])
        assert reader.position == len(one[1])
        reader.skip(other[0])
        assert reader.window.at_end()


def test_scalars_are_read_as_they_were_written():
    numbers = fields.i32(-2) + fields.i64(-3)
    truths = fields.boolean(True) + fields.boolean(False) + b"\2"
    reader = reader_of(
        b"".join(
            (
                fields.header(TType.STRING, -7),
                fields.string(b"\xff"),
                numbers,
                truths,
                fields.container(TType.I32, [fields.i32(5)]),
                b"\0",
            )
        )
    )
    assert reader.field() == (TType.STRING, -7)
    assert (reader.string(), reader.i32(), reader.i64()) == (b"\xff", -2, -3)
    assert (reader.boolean(), reader.boolean(), reader.boolean()) == (True, False, False)
    assert (reader.container(), reader.i32()) == ((TType.I32, 1), 5)
    assert reader.field() == (TType.STOP, 0)
    assert reader.window.at_end()


def test_the_header_of_a_field_of_unknown_type_is_refused():
    reader = reader_of(b"\x01\x00\x01\x00")
    with pytest.raises(WireError, match="Unrecognized type 1") as raised:
        reader.field()
    assert raised.value.offset == 0


def test_an_empty_container_may_have_any_element_type():
    assert reader_of(b"\x00\x00\x00\x00\x00").container() == (0, 0)


@pytest.mark.parametrize("snapshot", snapshots())
def test_a_snapshot_read_step_by_step_equals_the_decoded_one(snapshot):
    raw = snapshot()
    reader, decoded = reader_of(raw), codec.decode(Snapshot, raw)
    while (field := reader.field())[0] != TType.STOP:
        if field == (TType.SET, 4):
            etype, count = reader.container()
            assert (etype, count) == (TType.STRUCT, len(decoded.tasks))
            walked = [task.assignedTask.taskId.decode() for _, task, _ in reader.structs(slim.ScheduledTask, count)]
            assert sorted(walked) == sorted(task.assignedTask.taskId for task in decoded.tasks)
        else:
            reader.skip(field[0])
    assert reader.window.at_end()


def test_structs_are_read_with_their_positions():
    raw = b"".join(codec.encode(JobKey(role=role)) for role in ("a", "bb", "ccc"))
    reader = reader_of(b"\xff" + raw)
    reader.window.readAll(1)
    found = [(start, key.role, end, reader.slice(start, end)) for start, key, end in reader.structs(slim.JobKey, 3)]
    assert found == [(1, b"a", 10, raw[:9]), (10, b"bb", 20, raw[9:19]), (20, b"ccc", 31, raw[19:])]


def test_structs_keep_only_the_current_one_in_memory():
    raw = sample_task() * 200
    held = []
    reader = in_pieces(raw, 4096)
    for start, _, end in reader.structs(slim.ScheduledTask, 200):
        reader.slice(start, end)
        held.append(len(reader.window.cstringio_buf.getvalue()))
    assert max(held) < 3 * 4096


def test_the_error_of_a_struct_has_the_offset_in_the_input():
    raw = codec.encode(JobKey(role="a"))
    reader = reader_of(raw + b"\x0b\x00\x01\xff\xff\xff\xff")
    with pytest.raises(WireError, match="Negative length: -1") as raised:
        for _ in reader.structs(slim.JobKey, 2):
            pass
    assert raised.value.offset == len(raw) + 7
    assert raised.value.java_text == "org.apache.thrift.protocol.TProtocolException: Negative length: -1"


def test_a_struct_is_read_as_it_was_written():
    task = codec.decode(ScheduledTask, sample_task())
    assert same(codec.encode(task), sample_task())
    assert task.assignedTask.task.job.role
    assert same(codec.decode(Snapshot, sample()), sample())


def test_text_that_is_not_utf8_is_kept_by_slim_structs():
    raw = fields.put(b"\0", [1], TType.STRING, fields.string(b"r\xffle"))
    assert codec.decode(JobKey, raw).role == "r�le"
    assert codec.decode(slim.JobKey, raw).role == b"r\xffle"


def test_unknown_fields_are_skipped():
    raw = codec.encode(JobKey(role="a"))
    for number, ttype, value in (
        (2, TType.I32, fields.i32(1)),
        (-1, TType.STRING, fields.string(b"x")),
        (99, TType.STRING, fields.string(b"\xff")),
    ):
        known = codec.decode(JobKey, fields.put(raw, [number], ttype, value))
        assert (known.role, known.environment, known.name) == ("a", None, None)


def test_elements_of_another_type_are_refused():
    raw = fields.put(b"\0", [5], TType.SET, fields.container(TType.STRING, [fields.string(b"x")]))
    with pytest.raises(WireError, match="damaged data"):
        codec.decode(TaskQuery, raw)
    raw = fields.put(b"\0", [22], TType.MAP, b"\x0b\x08" + fields.i32(1) + fields.string(b"x") + fields.i32(1))
    with pytest.raises(WireError, match="damaged data"):
        codec.decode(TaskConfig, raw)


def test_only_the_byte_1_is_true():
    configs = [fields.put(b"\0", [7], TType.BOOL, bytes([byte])) for byte in range(3)]
    assert [codec.decode(TaskConfig, config).isService for config in configs] == [False, True, False]


def test_bytes_after_the_struct_are_refused():
    with pytest.raises(WireError, match="2 bytes follow") as raised:
        codec.decode(JobKey, b"\0\0\0")
    assert raised.value.offset == 1


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (TaskQuery(limit=2**31), OverflowError),
        (TaskQuery(role="\ud800"), UnicodeEncodeError),
        (TaskQuery(role=7), TypeError),
    ],
)
def test_a_value_that_does_not_fit_its_field_raises(value, error):
    with pytest.raises(error):
        codec.encode(value)


def test_strings_can_be_given_as_bytes_or_text():
    assert codec.encode(JobKey(role=b"a")) == codec.encode(slim.JobKey(role="a")) == codec.encode(JobKey(role="a"))
