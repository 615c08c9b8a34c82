"""The calls of the Thrift services, and where the parts of their replies are, for client and scheduler."""

from typing import Any

from aurora_admin.gen.api import AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler
from aurora_admin.gen.api.ttypes import Response, Result
from aurora_admin.wire.path import path
from aurora_admin.wire.struct import NoFields

SERVICES = (AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler)
# The result of every call is a struct with this one field, the Response.
SUCCESS = path(ReadOnlyScheduler.getQuota_result, "success")
RESPONSE_CODE = path(Response, "responseCode")
RESULT = path(Response, "result")
DETAILS = path(Response, "details")
SERVER_INFO = path(Response, "serverInfo")
STAGED_TASKS = path(Result, "queryRecoveryResult.tasks")
TASKS = path(Result, "scheduleStatusResult.tasks")
# A page of the reference scheduler only, and how its text begins if a backup is staged (docs/api.md 5.7).
RECOVERY_PAGE, STAGED_PREFIX = "recovery", "Staged: "
# A page of the reference scheduler only: why hosts are in maintenance (docs/api.md 5.8).
REASONS_PAGE = "maintenance-reasons"
# The header with the reason of a maintenance, in UTF-8 with percent-encoding, and the longest that is accepted.
REASON_HEADER, MAX_REASON_CHARACTERS = "X-Aurora-Admin-Reason", 1000
# Calls of older releases, which the IDL does not have, with the classes of their arguments.
RETIRED = {"getLocks": NoFields}


def arguments_class(method: str) -> Any:
    """Return the class of the arguments of a method; None if no service has it."""
    if method in RETIRED:
        return RETIRED[method]
    found = (getattr(service, f"{method}_args", None) for service in SERVICES)
    return next((found_class for found_class in found if found_class is not None), None)
