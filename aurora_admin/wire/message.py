"""A Thrift message in either protocol, with its arguments or result encoded (docs/wire.md 4.1 and 4.2).

The program works on TBinary only; TJSON is translated on the way in and out. Errors have a real scheduler's text where
that is known (docs/api.md 4.4).
"""

import json
import re
from typing import Any, NamedTuple, NoReturn

from thrift.Thrift import TType

from aurora_admin.wire import fields
from aurora_admin.wire.decoder import too_deep
from aurora_admin.wire.errors import WireError, truncated
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.transcode import quote, struct_from_json, struct_to_json
from aurora_admin.wire.window import Window

CALL, REPLY, EXCEPTION, ONEWAY = 1, 2, 3, 4
STRICT = 0x80010000
JSON_VERSION = 1
# The content type of a message in TBinary.
BINARY = "application/vnd.apache.thrift.binary"
I32_RANGE = range(-(2**31), 2**31)
# The beginning of an escape or a number at the end of the input.
CUT_OFF = re.compile(r"(?:(?<=\\)u[0-9a-fA-F]{0,3}|-|(?<=\d)[.eE][-+]?)?")
BLANK = re.compile(r"\s")


class Message(NamedTuple):
    """`type` is CALL, REPLY, EXCEPTION or ONEWAY; `body` is a struct in TBinary with its STOP byte."""

    name: str
    type: int
    seqid: int
    body: bytes


def from_binary(raw: bytes) -> Message:
    """Return a message with the strict header or the old one; its body is not decoded.

    Raises:
        WireError: the header is malformed.
    """
    reader = Reader(Window.of_bytes(raw), Limits.of_length(len(raw)))
    name, kind, seqid = read_header(reader, allow_old=True)
    return Message(name, kind, seqid, raw[reader.position :])


def read_header(reader: Reader, *, allow_old: bool = False) -> tuple[str, int, int]:
    """Read the header of a message: return name, type and sequence id.

    `allow_old` accepts the header without a version too: requests may have it, replies never do.

    Raises:
        WireError: the header is malformed.
    """
    first = reader.i32() & 0xFFFFFFFF
    if first & 0xFFFF0000 == STRICT:
        name, kind = reader.string(), first & 0xFF
    elif first & 0x80000000 or not allow_old:
        raise WireError("Bad version in readMessageBegin", 0)
    else:
        name, kind = reader.window.readAll(first), reader.window.readAll(1)[0]
    return name.decode("utf-8", "replace"), kind, reader.i32()


def header_binary(name: str, kind: int, seqid: int) -> bytes:
    """Return the strict header of a message."""
    return b"".join(((STRICT | kind).to_bytes(4, "big"), fields.string(name.encode()), fields.i32(seqid)))


def to_binary(message: Message) -> bytes:
    return header_binary(message.name, message.type, message.seqid) + message.body


def from_json(raw: bytes) -> Message:
    """Return a message in TJSON. As in the schedulers, blanks between tokens are errors and trailing bytes are ignored.

    Raises:
        WireError: the message is malformed.
    """
    parsed = _parse(raw)
    if not isinstance(parsed, list):
        _unexpected(raw, raw.decode("utf-8", "replace"), 0)
    if parsed[:1] != [JSON_VERSION]:
        raise WireError("Message contained bad version.", min(1, len(raw)))
    if [type(part) for part in parsed] != [int, str, int, int, dict]:
        raise WireError("a message is version, name, type, sequence id and arguments", 0)
    _, name, kind, seqid, body = parsed
    if kind not in range(128) or seqid not in I32_RANGE:
        raise WireError("type or sequence id of the message is too large", 0)
    return Message(name.encode("utf-8", "replace").decode(), kind, seqid, struct_from_json(body))


def to_json(message: Message) -> bytes:
    """Return the message in TJSON.

    Raises:
        WireError: the body is not a struct.
    """
    head = f"[{JSON_VERSION},{quote(message.name)},{message.type},{message.seqid},"
    return b"".join((head.encode(), struct_to_json(message.body), b"]"))


def application_exception(name: str, seqid: int, code: int, text: str) -> Message:
    """Return the reply to a call that could not be made: a TApplicationException."""
    parts = [
        fields.Field(1, TType.STRING, fields.string(text.encode("utf-8", "replace"))),
        fields.Field(2, TType.I32, fields.i32(code)),
    ]
    return Message(name, EXCEPTION, seqid, fields.join(parts))


def read_application_exception(reader: Reader) -> tuple[str, int]:
    """Read a TApplicationException: its text and code."""
    text, code = b"", 0
    for field in reader.fields():
        if field == (TType.STRING, 1):
            text = reader.string()
        elif field == (TType.I32, 2):
            code = reader.i32()
        else:
            reader.skip(field[0])
    return text.decode("utf-8", "replace"), code


def _parse(raw: bytes) -> Any:
    text = raw.decode("utf-8", "replace")
    try:
        parsed, end = json.JSONDecoder(strict=False, parse_constant=_no_constant).raw_decode(text)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated string") or CUT_OFF.fullmatch(text, error.pos):
            raise truncated(len(raw)) from None
        _unexpected(raw, text, error.pos)
    except RecursionError:
        raise too_deep(0) from None
    except ValueError:
        # Python raises it for a number of more than 4300 digits, too.
        raise WireError("Bad data encounted in numeric data", 0) from None
    _refuse_blanks(raw, text[:end])
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_blanks(raw: bytes, text: str) -> None:
    """Raise for the first blank outside strings."""
    at = 0
    for number, part in enumerate(text.replace("\\\\", "__").replace('\\"', "__").split('"')):
        blank = BLANK.search(part) if number % 2 == 0 else None
        if blank:
            _unexpected(raw, text, at + blank.start())
        at += len(part) + 1


def _unexpected(raw: bytes, text: str, at: int) -> NoReturn:
    # A real scheduler reads bytes and prints Latin-1.
    character = text[at] if text[at].isascii() else "?"
    raise WireError(f"Unexpected character:{character}", min(len(text[:at].encode()), len(raw)))
