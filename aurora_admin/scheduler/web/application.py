"""The pages of a scheduler, and who may see them: the leader serves all, a standby redirects (docs/api.md 5)."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from aurora_admin.calls import REASONS_PAGE, RECOVERY_PAGE, STAGED_PREFIX
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.web import json_calls, pages, wsgi
from aurora_admin.scheduler.web.agents_page import agents_page
from aurora_admin.scheduler.web.redirect import (
    BYPASS,
    FOR_THE_LEADER,
    HEALTH_PAGE,
    LEADING,
    NO_LEADER_PAGE,
    Leadership,
    location,
)
from aurora_admin.scheduler.web.thrift_page import thrift_page
from aurora_admin.scheduler.web.wsgi import PLAIN, Environment, StartResponse, respond


class Page(NamedTuple):
    """A page, and the methods of HTTP that it takes."""

    run: wsgi.Application
    methods: tuple[str, ...] = ("GET", "HEAD")


class Application:
    """A WSGI application; add a page to `pages`.

    `leadership` and `variables` are called at every request that needs them, in the thread of the request.
    """

    def __init__(
        self, services: Services, leadership: Callable[[], Leadership], variables: Callable[[], dict[str, object]]
    ) -> None:
        self._services = services
        self._leadership = leadership
        self._variables = variables
        self._json_calls = Page(json_calls.json_calls(services), ("POST",))
        self.pages: dict[str, Page] = {
            "/api": Page(thrift_page(services), ("GET", "POST")),
            "/leaderhealth": Page(self._leader_health),
            "/health": Page(self._health),
            "/vars": Page(self._vars),
            f"/{RECOVERY_PAGE}": Page(self._recovery),
            "/agents": Page(agents_page(services)),
            "/slaves": Page(agents_page(services)),
            f"/{REASONS_PAGE}": Page(pages.json_page(services, pages.maintenance_reasons)),
            "/maintenance": Page(pages.json_page(services, pages.maintenance)),
            "/quotas": Page(pages.json_page(services, pages.quotas)),
            "/tiers": Page(pages.json_page(services, pages.tiers)),
            json_calls.PATH: Page(json_calls.help_page),
        }

    def __call__(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if FOR_THE_LEADER.match(path) and BYPASS not in environ:
            leadership = self._leadership()
            if leadership != LEADING:
                return _redirect(leadership, environ, start)
        is_json_call = path.startswith(f"{json_calls.PATH}/")
        page = self._json_calls if is_json_call else self.pages.get(path)
        if page is None:
            return respond(start, "404 Not Found")
        if environ["REQUEST_METHOD"] not in page.methods:
            return respond(start, "405 Method Not Allowed")
        return page.run(environ, start)

    def _health(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        return respond(start, "200 OK", PLAIN, b"OK\n")

    def _leader_health(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        leadership = self._leadership()
        return respond(start, leadership.status, PLAIN, HEALTH_PAGE.format(leadership.text).encode())

    def _recovery(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        staged = self._services.recovery.description
        return respond(start, "200 OK", PLAIN, f"{STAGED_PREFIX}{staged}".encode() if staged else b"Nothing is staged")

    def _vars(self, environ: Environment, start: StartResponse) -> Iterable[bytes]:
        lines = sorted(f"{name} {value}" for name, value in self._variables().items())
        return respond(start, "200 OK", PLAIN, "\n".join(lines).encode())


def _redirect(leadership: Leadership, environ: Environment, start: StartResponse) -> Iterable[bytes]:
    """Send the client to the leader, or say that none is known."""
    if leadership.leader is None:
        return respond(start, "503 Service Unavailable", None, NO_LEADER_PAGE)
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    target = location(leadership.leader, environ["wsgi.url_scheme"], path, query)
    return respond(start, "307 Temporary Redirect", None, b"", ("Location", target))
