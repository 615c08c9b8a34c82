"""What a handler answers, and the bytes of the Response made of it (docs/api.md 4)."""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import ResponseCode
from aurora_admin.wire import codec, fields
from aurora_admin.wire.struct import Struct

STOP = b"\x00"


class Refusal(Exception):
    """Raised by a handler to answer with another code than OK; nothing was changed.

    `text` is None where a real scheduler's exception has no message.
    """

    def __init__(self, code: int, text: str | None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def invalid_request(text: str) -> Refusal:
    return Refusal(ResponseCode.INVALID_REQUEST, text)


def error(text: str | None = None) -> Refusal:
    return Refusal(ResponseCode.ERROR, text)


class Answer(NamedTuple):
    """A Response in the making.

    `result` is a member of the Result union and the pieces of its struct, made while they are sent;
    `then` is called once the answer is on its way.
    """

    code: int = ResponseCode.OK
    details: Sequence[str | None] = ()
    result: tuple[int, Iterable[bytes]] | None = None
    then: Callable[[], None] | None = None


OK = Answer()


def of_struct(member: int, value: Struct) -> Answer:
    return Answer(result=(member, [codec.encode(value)]))


def of_tasks(member: int, ttype: int, count: int, pieces: Iterable[bytes]) -> Answer:
    """An answer whose result holds ScheduledTasks in its field 1, a list or a set."""

    def result() -> Iterator[bytes]:
        yield fields.header(ttype, 1) + struct.pack("!bi", TType.STRUCT, count)
        yield from pieces
        yield STOP

    return Answer(result=(member, result()))


def reply_body(answer: Answer, server_info: bytes) -> Iterator[bytes]:
    """Yield the result struct of a reply: field 0 with the Response."""
    yield fields.header(TType.STRUCT, 0) + fields.header(TType.I32, 1) + fields.i32(answer.code)
    if answer.result is not None:
        member, pieces = answer.result
        yield fields.header(TType.STRUCT, 3) + fields.header(TType.STRUCT, member)
        yield from pieces
        yield STOP
    details = [_detail(text) for text in answer.details]
    yield fields.header(TType.STRUCT, 5) + server_info
    yield fields.header(TType.LIST, 6) + fields.container(TType.STRUCT, details) + STOP + STOP


def _detail(text: str | None) -> bytes:
    message = [] if text is None else [fields.Field(1, TType.STRING, fields.string(text.encode("utf-8", "replace")))]
    return fields.join(message)
