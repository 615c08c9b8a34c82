"""Who calls, and why, from the headers of a request."""

from urllib.parse import unquote

from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.web.wsgi import Environment

# X-Aurora-Admin-Reason, in UTF-8 with percent-encoding (docs/api.md 5.8).
REASON = "HTTP_X_AURORA_ADMIN_REASON"


def services_for(services: Services, environ: Environment) -> Services:
    """Return the services with the caller of this request."""
    reason = unquote(environ.get(REASON, ""), errors="replace").strip()
    return services._replace(caller=environ.get("REMOTE_ADDR", ""), reason=reason)
