"""A scheduler that answers each RPC with what a recorded script says (tests/fixtures/cli/README.md)."""

import base64
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aurora_admin.calls import arguments_class
from aurora_admin.gen.api import constants, ttypes
from aurora_admin.wire.codec import decode
from tests.support.fake_scheduler import Action, FakeScheduler, Request, close, exception, http, raw, thrift

# The names that an expression of a script may use, besides `now`.
NAMES = {
    **{name: value for module in (constants, ttypes) for name, value in vars(module).items() if name[0].isupper()},
    "int": int,
    "set": set,
}
UNKNOWN_METHOD = 1  # the type of a TApplicationException
HTTP = re.compile(r"HTTP (\d+) (?:\[(.*?)\] )?(.*)", re.DOTALL)
Script = Mapping[str, Sequence[str]]


def served(script: Script, *, is_binary: bool = True) -> FakeScheduler:
    """Return a scheduler that answers by a script: the items of a method in order, the last one repeated.

    A method that the script does not have is answered as one that the scheduler does not have.
    """
    counts: Counter[str] = Counter()

    def answer(sock: Any, request: Request) -> None:
        method = request.message.name
        unknown = [f"EXC {UNKNOWN_METHOD} Invalid method name: '{method}'"]
        items = script.get(method) or unknown
        item = items[min(counts[method], len(items) - 1)]
        counts[method] += 1
        action(method, item, is_binary=is_binary)(sock, request)

    return FakeScheduler([answer])


def action(method: str, item: str, *, is_binary: bool = True) -> Action:
    """Return what an item of a script says: an expression for a Response, or a fault."""
    kind, _, rest = item.partition(" ")
    faults: dict[str, Callable[[], Action]] = {
        "HTTP": lambda: _http(item),
        "CLOSE": lambda: close,
        "SLEEP": lambda: _late(*rest.split(" ", 1), method, is_binary),
        "RAW": lambda: raw(base64.b64decode(rest)),
        "EXC": lambda: exception(method, int(rest.split(" ")[0]), rest.partition(" ")[2]),
    }
    return faults[kind]() if kind in faults else thrift(method, evaluated(item), binary=is_binary)


def evaluated(expression: str) -> ttypes.Response:
    """Return the value of a Python expression over the Thrift types; `now` is the time in seconds.

    The time is the middle of a second, so that the age of an event does not depend on when in a second it is asked for.
    """
    return eval(expression, {"__builtins__": {}, **NAMES, "now": int(time.time()) + 0.5})


def _http(item: str) -> Action:
    status, headers, body = HTTP.fullmatch(item).groups()  # type: ignore[union-attr]
    pairs = (pair.split(":", 1) for pair in (headers or "").split(";") if pair)
    named = {name.strip().replace("-", "_"): value.strip() for name, value in pairs}
    return http(int(status), body.encode(), **named)  # type: ignore[arg-type]


def _late(seconds: str, item: str, method: str, is_binary: bool) -> Action:
    def act(sock: Any, request: Request) -> None:
        time.sleep(float(seconds))
        action(method, item, is_binary=is_binary)(sock, request)

    return act


def sent(request: Request) -> dict[str, Any]:
    """Return a call in the form of the recordings: the method, the arguments that are set, and two headers."""
    message = request.message
    arguments = plain(decode(arguments_class(message.name), message.body))
    return {
        "rpc": message.name,
        "args": {name: value for name, value in arguments.items() if name != "session"},
        "bypass": request.headers.get("Bypass-Leader-Redirect"),
        "user_agent": request.headers.get("User-Agent"),
    }


def plain(value: Any) -> Any:
    """Return a Thrift value as JSON has it: a struct by its fields that are set, a set as a sorted list."""
    if hasattr(value, "thrift_spec"):
        named = ((name, getattr(value, name)) for name in value.__slots__)
        return {name: plain(field) for name, field in named if field is not None}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(map(plain, value), key=json.dumps)}
    if isinstance(value, (list, tuple)):
        return list(map(plain, value))
    return value
