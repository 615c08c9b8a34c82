"""performBackup, listBackups and snapshot (docs/api.md 1.2 and 1.3)."""

from aurora_admin.gen.api.ttypes import ListBackupsResult
from aurora_admin.scheduler.api.response import OK, Answer, of_struct
from aurora_admin.scheduler.api.services import Services
from aurora_admin.wire.struct import Struct

LIST_BACKUPS_RESULT = 6


def perform_backup(services: Services, arguments: Struct) -> Answer:
    services.backups.save(services.storage.view())
    return OK


def list_backups(services: Services, arguments: Struct) -> Answer:
    return of_struct(LIST_BACKUPS_RESULT, ListBackupsResult(backups=services.backups.names()))


def snapshot(services: Services, arguments: Struct) -> Answer:
    services.storage.snapshot()
    return OK
