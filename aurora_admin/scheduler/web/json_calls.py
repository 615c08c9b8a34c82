"""The pages /apibeta/METHOD: calls and replies as plain JSON (docs/api.md 5.4)."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aurora_admin.calls import arguments_class
from aurora_admin.gen.api.ReadOnlyScheduler import getRoleSummary_result
from aurora_admin.gen.api.ttypes import ResponseCode
from aurora_admin.scheduler.api.dispatch import ReplyFailed, StreamedReply, call
from aurora_admin.scheduler.api.json_form import JsonFormError, field_from_json, to_json
from aurora_admin.scheduler.api.outcome import Outcome, encode_reply
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.web.caller import services_for
from aurora_admin.scheduler.web.wsgi import JSON, VARY, Application, Environment, StartResponse, respond
from aurora_admin.wire import codec
from aurora_admin.wire.message import CALL, Message

PATH = "/apibeta"
# In the binary protocol, in bytes; as objects a reply takes five times as much memory.
MAX_REPLY = 8 << 20
HELP_PAGE = "/apihelp/index.html"


class _Refused(Exception):
    """The request is not a call; the text says why."""


def json_calls(services: Services) -> Application:
    """Return the pages that carry out calls on these services."""

    def page(environ: Environment, start: StartResponse) -> Iterable[bytes]:
        method = environ["PATH_INFO"].removeprefix(f"{PATH}/")
        kind = arguments_class(method)
        if kind is None:
            return _refuse(start, "404 Not Found", f"Method {method} does not exist.")
        try:
            arguments = _arguments(kind, environ["wsgi.input"].read())
        except _Refused as refused:
            return _refuse(start, "400 Bad Request", str(refused))
        request = Message(method, CALL, 0, codec.encode(arguments))
        reply = call(services_for(services, environ), request)
        return _JsonResponse(reply, services.cluster_name, start)

    return page


def help_page(environ: Environment, start: StartResponse) -> Iterable[bytes]:
    """Redirect to the page that documents the calls at a real scheduler."""
    return respond(start, "303 See Other", None, b"", ("Location", HELP_PAGE))


def _arguments(kind: Any, body: bytes) -> Any:
    """Return the arguments of a call; those that are not given are null, and a body may be empty."""
    try:
        document = json.loads(body, parse_constant=_no_number) if body.strip() else {}
    except (ValueError, RecursionError):
        raise _Refused("Request must be valid JSON") from None
    if not isinstance(document, dict):
        raise _Refused("Request data must be a JSON object of method parameters.")
    arguments = kind()
    for spec in filter(None, kind.thrift_spec):
        name = spec[2]
        try:
            setattr(arguments, name, field_from_json(kind, name, document.get(name)))
            codec.encode(arguments)
        except (JsonFormError, UnicodeError, RecursionError) as error:
            raise _Refused(f"Failed to parse parameter {name}: {error}") from None
    return arguments


def _no_number(text: str) -> None:
    """Refuse NaN and Infinity, which Python reads although they are no JSON."""
    raise ValueError(text)


def _refuse(start: StartResponse, status: str, text: str) -> Iterable[bytes]:
    """Send an error in the form in which a real scheduler prints a Response here."""
    details = [{"message": text, "setMessage": True}]
    document = {"responseCode": "ERROR", "serverInfo": None, "result": None, "details": details, "detailsSize": 1}
    return respond(start, status, JSON, json.dumps(document, separators=(",", ":")).encode())


def _held(reply: StreamedReply, cluster_name: str) -> bytes:
    """Return the body of a reply, or of an ERROR if that would take too much memory."""
    parts, length = [], 0
    for piece in reply.body:
        parts.append(piece)
        length += len(piece)
        if length > MAX_REPLY:
            text = (
                f"The reply of {reply.name} has more than {MAX_REPLY >> 20} MiB, the most at {PATH}. Whatever the call "
                "changes is changed. Ask for less, or call /api, which has no limit."
            )
            return b"".join(encode_reply(Outcome(ResponseCode.ERROR, [text]), cluster_name))
    return b"".join(parts)


class _JsonResponse:
    """A reply as the body of a response; `close` does what must follow the reply, sent or not."""

    def __init__(self, reply: StreamedReply, cluster_name: str, start: StartResponse) -> None:
        self._after_sent: Callable[[], None] | None = reply.after_sent
        try:
            body = _held(reply, cluster_name)
        except ReplyFailed as failed:
            body = b"".join(failed.substitute.body)
        # Every result has the Response in the same field.
        response = codec.decode(getRoleSummary_result, body).success
        self._body = json.dumps(to_json(response), separators=(",", ":")).encode()
        start("200 OK", [("Content-Type", JSON), ("Content-Length", str(len(self._body))), VARY])

    def __iter__(self) -> Iterator[bytes]:
        yield self._body

    def close(self) -> None:
        if self._after_sent is not None:
            self._after_sent()
