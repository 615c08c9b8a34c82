"""The types of a WSGI application, and short responses."""

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

Environment = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environment, StartResponse], Iterable[bytes]]

NO_QUALITY = re.compile(r"q\s*=\s*0(\.0*)?")
PLAIN = "text/plain;charset=utf-8"
JSON = "application/json"
# A real scheduler sends this with every page.
VARY = ("Vary", "Accept-Encoding, User-Agent")
ERROR_PAGE = """<html>
<head><title>Error 500</title></head>
<body><h2>HTTP ERROR: 500</h2>
<p>Problem accessing {}. Reason:
<pre>    {}</pre></p>
</body>
</html>
"""


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


def failure(start: StartResponse, path: str, reason: str) -> Iterable[bytes]:
    """Send the page of an error 500; `path` is that of the page that failed."""
    body = ERROR_PAGE.format(escape(path), escape(reason)).encode("iso-8859-1", "replace")
    return respond(start, "500 Server Error", "text/html;charset=iso-8859-1", body)


def accepts_gzip(environ: Environment) -> bool:
    """Return whether the client accepts gzip: it or `*` is listed, and not with the quality 0 (RFC 9110, 12.5.3)."""
    qualities: dict[str, bool] = {}
    for item in environ.get("HTTP_ACCEPT_ENCODING", "").lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        qualities[name] = not any(NO_QUALITY.fullmatch(parameter) for parameter in parameters)
    return qualities.get("gzip", qualities.get("*", False))
