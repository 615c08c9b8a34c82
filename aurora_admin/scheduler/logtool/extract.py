"""The command extract: writes the state in a Mesos replica as a backup, for when no recent backup exists."""

import os
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import NoReturn

from aurora_admin.backup.manifest import manifest_name
from aurora_admin.backup.writer import write_backup
from aurora_admin.scheduler.logtool.leveldb import copy_replica
from aurora_admin.scheduler.logtool.mesos_records import VOTING
from aurora_admin.scheduler.logtool.mesos_replica import Replica
from aurora_admin.scheduler.logtool.output import report, show
from aurora_admin.scheduler.logtool.temporary import temporary_folder
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.engine import LogEngine, LogError, never
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot.sections import section_counts

# How many ranges of positions a warning lists.
MAX_RANGES = 20
ADVICE = "Use the replica of another scheduler, or continue without what is missing: --allow-partial."


def extract(arguments: Namespace) -> int:
    """Write the state in the replica that the arguments name as a backup."""
    text = extract_backup(arguments.mesos_replica, arguments.to, report, allow_partial=arguments.allow_partial)
    show(text)
    return 0


def extract_backup(replica: str, target: str, warn: Callable[[str], None], *, allow_partial: bool = False) -> str:
    """Replay what a replica has learned, write the state as a backup, and return a text about what was done.

    The replica's directory is only read: LevelDB gets a copy, in the folder of the target. `warn` is called for missing
    and undecided positions, and for everything else that could not be used.

    Raises:
        LogError: the replica or an entry in it cannot be read, or the target exists.
        BackupFailed: the backup cannot be written.
    """
    folder, name = _split_target(target)
    with temporary_folder("temp_mesos-replica-", folder) as copy:
        written = copy_replica(replica, copy, warn)
        with closing(Replica(copy)) as opened:
            _warn_of_losses(opened, warn)
            stores = Stores(copy, allow_partial=allow_partial)
            log = Log(_ReplicaEngine(opened), copy, 1, advice=ADVICE)
            log.replay(stores)
            if stores.snapshot_ms is None and not log.statistics["scheduler_log_un_snapshotted_transactions"]:
                raise LogError(f"{replica} holds no snapshot and no transaction: nothing was written. {ADVICE}")
            first, last = opened.begin, opened.end
        view = StateView(stores, int(written * 1000))
        write_backup(folder, view, None, [name])
    counts = ", ".join(f"{n} {section}" for section, n in section_counts(view.task_count, view.sections).items())
    return f"Wrote the state of positions {first} to {last} to {target}: {counts}"


def _split_target(target: str) -> tuple[str, str]:
    """Return folder and name of the file to write."""
    folder, name = os.path.split(target)
    for existing in (target, os.path.join(folder, manifest_name(name))):
        if os.path.lexists(existing):
            raise LogError(f"{existing} exists already; nothing was written. Use another name.")
    if not name:
        raise LogError(f"{target!r} is not the name of a file; nothing was written.")
    folder = os.path.abspath(folder)
    if not os.path.isdir(folder):
        raise LogError(f"There is no folder {folder}; create it first.")
    return folder, name


def _warn_of_losses(replica: Replica, warn: Callable[[str], None]) -> None:
    if replica.status != VOTING:
        warn(f"The replica is {replica.status}, not {VOTING}: the log's last entries may be missing. Use another one.")
    if replica.holes:
        warn(f"Positions are missing: {_listed(replica.holes)}. What was written there is lost in this replica.")
    if replica.pending:
        warn(
            f"Positions are undecided and were left out: {_listed(replica.pending)}. With a quorum of 1 they were "
            "accepted; otherwise compare with the other replicas."
        )
    for text in replica.left_out:
        warn(f"Left out {text}.")
    if replica.torn:
        warn(
            f"The last write to {', '.join(replica.torn)} is incomplete: positions at the end may be missing. Compare "
            "with the other replicas."
        )


def _listed(runs: Sequence[range]) -> str:
    named = ", ".join(
        str(run.start) if len(run) == 1 else f"{run.start} to {run.stop - 1}" for run in runs[:MAX_RANGES]
    )
    return named if len(runs) <= MAX_RANGES else f"{named} and {len(runs) - MAX_RANGES} more ranges"


class _ReplicaEngine(LogEngine):
    """A replica as a log engine that can only be read."""

    warn_above_bytes = None
    timeout_error = TimeoutError

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        return self._replica.appended()

    def fence(self, should_stop: Callable[[], bool] = never) -> NoReturn:
        raise LogError("A replica of a Mesos log cannot be written.")

    def append(self, records: Iterable[bytes]) -> NoReturn:
        self.fence()

    def truncate_before(self, position: int) -> None:
        self.fence()

    def check_space(self, size: int) -> None:
        self.fence()

    def close(self) -> None:
        self._replica.close()
