"""Who calls, and why, from the headers of a request."""

from urllib.parse import unquote

from aurora_admin.calls import REASON_HEADER
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.web.wsgi import Environment

REASON = f"HTTP_{REASON_HEADER.upper().replace('-', '_')}"  # how WSGI names the header (docs/api.md 5.8)


def services_for(services: Services, environ: Environment) -> Services:
    """Return the services with the caller of this request."""
    reason = unquote(environ.get(REASON, ""), errors="replace").strip()
    return services._replace(caller=environ.get("REMOTE_ADDR", ""), reason=reason)
