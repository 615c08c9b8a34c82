"""The page /agents, /slaves in older releases: every host with its agent, mode and attributes (docs/api.md 5.1)."""

from collections.abc import Iterable
from html import escape

from aurora_admin.gen.api.ttypes import HostAttributes, MaintenanceMode
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.state.host_modes import mode_of
from aurora_admin.scheduler.storage.storage import StorageNotReady
from aurora_admin.scheduler.web.wsgi import Application, Environment, StartResponse, failure, respond
from aurora_admin.wire.codec import decode

MODES = MaintenanceMode._VALUES_TO_NAMES  # noqa: SLF001 - the compiler's name for it
COLUMNS = ("Host", "Agent ID", "Mode", "Attributes")
PAGE = "<!DOCTYPE html>\n<html>\n<head><title>Agents</title></head>\n<body>\n<table>\n{}</table>\n</body>\n</html>\n"


def agents_page(services: Services) -> Application:
    """Return the page."""

    def page(environ: Environment, start: StartResponse) -> Iterable[bytes]:
        try:
            with services.storage.read() as stores:
                hosts = sorted(stores.hosts.items())
        except StorageNotReady as error:
            return failure(start, environ.get("PATH_INFO", ""), str(error))
        rows = [_row("th", COLUMNS), *(_row("td", _cells(raw)) for _, raw in hosts)]
        return respond(start, "200 OK", "text/html;charset=utf-8", PAGE.format("".join(rows)).encode())

    return page


def _cells(raw: bytes) -> tuple[str, ...]:
    host = decode(HostAttributes, raw)
    attributes = sorted((one.name or "", sorted(one.values or ())) for one in host.attributes or ())
    shown = ", ".join(f"{name}=[{', '.join(values)}]" for name, values in attributes)
    return host.host or "", host.slaveId or "", MODES.get(mode_of(raw), ""), shown


def _row(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>\n"
