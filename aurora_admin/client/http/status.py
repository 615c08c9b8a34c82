"""The meaning of an HTTP status for a call (docs/connection.md 3.4, 3.6, 4.4, 5.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aurora_admin.client.failures import InvalidReply, NotLeading, ServerError, one_line
from aurora_admin.client.http.connect import password_advice
from aurora_admin.client.http.proxy import proxy_advice
from aurora_admin.errors import AuthFailed, CallFailed

if TYPE_CHECKING:
    from aurora_admin.client.http.transport import HttpResponse

REDIRECTS = frozenset({307, 308})  # those that keep the method; a scheduler sends 307
NO_LEADER = "No Leader Found"  # heading of the scheduler's own page; the 503 of a proxy does not have it
# The scheduler could not read the request, and so did not carry it out.
UNREADABLE_REQUEST = re.compile(r"org\.apache\.thrift\.(transport\.TTransport|protocol\.TProtocol)Exception")
REASON = re.compile(r"Reason:\s*(?:<pre>)?(.*?)</", re.DOTALL | re.IGNORECASE)

ADVICE = {
    400: "It cannot read the request. A scheduler that requires Kerberos answers so to a password from ~/.netrc",
    404: "No scheduler's API is there; check scheduler_uri",
    405: "No scheduler's API is there; check scheduler_uri",
    413: "The request is too large for it; split it",
    415: "It does not take Thrift, or a proxy changes the Content-Type",
}
OTHER_ADVICE = "Check scheduler_uri, and proxies between here and there"


def check_status(response: HttpResponse) -> None:
    """Return if the body may hold a scheduler's reply.

    Raises:
        AuthFailed, CallFailed: the request was not carried out, and a retry would get the same.
        Failure: any other failure, by its kind.
    """
    if response.status == 200:
        return
    status = one_line(f"{response.status} {response.reason}")
    if 300 <= response.status < 400:
        raise CallFailed(
            f"{response.place} answers {status} and redirects to {one_line(response.location) or 'nowhere'}. "
            "The request was not carried out: a scheduler redirects with 307 only; check scheduler_uri"
        )
    check_access(response)
    if 400 <= response.status < 500:
        raise CallFailed(
            f"{response.place} answers {status}. The request was not carried out. "
            f"{ADVICE.get(response.status, OTHER_ADVICE)}"
            + (f"; or {advice}" if (advice := proxy_advice(response.url)) else "")
        )
    _raise_failure(response, status)


def check_access(response: HttpResponse) -> None:
    """Return if neither the server nor a proxy refuses the request for who sent it; raise AuthFailed otherwise."""
    if response.status not in (401, 403, 407):
        return
    through_proxy = proxy_advice(response.url)
    if not through_proxy and response.status == 407:
        return
    if response.status == 407:
        advice = password_advice(urlsplit(response.url))
    elif through_proxy and response.status == 403:  # no scheduler sends it
        advice = through_proxy
    else:
        advice = _credentials_advice(response)
    status = one_line(f"{response.status} {response.reason}")
    raise AuthFailed(f"{response.place} answers {status}. The request was not carried out; {advice}")


def _raise_failure(response: HttpResponse, status: str) -> None:
    page = response.text()
    reason = _reason(page)
    if response.status == 503 and NO_LEADER in page:
        raise NotLeading(f"{status}: no scheduler leads at the moment", response.url)
    if response.status == 500 and UNREADABLE_REQUEST.search(reason):
        raise CallFailed(
            f"{response.place} answers {status}: it could not read the request ({reason}). The request was "
            "not carried out; its log says more"
        )
    if response.status >= 500:
        raise ServerError(f"{status}: {reason}" if reason else status, response.url)
    raise InvalidReply(f"the reply is {status}, which no scheduler sends", response.url)


def _reason(page: str) -> str:
    """Return the reason in a scheduler's error page, as one line; empty if there is none."""
    import html

    found = REASON.search(page)
    return one_line(html.unescape(found.group(1))) if found else ""


def _credentials_advice(response: HttpResponse) -> str:
    if response.challenge.lower().startswith("negotiate"):
        return "it wants Kerberos, which is not available in this version"
    if response.had_credentials:
        return "it does not accept the user or the password: correct those of this host in ~/.netrc or scheduler_uri"
    return "give user and password of this host in ~/.netrc (machine, without port), or in scheduler_uri"
