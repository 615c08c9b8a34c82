"""performBackup, listBackups and snapshot (docs/api.md 1.2 and 1.3)."""

from aurora_admin.gen.api.AuroraAdmin import listBackups_args, performBackup_args, snapshot_args
from aurora_admin.gen.api.ttypes import ListBackupsResult, Result
from aurora_admin.scheduler.api.outcome import OK, Outcome, with_struct
from aurora_admin.scheduler.api.services import Services
from aurora_admin.wire.path import path

LIST_BACKUPS_RESULT = path(Result, "listBackupsResult")


def perform_backup(services: Services, arguments: performBackup_args) -> Outcome:
    services.backups.save(services.storage.view())
    return OK


def list_backups(services: Services, arguments: listBackups_args) -> Outcome:
    return with_struct(LIST_BACKUPS_RESULT, ListBackupsResult(backups=services.backups.names()))


def snapshot(services: Services, arguments: snapshot_args) -> Outcome:
    services.storage.snapshot()
    return OK
