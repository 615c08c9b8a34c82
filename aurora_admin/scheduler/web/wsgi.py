"""The types of a WSGI application, and short responses."""

from collections.abc import Callable, Iterable
from typing import Any

Environment = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environment, StartResponse], Iterable[bytes]]

PLAIN = "text/plain;charset=utf-8"
# A real scheduler sends this with every page.
VARY = ("Vary", "Accept-Encoding, User-Agent")


def respond(
    start: StartResponse, status: str, content_type: str | None = None, body: bytes = b"", *more: tuple[str, str]
) -> list[bytes]:
    """Send a body that is short enough to be held."""
    headers = [("Content-Length", str(len(body))), *more]
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    if status.startswith("200"):
        headers.append(VARY)
    start(status, headers)
    return [body]
