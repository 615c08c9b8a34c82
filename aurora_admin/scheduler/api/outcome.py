"""What a handler returns or raises, and the bytes of the reply that is made of it (docs/api.md 4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from thrift.Thrift import TType

from aurora_admin.calls import DETAILS, RESPONSE_CODE, RESULT, SERVER_INFO, SUCCESS
from aurora_admin.gen.api.ttypes import ResponseCode, ResponseDetail, ServerInfo
from aurora_admin.wire import codec, fields
from aurora_admin.wire.path import Path, path
from aurora_admin.wire.struct import Struct

MESSAGE = path(ResponseDetail, "message")


class Refusal(Exception):
    """Raised by a handler that does not carry out its call: nothing was changed.

    Attributes:
        code: a ResponseCode.
        text: None where the exception of a real scheduler has no message.
    """

    def __init__(self, code: int, text: str | None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def invalid_request(text: str) -> Refusal:
    return Refusal(ResponseCode.INVALID_REQUEST, text)


def error(text: str | None = None) -> Refusal:
    return Refusal(ResponseCode.ERROR, text)


class Outcome(NamedTuple):
    """What a call came to.

    Attributes:
        code: a ResponseCode.
        messages: the text of each ResponseDetail.
        result: a path in the Result union, and the pieces of the value there, which are made while they are sent.
        after_sent: called once the reply is sent, or the client is gone.
        hosts: the known hosts that the call changed, each with the mode that it had before.
    """

    code: int = ResponseCode.OK
    messages: Sequence[str | None] = ()
    result: tuple[Path, Iterable[bytes]] | None = None
    after_sent: Callable[[], None] | None = None
    hosts: Mapping[bytes, int] = MappingProxyType({})


OK = Outcome()


def with_struct(member: Path, value: Struct) -> Outcome:
    """Return OK with a struct at a path in the Result union."""
    return Outcome(result=(member, [codec.encode(value)]))


def with_structs(member: Path, count: int, structs: Iterable[bytes]) -> Outcome:
    """Return OK with a list or set of structs at a path in the Result union.

    The structs are encoded one after another, and may be cut into pieces anywhere.
    """
    return Outcome(result=(member, chain([fields.container_header(TType.STRUCT, count)], structs)))


def encode_reply(outcome: Outcome, cluster_name: str) -> Iterator[bytes]:
    """Yield the body of a reply: the struct with the Response in its only field."""
    yield SUCCESS.header + RESPONSE_CODE.header + fields.i32(outcome.code)
    if outcome.result is not None:
        member, pieces = outcome.result
        around = (fields.header(TType.STRUCT, number) for number in member.ids[:-1])
        yield b"".join((RESULT.header, *around, member.header))
        yield from pieces
        yield fields.STOP * len(member.ids)
    yield SERVER_INFO.header + codec.encode(ServerInfo(clusterName=cluster_name, statsUrlPrefix=""))
    yield DETAILS.header + fields.container(TType.STRUCT, list(map(_detail, outcome.messages))) + fields.STOP * 2


def _detail(text: str | None) -> bytes:
    message = [] if text is None else [MESSAGE.field(fields.string(text.encode("utf-8", "replace")))]
    return fields.join(message)
