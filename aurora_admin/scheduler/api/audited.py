"""Which calls are kept in the audit log, and what of them (docs/api.md 5.8)."""

import json
from typing import Any

from aurora_admin.scheduler.api.json_form import to_json
from aurora_admin.scheduler.api.outcome import Outcome
from aurora_admin.scheduler.api.recovery_log import CODES
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.audit import AuditEntry, iso_time

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
# How much of the other arguments is kept.
MAX_ARGUMENTS = 1000


def keep(services: Services, name: str, arguments: Any, outcome: Outcome) -> None:
    """Keep a call, carried out or refused; its entry is on disk before its reply is sent."""
    if services.audit is None or name not in AUDITED:
        return
    given = to_json(arguments)
    entry = AuditEntry(
        time=iso_time(services.clock_ms()),
        caller=services.caller,
        call=name,
        response=CODES[outcome.code],
        reason=services.reason,
        hosts=sorted(given.pop(HOSTS, {}).get("hostNames", ())),
        role=given.pop(ROLE, None),
        arguments=_brief(given),
    )
    services.audit.add(entry)


def _brief(arguments: dict[str, Any]) -> str:
    text = json.dumps(arguments) if arguments else ""
    return text if len(text) <= MAX_ARGUMENTS else f"{text[:MAX_ARGUMENTS]}..."
