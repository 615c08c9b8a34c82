"""The parts of a scheduler that handlers work with."""

from collections.abc import Callable
from typing import NamedTuple

from aurora_admin.scheduler.recovery import Recovery
from aurora_admin.scheduler.storage.backup_folder import BackupFolder
from aurora_admin.scheduler.storage.storage import Storage, now_ms


class Services(NamedTuple):
    """The parts of a scheduler that calls act on.

    Attributes:
        stop: shuts the process down in order, and logs the reason that it is given.
        clock_ms: milliseconds since the epoch.
    """

    storage: Storage
    recovery: Recovery
    backups: BackupFolder
    cluster_name: str
    host_name: str
    stop: Callable[[str], None]
    clock_ms: Callable[[], int] = now_ms
