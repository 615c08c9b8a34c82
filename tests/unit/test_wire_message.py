"""Messages in both protocols, and the errors for malformed ones."""

import base64
import gzip
import json

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException
from thrift.transport.TTransport import TMemoryBuffer

from aurora_admin.gen.api import AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler
from aurora_admin.wire import codec, message
from aurora_admin.wire.canonical import same
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.message import Message
from tests.support.recordings import NAMES, Recording, body_of
from tests.support.wire import refused, sample_task

BINARY = "application/vnd.apache.thrift.binary"
CALL = Message("getQuota", message.CALL, 7, bytes.fromhex("0b0001000000087777772d6461746100"))


def messages(name):
    """Yield for each message of a recorded exchange whether it is in TBinary, and its bytes."""
    exchange = Recording(name).exchange
    for side in (exchange["request"], exchange["response"]):
        headers = dict(side["headers"])
        kind = headers.get("Content-Type", "")
        body = body_of(side) or b""
        if headers.get("Content-Encoding") == "gzip" and side is exchange["response"]:
            body = gzip.decompress(body)
        if body and kind.startswith(("application/vnd.apache.thrift", "application/x-thrift")):
            yield kind == BINARY, body


def was_understood(name):
    exchange = Recording(name).exchange
    return exchange["call"] and exchange["response"]["status"] == 200


def test_recorded_messages_are_written_as_they_were_read():
    seen = {True: 0, False: 0}
    for name in filter(was_understood, NAMES):
        for binary, body in messages(name):
            read, write = (message.from_binary, message.to_binary) if binary else (message.from_json, message.to_json)
            parsed = read(body)
            seen[binary] += 1
            if binary:
                assert write(parsed) == body, name
            else:
                # The recorder wrote whole doubles as integers.
                assert json.loads(write(parsed)) == json.loads(body), name
            assert message.from_json(message.to_json(parsed)) == parsed, name
            assert message.from_binary(message.to_binary(parsed)) == parsed, name
    assert min(seen.values()) > 2


def test_recorded_replies_are_read_by_the_generated_code():
    for name in filter(was_understood, NAMES):
        for binary, body in messages(name):
            parsed = (message.from_binary if binary else message.from_json)(body)
            if parsed.type != message.EXCEPTION:
                kind = "args" if parsed.type in (message.CALL, message.ONEWAY) else "result"
                decoded = codec.decode(struct_of_call(f"{parsed.name}_{kind}"), parsed.body)
                assert same(decoded, parsed.body), name


def struct_of_call(name):
    services = (AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler)
    return next(getattr(service, name) for service in services if hasattr(service, name))


@pytest.mark.parametrize(
    "name",
    [
        "bad-empty-body",
        "bad-text-body",
        "bad-truncated-json",
        "bad-version",
        "enc-binary-body-as-x-thrift",
        "enc-request-gzipped",
    ],
)
def test_bad_requests_are_refused_with_the_text_of_a_real_scheduler(name):
    exchange = Recording(name).exchange
    request = exchange["request"]
    body = base64.b64decode(request["body_base64"]) if "body_base64" in request else request["body"].encode()
    error = refused(message.from_json, body)
    assert f"javax.servlet.ServletException: {error.java_text}</pre>" in exchange["response"]["body"]


def test_a_truncated_recorded_reply_is_refused(sweep):
    ((_, _), (binary, body)) = messages("enc-binary-to-binary")
    assert binary

    def read(raw):
        codec.decode(struct_of_call("getQuota_result"), message.from_binary(raw).body)

    read(body)
    for cut in sweep(range(len(body)), 400):
        error = refused(read, body[:cut])
        assert error
        assert error.java_class == "TTransportException"


def test_both_headers_are_read():
    assert message.to_binary(CALL) == bytes.fromhex("80010001 00000008 67657451756f7461 00000007") + CALL.body
    transport = TMemoryBuffer()
    TBinaryProtocol(transport, strictWrite=False).writeMessageBegin(CALL.name, CALL.type, CALL.seqid)
    assert message.from_binary(transport.getvalue() + CALL.body) == CALL
    assert message.from_binary(message.to_binary(CALL)) == CALL
    assert message.to_binary(CALL) == message.header_binary(CALL.name, CALL.type, CALL.seqid) + CALL.body


def test_a_call_is_written_as_the_json_in_the_documentation():
    assert message.to_json(CALL) == b'[1,"getQuota",1,7,{"1":{"str":"www-data"}}]'
    assert message.from_json(b'[1,"getQuota",1,7,{"1":{"str":"www-data"}}]') == CALL


@pytest.mark.parametrize("tail", [b"\n", b"\r\n", b" [", b"]", b"garbage\xff"])
def test_bytes_after_a_json_message_are_ignored(tail):
    assert message.from_json(message.to_json(CALL) + tail) == CALL


def test_blanks_are_refused_between_tokens_only():
    text = rb'[1,"getQuota",1,7,{"1":{"str":"a b\\"},"2":{"map":["str","dbl",1,{"k":"NaN"}]}}]'
    assert b"a b\\" in message.from_json(text).body
    for at in range(len(text)):
        for blank in (b" ", b"\n", b"\t"):
            error = refused(message.from_json, text[:at] + blank + text[at:])
            assert error or text[:at].count(b'"') % 2, (at, blank)
    error = refused(message.from_json, text.replace(b":", b": ", 1))
    assert (str(error), error.offset) == ("Unexpected character: ", text.index(b":") + 1)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x80\x02\x00\x01", "Bad version in readMessageBegin"),
        (b"\xff\xff\xff\xff", "Bad version in readMessageBegin"),
        (b"\x80\x01\x00\x01\xff\xff\xff\xff", "Negative length: -1"),
    ],
)
def test_bad_binary_headers_are_refused(raw, text):
    error = refused(message.from_binary, raw)
    assert error.java_text == f"org.apache.thrift.protocol.TProtocolException: {text}"


@pytest.mark.parametrize("raw", [b"", b"<html><head>", message.to_json(CALL), b"HTTP/1.1 200 OK"])
def test_other_data_than_a_binary_message_is_refused(raw):
    assert refused(message.from_binary, raw)


@pytest.mark.parametrize(
    ("raw", "character"),
    [
        (b"<html>", "<"),
        (b"hello", "h"),
        (b"\xef\xbb\xbf[", "?"),
        (b" [1", " "),
        (b'{"1":1}', "{"),
        (b"[1,x", "x"),
        (b'[1,"\xc3\xa9",x]', "x"),
    ],
)
def test_other_data_than_a_json_message_is_refused_at_its_first_wrong_character(raw, character):
    error = refused(message.from_json, raw)
    assert str(error) == f"Unexpected character:{character}"
    assert raw[error.offset :][:1] == character.encode() or character == "?"


def test_the_offset_is_inside_the_input_even_if_replaced_utf8_is_longer():
    assert str(refused(message.from_json, b'[1,"\xff\xff\xff\xff\xff\xff\xff\xff\xff",x]')) == "Unexpected character:x"


def test_control_characters_in_strings_need_no_escapes():
    assert message.from_json(b'[1,"x",1,0,{"1":{"str":"a\x01\tb"}}]').body.endswith(b"a\x01\tb\0")


def test_a_name_without_a_utf8_form_is_read():
    surrogate = message.from_json(b'[1,"a\\ud800",1,0,{}]')
    assert (
        message.from_json(message.to_json(surrogate)) == message.from_binary(message.to_binary(surrogate)) == surrogate
    )


def test_the_library_reads_an_application_exception():
    refusal = message.application_exception("noSuchCall", 3, 1, "Invalid method name: 'noSuchCall'")
    assert (
        message.to_json(refusal)
        == b'[1,"noSuchCall",3,3,{"1":{"str":"Invalid method name: \'noSuchCall\'"},"2":{"i32":1}}]'
    )
    read = TApplicationException()
    read.read(TBinaryProtocol(TMemoryBuffer(refusal.body)))
    assert (read.type, read.message) == (TApplicationException.UNKNOWN_METHOD, "Invalid method name: 'noSuchCall'")


def test_a_malformed_body_cannot_be_written_as_json():
    with pytest.raises(WireError):
        message.to_json(Message("x", message.REPLY, 0, sample_task()[:-1]))
