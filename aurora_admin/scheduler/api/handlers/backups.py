"""performBackup, listBackups and snapshot (docs/api.md 1.2 and 1.3)."""

from aurora_admin.gen.api.AuroraAdmin import listBackups_args, performBackup_args, snapshot_args
from aurora_admin.gen.api.ttypes import ListBackupsResult, Result
from aurora_admin.scheduler.api.outcome import OK, Outcome, with_struct
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.storage.backup_folder import PREFIX
from aurora_admin.wire.path import path

OTHER_FILES = f"{{}} other file{{}} in {{}}: only regular files whose names begin with {PREFIX}, in UTF-8, are listed"
LIST_BACKUPS_RESULT = path(Result, "listBackupsResult")


def perform_backup(services: Services, arguments: performBackup_args) -> Outcome:
    services.backups.save(services.storage.view())
    return OK


def list_backups(services: Services, arguments: listBackups_args) -> Outcome:
    """Return the names of the backups, and say how many other files are in the folder."""
    backups = services.backups
    listed = with_struct(LIST_BACKUPS_RESULT, ListBackupsResult(backups=backups.names()))
    others = len(backups.other_names())
    return (
        listed._replace(messages=[OTHER_FILES.format(others, "s" * (others != 1), backups.folder)])
        if others
        else listed
    )


def snapshot(services: Services, arguments: snapshot_args) -> Outcome:
    services.storage.snapshot()
    return OK
