"""The parts of a scheduler that handlers work with."""

from collections.abc import Callable
from typing import NamedTuple

from aurora_admin.scheduler.audit import Audit
from aurora_admin.scheduler.recovery import Recovery
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.task_moves import TaskMoves
from aurora_admin.scheduler.storage.backup_folder import BackupFolder
from aurora_admin.scheduler.storage.storage import Storage, now_ms

# How the messages of events name a user who was not authenticated (docs/api.md 1.1).
UNAUTHENTICATED = "UNSECURE"


class Services(NamedTuple):
    """The parts of a scheduler that calls act on.

    Attributes:
        stop: shuts the process down in order, and logs the reason that it is given.
        clock_ms: milliseconds since the epoch.
        caller: the address that the call came from; behind a proxy that of the proxy.
        reason: why the caller wants it, an empty text if that was not said (docs/api.md 5.8).
        audit: keeps the calls that change something; None keeps nothing.
        poll_maintenance: has the hosts that are drained looked at soon.
    """

    storage: Storage
    recovery: Recovery
    backups: BackupFolder
    cluster_name: str
    host_name: str
    stop: Callable[[str], None]
    clock_ms: Callable[[], int] = now_ms
    caller: str = ""
    reason: str = ""
    audit: Audit | None = None
    poll_maintenance: Callable[[], None] = lambda: None


def task_moves(services: Services, stores: Stores) -> TaskMoves:
    """Return moves of these tasks at the present time."""
    return TaskMoves(stores.tasks, services.clock_ms(), services.host_name)
