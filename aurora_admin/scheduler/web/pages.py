"""Pages of JSON about the state: /maintenance, /maintenance-reasons, /quotas and /tiers (docs/api.md 5.1 and 5.8)."""

import json
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs

from aurora_admin.gen.api.ttypes import MaintenanceMode
from aurora_admin.scheduler.api.json_form import number
from aurora_admin.scheduler.api.resources import amounts_of
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.api.tiers import DEFAULT_TIER, TIERS
from aurora_admin.scheduler.state.host_modes import active_rows, mode_of
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.storage.storage import StorageNotReady
from aurora_admin.scheduler.web.wsgi import JSON, Application, Environment, StartResponse, failure, respond
from aurora_admin.snapshot.paths import QUOTA_RESOURCES

# Returns what a page shows; it gets the query of the URL.
Content = Callable[[Services, dict[str, list[str]]], object]


def json_page(services: Services, content: Content) -> Application:
    """Return a page that shows this content."""

    def page(environ: Environment, start: StartResponse) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        try:
            shown = content(services, query)
        except StorageNotReady as error:
            return failure(start, environ.get("PATH_INFO", ""), str(error))
        return respond(start, "200 OK", JSON, json.dumps(shown, separators=(",", ":")).encode())

    return page


def maintenance(services: Services, query: dict[str, list[str]]) -> object:
    """Return the hosts by mode. A host that is DRAINING has the tasks that it still runs, and is left out without."""
    with services.storage.read() as stores:
        stored, modes = stores.tasks, _modes(stores)
        draining = active_rows(stores, (host for host, mode in modes.items() if mode == MaintenanceMode.DRAINING))
    # From disk, and so without the lock.
    tasks = {host: sorted(_text(stored.id_of(row)) for row in rows) for host, rows in draining.items()}
    by_mode = {
        name: sorted(_text(host) for host, mode in modes.items() if mode == number)
        for name, number in (("DRAINED", MaintenanceMode.DRAINED), ("SCHEDULED", MaintenanceMode.SCHEDULED))
    }
    return {**by_mode, "DRAINING": {_text(host): ids for host, ids in sorted(tasks.items())}}


def maintenance_reasons(services: Services, query: dict[str, list[str]]) -> object:
    """Return why hosts are in maintenance, as far as that was said."""
    with services.storage.read() as stores:
        hosts = {_text(host) for host, mode in _modes(stores).items() if mode != MaintenanceMode.NONE}
    reasons = services.audit.reasons() if services.audit else {}
    return {host: reasons[host]._asdict() for host in sorted(hosts & reasons.keys())}


def quotas(services: Services, query: dict[str, list[str]]) -> object:
    """Return the quotas of all roles, or of one."""
    with services.storage.read() as stores:
        records = sorted(stores.quotas.items())
    wanted = query.get("role", [None])[0]
    return {_text(role): _amounts(raw) for role, raw in records if wanted in (None, _text(role))}


def _amounts(quota: bytes) -> dict[str, float | str]:
    cpus, ram_mb, disk_mb = amounts_of(QUOTA_RESOURCES.elements(quota))
    return {"cpu_cores": number(float(cpus)), "ram_mb": ram_mb, "disk_mb": disk_mb}


def tiers(services: Services, query: dict[str, list[str]]) -> object:
    return {"default": DEFAULT_TIER, "tiers": {name: tier._asdict() for name, tier in TIERS.items()}}


def _modes(stores: Stores) -> dict[bytes, int]:
    return {host: mode_of(attributes) for host, attributes in stores.hosts.items()}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
