"""getLocks, which releases up to 0.12 had (docs/api.md 1.4)."""

from typing import Any

from aurora_admin.gen.api.ttypes import Result
from aurora_admin.scheduler.api.outcome import Outcome, with_structs
from aurora_admin.scheduler.api.services import Services
from aurora_admin.wire.path import path

LOCKS = path(Result, "getLocksResult.locks")


def get_locks(services: Services, arguments: Any) -> Outcome:
    """Return the locks that a log or a backup of an old release has left; nothing takes a lock any more."""
    with services.storage.read() as stores:
        locks = list(stores.locks.values())
    return with_structs(LOCKS, len(locks), locks)
