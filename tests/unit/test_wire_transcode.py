"""Translation between TBinary and TJSON, compared with the library's TJSONProtocol."""

import json
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thrift.protocol.TJSONProtocol import TJSONProtocol
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.json_writer import struct_to_json
from aurora_admin.wire.transcode import struct_from_json
from tests.support.structs import STRUCTS, Filler
from tests.support.wire import TEXTUAL, UNIQUE, by_library, sample_task, structs

TOKEN = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\bfnrt]|\\u00[01][0-9a-f])*"|-?[0-9.]+(?:e[-+]?[0-9]+)?|[][{},:]')


def has_binary(cls, seen=()):
    """Whether a struct has a binary field at any depth, which the library writes as base64 and we as text."""
    if cls in seen:
        return False

    def inside(ttype, of):
        if ttype == TType.STRUCT:
            return has_binary(of[0], (*seen, cls))
        if ttype in (TType.LIST, TType.SET):
            return inside(of[0], of[1])
        if ttype == TType.MAP:
            return inside(of[0], of[1]) or inside(of[2], of[3])
        return of == "BINARY"

    return any(inside(spec[1], spec[3]) for spec in cls.thrift_spec if spec)


NO_BINARY = {name: cls for name, cls in STRUCTS.items() if not has_binary(cls)}


def read_by_library(cls, text):
    value = cls()
    value.read(TJSONProtocol(TMemoryBuffer(text)))
    return value


@given(structs(TEXTUAL))
def test_translation_to_json_and_back_changes_nothing(raw):
    assert struct_from_json(json.loads(struct_to_json(raw))) == raw


@given(structs(UNIQUE))
def test_the_json_has_only_tokens_that_every_scheduler_reads(raw):
    """No blanks, only the escapes that JSON requires, and raw UTF-8 (docs/connection.md 3.5)."""
    text = struct_to_json(raw).decode()
    assert TOKEN.sub("", text) == ""


@given(st.sampled_from(list(NO_BINARY)), st.integers(0, 2**32))
def test_the_library_writes_the_same_json(name, seed):
    value = Filler(seed).struct(NO_BINARY[name])
    ours = json.loads(struct_to_json(codec.encode(value)))
    assert ours == json.loads(by_library(value), strict=False)


@given(st.sampled_from(list(NO_BINARY)), st.integers(0, 2**32))
def test_the_library_reads_our_json(name, seed):
    value = Filler(seed).struct(NO_BINARY[name])
    assert same(read_by_library(NO_BINARY[name], struct_to_json(codec.encode(value))), value)


@given(st.sampled_from(list(NO_BINARY)), st.integers(0, 2**32))
def test_the_json_of_the_library_is_read(name, seed):
    value = Filler(seed).struct(NO_BINARY[name])
    # It writes -0.0 as an integer, which has no sign.
    text = by_library(value).replace(b'"dbl":-0}', b'"dbl":-0.0}')
    assert struct_from_json(json.loads(text, strict=False)) == codec.encode(value)


def test_the_examples_in_the_documentation_are_right():
    """Those of docs/wire.md 4.1 and 4.2."""
    aggregate = bytes.fromhex("0e00040c000000020400013ff8000000000000000a000200000000000000800000")
    assert struct_to_json(aggregate) == b'{"4":{"set":["rec",2,{"1":{"dbl":1.5}},{"2":{"i64":128}}]}}'
    ports = bytes.fromhex("0d00050b080000000100000004687474700000791800")
    assert struct_to_json(ports) == b'{"5":{"map":["str","i32",1,{"http":31000}]}}'
    assert struct_to_json(bytes.fromhex("0c0001000c00020000")) == b'{"1":{"rec":{}},"2":{"rec":{}}}'
    assert struct_to_json(b"\x00") == b"{}"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (float("nan"), b'"NaN"'),
        (float("inf"), b'"Infinity"'),
        (float("-inf"), b'"-Infinity"'),
        (-0.0, b"-0.0"),
        (0.1, b"0.1"),
        (1e300, b"1e+300"),
        (5e-324, b"5e-324"),
    ],
)
def test_doubles_are_written_exactly_and_quoted_if_not_finite(number, text):
    raw = fields.put(b"\0", [1], TType.DOUBLE, fields.double(number))
    assert struct_to_json(raw) == b'{"1":{"dbl":%s}}' % text
    assert struct_from_json(json.loads(struct_to_json(raw))) == raw


def test_a_double_may_be_written_as_a_whole_number():
    assert struct_from_json({"1": {"dbl": 1}}) == fields.put(b"\0", [1], TType.DOUBLE, fields.double(1.0))


def test_bytes_that_are_not_utf8_are_replaced():
    raw = fields.put(b"\0", [1], TType.STRING, fields.string('"\\/\b\n\x01\x7f é日😀'.encode() + b"\xff"))
    assert struct_to_json(raw) == '{"1":{"str":"\\"\\\\/\\b\\n\\u0001\x7f é日😀�"}}'.encode()


@pytest.mark.parametrize(
    ("ktype", "key", "text"),
    [
        (TType.BOOL, b"\1", b"1"),
        (TType.BYTE, b"\xff", b"-1"),
        (TType.I64, struct.pack("!q", 2**40), b"1099511627776"),
        (TType.DOUBLE, fields.double(1.5), b"1.5"),
        (TType.DOUBLE, fields.double(float("inf")), b"Infinity"),
        (TType.STRING, fields.string(b'a"'), b'a\\"'),
    ],
)
def test_keys_of_maps_are_quoted_whatever_their_type(ktype, key, text):
    raw = fields.put(b"\0", [1], TType.MAP, bytes([ktype, TType.BOOL]) + fields.i32(1) + key + b"\0")
    assert re.fullmatch(rb'\{"1":\{"map":\["\w+","tf",1,\{"(.*)":0\}\]\}\}', struct_to_json(raw))[1] == text
    assert struct_from_json(json.loads(struct_to_json(raw))) == raw


def test_a_value_without_a_form_in_json_is_refused():
    with pytest.raises(WireError, match="Unrecognized type 16"):
        struct_to_json(fields.put(b"\0", [1], TType.UUID, bytes(16)))
    with pytest.raises(WireError, match="a map with keys of type 12 has no TJSON form"):
        struct_to_json(fields.put(b"\0", [1], TType.MAP, b"\x0c\x02" + fields.i32(1) + b"\0\0"))
    with pytest.raises(WireError, match="1 bytes follow"):
        struct_to_json(sample_task() + b"\0")
