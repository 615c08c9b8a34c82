"""What an HTTP status means for a call (docs/connection.md 3.4, 3.6, 4.4, 5.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aurora_admin.client.failures import NotLeading, ServerFailed, Unusable, quoted
from aurora_admin.errors import AuthFailed, CallFailed

if TYPE_CHECKING:
    from aurora_admin.client.http.transport import Response

REDIRECTS = frozenset({307, 308})  # those that keep the method: the only ones that a scheduler sends
NO_LEADER = "No Leader Found"  # heading of the scheduler's own page, which a proxy's 503 does not have
# A scheduler that could not read the request: it was not carried out.
NOT_UNDERSTOOD = re.compile(r"org\.apache\.thrift\.(transport\.TTransport|protocol\.TProtocol)Exception")
REASON = re.compile(r"Reason:\s*(?:<pre>)?(.*?)</", re.DOTALL | re.IGNORECASE)

ADVICE = {
    400: "It cannot read the request; a scheduler with Kerberos says so to a password of ~/.netrc",
    404: "No scheduler's API is there; check scheduler_uri",
    405: "No scheduler's API is there; check scheduler_uri",
    413: "The request is too large for it; ask for less at once",
    415: "It does not take Thrift, or a proxy changes the Content-Type",
}


def check(response: Response) -> None:
    """Return if the body may be what a scheduler answers.

    Raises:
        AuthFailed, CallFailed: it says that nothing was carried out, and will say so again.
        Failure: anything else, by its kind.
    """
    if response.status == 200:
        return
    status = quoted(f"{response.status} {response.reason}")
    if 300 <= response.status < 400:
        raise CallFailed(
            f"{response.url} answers {status} and sends us to {quoted(response.location) or 'nowhere'}. "
            "Nothing was carried out: a scheduler redirects with 307 only; check scheduler_uri"
        )
    if response.status in (401, 403):
        raise AuthFailed(f"{response.url} answers {status}. Nothing was carried out; {_what_it_wants(response)}")
    if 400 <= response.status < 500:
        raise CallFailed(
            f"{response.url} answers {status}. Nothing was carried out. "
            f"{ADVICE.get(response.status, 'Check scheduler_uri, and what is between here and there')}"
        )
    _check_failure(response, status)


def _check_failure(response: Response, status: str) -> None:
    page = response.page()
    reason = _reason(page)
    if response.status == 503 and NO_LEADER in page:
        raise NotLeading(f"{status}: no scheduler leads at the moment", response.url)
    if response.status == 500 and NOT_UNDERSTOOD.search(reason):
        raise CallFailed(
            f"{response.url} answers {status}: it could not read the request ({reason}). Nothing was "
            "carried out; its log says more"
        )
    if response.status >= 500:
        raise ServerFailed(f"{status}: {reason}" if reason else status, response.url)
    raise Unusable(f"the answer is {status}, which no scheduler sends", response.url)


def _reason(page: str) -> str:
    """Return the reason that an error page of a scheduler gives, in one line; empty if there is none."""
    import html

    found = REASON.search(page)
    return quoted(html.unescape(found.group(1))) if found else ""


def _what_it_wants(response: Response) -> str:
    if response.challenge.lower().startswith("negotiate"):
        return "it wants Kerberos, which is not available in this version"
    return "give user and password of this host in ~/.netrc (machine, without port), or in scheduler_uri"
