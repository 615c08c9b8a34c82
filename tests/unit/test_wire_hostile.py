"""Damaged and hostile bytes raise a WireError with the offset, and never cost much memory, time or stack."""

import random
import re
import struct

import pytest
from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import ScheduledTask, TaskQuery
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.wire import codec, fields, message, transcode
from aurora_admin.wire.canonical import canonical, same
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import DEPTH, MAX_ELEMENTS, Limits
from aurora_admin.wire.path import path
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.window import Window
from tests.support.wire import at_most, refused, sample_task

MOST = 2**31 - 1
JOB_NAME, EXECUTOR_DATA, TASK_EVENTS = (
    path(ScheduledTask, name)
    for name in ("assignedTask.task.job.name", "assignedTask.task.executorConfig.data", "taskEvents")
)
# The bytes that open one level, the innermost value, and the bytes that close a level.
NESTINGS = {
    TType.STRUCT: (b"\x0c\x00\x01", b"\x00", b"\x00"),
    TType.LIST: (b"\x0f\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00", b""),
    TType.SET: (b"\x0e\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00", b""),
    TType.MAP: (b"\x02\x0d\x00\x00\x00\x01\x01", b"\x02\x02\x00\x00\x00\x00", b""),
}


def walked(raw):
    """Skip a struct field by field, through a window."""
    reader = Reader(Window.of_bytes(raw), Limits.of_length(len(raw)))
    while (ttype := reader.field()[0]) != TType.STOP:
        reader.skip(ttype)
    if not reader.window.at_end():
        raise WireError("more follows", reader.position)


READERS = {
    "codec.decode": lambda raw: codec.decode(ScheduledTask, raw),
    "codec.decode slim": lambda raw: codec.decode(slim.ScheduledTask, raw),
    "Reader": walked,
    "fields.parse": fields.parse,
    "fields.get": lambda raw: fields.get(raw, *JOB_NAME.ids),
    "fields.put": lambda raw: JOB_NAME.put(raw, fields.string(b"x")),
    "fields.drop": EXECUTOR_DATA.drop,
    "fields.append": lambda raw: TASK_EVENTS.append(raw, b"\0"),
    "fields.skip": lambda raw: fields.skip(raw, 0, TType.STRUCT),
    "canonical": canonical,
    "same": lambda raw: same(raw, b"\0"),
    "struct_to_json": transcode.struct_to_json,
}


@pytest.fixture(params=READERS.values(), ids=READERS)
def read(request):
    return request.param


def in_field(ttype, value):
    """A struct with the value in a field that every reader has to skip."""
    return fields.header(ttype, 99) + value + b"\0"


def test_the_undamaged_task_is_read(read):
    assert refused(read, sample_task()) is None


def test_a_truncated_struct_is_the_end_of_the_input(sweep):
    raw = sample_task()
    for cut in sweep(range(len(raw)), 150):
        for name, read in READERS.items():
            error = refused(read, raw[:cut])
            assert error, (name, cut)
            assert error.java_class == "TTransportException", (name, cut, str(error))


def test_damaged_bits_are_read_or_refused(sweep):
    raw = sample_task()
    for bit in sweep(range(len(raw) * 8), 600):
        damaged = bytearray(raw)
        damaged[bit // 8] ^= 1 << bit % 8
        for read in READERS.values():
            refused(read, bytes(damaged))


def test_random_bytes_are_read_or_refused(read):
    rng = random.Random(3)
    for _ in range(300):
        refused(read, rng.randbytes(rng.randint(0, 40)))
        # Bytes that are likely to be valid: types, small ids, small counts.
        refused(read, bytes(rng.choice((0, 1, 2, 3, 8, 10, 11, 12, 13, 14, 15, 255)) for _ in range(40)))


@pytest.mark.parametrize("claim", [MOST, 100_000_000, -1, -MOST - 1])
@pytest.mark.parametrize(
    ("ttype", "head"),
    [
        (TType.STRING, b""),
        (TType.LIST, b"\x0c"),
        (TType.SET, b"\x02"),
        (TType.LIST, b"\x0b"),
        (TType.MAP, b"\x0b\x0c"),
    ],
)
def test_a_false_length_costs_no_memory(read, ttype, head, claim):
    raw = in_field(ttype, head + struct.pack("!i", claim) + bytes(8))
    with at_most(200_000):
        error = refused(read, raw)
    assert error
    if claim < 0:
        assert str(error) == f"Negative length: {claim}"
    else:
        assert error.java_class == "TTransportException"


@pytest.mark.parametrize("ttype", NESTINGS)
def test_deep_nesting_is_refused_and_costs_no_stack(read, ttype):
    opening, innermost, closing = NESTINGS[ttype]

    def deep(levels):
        return in_field(ttype, opening * levels + innermost + closing * levels)

    error = refused(read, deep(50_000))
    assert str(error) == f"structs and containers are nested more than {DEPTH} deep"
    assert refused(read, deep(DEPTH - 10)) is None


@pytest.mark.parametrize("ttype", [1, 5, 7, 9, 17, 127, 255])
def test_an_unknown_type_is_refused(read, ttype):
    error = refused(read, in_field(ttype, bytes(20)))
    assert re.search("Unrecognized type|Unexpected TType|invalid TType", str(error))
    assert error.java_class == "TProtocolException"
    refused(read, in_field(TType.LIST, bytes([ttype]) + b"\0\0\0\1" + bytes(20)))


@pytest.mark.parametrize("head", [b"\x08\x00\x00\x00\x03", b"\x0c\x7f\xff\xff\xff"])
def test_a_count_is_refused_before_its_elements_are_read(head):
    reader = Reader(Window.of_bytes(head + bytes(11)), Limits(string=100, container=MOST))
    with pytest.raises(WireError, match="elements do not fit into the remaining 11 bytes"):
        reader.container()


def test_a_container_is_limited_whatever_the_length_of_the_input():
    raw = struct.pack("!bi", TType.BOOL, MAX_ELEMENTS + 1) + bytes(MAX_ELEMENTS + 1)
    with pytest.raises(WireError, match=f"a length of {MAX_ELEMENTS + 1} is over the limit"):
        Reader(Window.of_bytes(raw), Limits.of_length(len(raw))).container()


def test_empty_elements_count_towards_the_limit():
    hosts = fields.put(b"\0", [4], TType.SET, fields.container(TType.STRING, [fields.string(b"")] * 100))
    assert codec.decode(TaskQuery, hosts, Limits(string=10, container=100))
    with pytest.raises(WireError, match="a length of 100 is over the limit"):
        codec.decode(TaskQuery, hosts, Limits(string=10, container=99))


def test_a_string_over_the_limit_is_refused():
    raw = fields.put(b"\0", [2], TType.STRING, fields.string(b"x" * 100))
    assert codec.decode(TaskQuery, raw, Limits(string=100, container=1)).jobName == "x" * 100
    with pytest.raises(WireError, match="a length of 100 is over the limit") as raised:
        codec.decode(TaskQuery, raw, Limits(string=99, container=1))
    assert raised.value.java_class == "TProtocolException"


@pytest.mark.parametrize("value", [fields.string(b"x" * 100), fields.container(TType.BOOL, [b"\1"] * 100)])
def test_limits_hold_if_the_length_of_the_input_is_unknown(value):
    ttype = TType.LIST if value[0] == TType.BOOL else TType.STRING
    for step in (lambda reader: reader.skip(ttype), Reader.container if ttype == TType.LIST else Reader.string):
        sent = iter([value])
        reader = Reader(Window(lambda _, sent=sent: next(sent, b"")), Limits(string=99, container=99))
        with pytest.raises(WireError, match="a length of 100 is over the limit"):
            step(reader)


def test_the_limit_holds_for_a_string_inside_a_skipped_struct():
    """The library does not limit what it skips, and would allocate 2 GiB."""
    claim = 50 << 20
    raw = fields.header(TType.STRING, 1) + struct.pack("!i", claim)
    sent = iter([raw])

    def read(length):
        return next(sent, bytes(length))

    with at_most(1 << 20), pytest.raises(WireError, match=f"a length of {claim} is over the limit"):
        Reader(Window(read, size=100), Limits(string=1000, container=10)).skip(TType.STRUCT)


def test_a_truncated_message_is_the_end_of_the_input(sweep):
    original = message.Message("getTasksStatus", message.REPLY, 7, sample_task())
    raw = message.to_binary(original)
    header = len(raw) - len(original.body)
    for cut in range(header):
        error = refused(message.from_binary, raw[:cut])
        assert error
        assert error.java_class == "TTransportException"
    text = message.to_json(original)
    for cut in sweep(range(len(text)), 300):
        error = refused(message.from_json, text[:cut])
        assert error
        assert error.java_class == "TTransportException", (text[:cut], str(error))


def test_a_damaged_message_is_read_or_refused(sweep):
    original = message.Message("getTasksStatus", message.REPLY, 7, sample_task())
    header = message.header_binary(original.name, original.type, original.seqid)
    for read, raw in ((message.from_binary, header), (message.from_json, message.to_json(original))):
        rng = random.Random(5)
        for at in sweep(range(len(raw)), 300):
            damaged = bytearray(raw)
            damaged[at] = rng.randrange(256)
            refused(read, bytes(damaged))


TOO_DEEP = f"structs and containers are nested more than {DEPTH} deep"
BAD_NUMBER = "Bad data encounted in numeric data"
BAD_PARTS = "a message is version, name, type, sequence id and arguments"
BAD_COUNT = "the count of a list or set differs from its elements"
BAD_FIELD = "field 1 is not an object of a type and a value"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[" * 100_000, TOO_DEEP),
        (b'[1,"' + b"a" * 2_000_000, "the input ends in the middle of a value"),
        (b'[1,"' + b"\\\\" * 1_000_000, "the input ends in the middle of a value"),
        (b'[1,"x",1,0,' + b'{"1":{"rec":' * 100_000, TOO_DEEP),
        (b'[1,"x",1,0,' + b'{"1":{"rec":' * 70 + b"{}" + b"}}" * 70 + b"]", TOO_DEEP),
        (b'[1,"x",1,0,{"1":{"lst":' + b'["lst",1,' * 70 + b'["lst",0]' + b"]" * 70 + b"}}]", TOO_DEEP),
        (b'[1,"x",1,0,{"1":{"i64":' + b"9" * 100_000 + b"}}]", BAD_NUMBER),
        (b'[1,"x",1,0,{"1":{"i64":9223372036854775808}}]', "a number does not fit its type"),
        (b'[1,"x",1,0,{"32768":{"tf":1}}]', "a number does not fit its type"),
        (b'[1,"x",1,0,{"1_0":{"tf":1}}]', BAD_NUMBER),
        (b'[1,"x",1,0,{"1":{"tf":true}}]', "a value is not of type tf"),
        (b'[1,"x",1,0,{"1":{"i32":1.5}}]', "a value is not of type i32"),
        (b'[1,"x",1,0,{"1":{"i32":"1"}}]', "a value is not of type i32"),
        (b'[1,"x",1,0,{"1":{"str":1}}]', "a value is not of type str"),
        (b'[1,"x",1,0,{"1":{"dbl":"one"}}]', "a value is not of type dbl"),
        (b'[1,"x",1,0,{"1":{"dbl":NaN}}]', BAD_NUMBER),
        (b'[1,"x",1,0,{"1":{"str":"\\ud800"}}]', "a string has half of a surrogate pair"),
        (b'[1,"x",1,0,{"1":{}}]', BAD_FIELD),
        (b'[1,"x",1,0,{"1":{"i32":1,"i64":1}}]', BAD_FIELD),
        (b'[1,"x",1,0,{"1":7}]', BAD_FIELD),
        (b'[1,"x",1,0,{"1":{"lst":["str",2,"a"]}}]', BAD_COUNT),
        (b'[1,"x",1,0,{"1":{"lst":["str",2147483647]}}]', BAD_COUNT),
        (b'[1,"x",1,0,{"1":{"lst":[["str"],0]}}]', "Unrecognized type"),
        (b'[1,"x",1,0,{"1":{"lst":[]}}]', BAD_COUNT),
        (b'[1,"x",1,0,{"1":{"map":["str","i32",2,{"a":1}]}}]', "the count of a map differs from its entries"),
        (b'[1,"x",1,0,{"1":{"map":["i32","i32",1,{"a":1}]}}]', BAD_NUMBER),
        (b'[1,"x",1,0,{"1":{"map":["dbl","i32",1,{"a":1}]}}]', BAD_NUMBER),
        (b'[1,"x",1,0,{"1":{"map":["rec","i32",1,{"a":1}]}}]', "a value is not of type rec"),
        (b'[1,"x",1,2147483648,{}]', "type or sequence id of the message is too large"),
        (b'[1,"x",true,0,{}]', BAD_PARTS),
        (b'[1,"x",1,0,[]]', BAD_PARTS),
        (b'[1,"x",1,0]', BAD_PARTS),
        (b"[1,1,1,0,{}]", BAD_PARTS),
        (b'{"1":1}', "Unexpected character:{"),
        (b"7", "Unexpected character:7"),
        (b'"x"', 'Unexpected character:"'),
        (b"null", "Unexpected character:n"),
        (b"[]", "Message contained bad version."),
    ],
)
def test_malformed_json_is_refused(text, reason):
    with at_most(10 << 20):
        error = refused(message.from_json, text)
    assert str(error) == reason
