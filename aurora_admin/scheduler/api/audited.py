"""Which calls are kept in the audit log, and what of them (docs/api.md 5.8)."""

import json
from typing import Any

from aurora_admin.calls import MAX_REASON_CHARACTERS
from aurora_admin.gen.api.ttypes import MaintenanceMode
from aurora_admin.scheduler.api.json_form import to_json
from aurora_admin.scheduler.api.outcome import Outcome, invalid_request
from aurora_admin.scheduler.api.query import as_bytes
from aurora_admin.scheduler.api.recovery_log import CODES
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.audit import BRING_BACK, AuditEntry, iso_time

# Every admin call that changes something. A new one belongs here.
AUDITED = frozenset(
    (
        "startMaintenance",
        "drainHosts",
        "slaDrainHosts",
        "endMaintenance",
        "setQuota",
        "pruneTasks",
        "forceTaskState",
        "stageRecovery",
        "deleteRecoveryTasks",
        "unloadRecovery",
        "commitRecovery",
    )
)


# These arguments have members of their own in an entry.
HOSTS, ROLE = "hosts", "ownerRole"
MAX_CHARACTERS = MAX_REASON_CHARACTERS  # so many of any text are kept


def check_reason(services: Services, name: str) -> None:
    """Check the reason of a call that would be kept.

    Raises:
        Refusal: it is too long.
    """
    if name in AUDITED and len(services.reason) > MAX_CHARACTERS:
        raise invalid_request(
            f"The reason has {len(services.reason)} characters, and {MAX_CHARACTERS} is the most; nothing was changed. "
            "Shorten it."
        )


def keep(services: Services, name: str, arguments: Any, outcome: Outcome) -> None:
    """Keep a call, carried out or refused; its entry is on disk before its reply is sent."""
    if services.audit is None or name not in AUDITED:
        return
    given = to_json(arguments)
    known = _known_hosts(given, outcome)
    role = given.pop(ROLE, None)
    entry = AuditEntry(
        time=iso_time(services.clock_ms()),
        caller=services.caller,
        call=name,
        response=CODES[outcome.code],
        reason=_brief(services.reason),
        hosts=list(known),
        from_service=[host for host, mode in known.items() if name != BRING_BACK and mode == MaintenanceMode.NONE],
        role=None if role is None else _brief(role),
        arguments=_brief(json.dumps(given)) if given else "",
    )
    services.audit.add(entry)


def _known_hosts(given: dict[str, Any], outcome: Outcome) -> dict[str, int]:
    """Take the known hosts out of the arguments, and return the mode that each had before.

    The others stay there, at the end: any number of names may be made up, and arguments are cut.
    """
    named = sorted(given.pop(HOSTS, {}).get("hostNames", ()))
    known = {name: outcome.hosts[as_bytes(name)] for name in named if as_bytes(name) in outcome.hosts}
    unknown = [name for name in named if name not in known]
    if unknown:
        given[HOSTS] = {"hostNames": unknown}
    return known


def _brief(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}..."
