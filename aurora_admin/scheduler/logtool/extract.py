"""The state that a Mesos replica holds, as a backup: the way back when no backup is recent enough."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NoReturn

from aurora_admin.backup.manifest import manifest_name
from aurora_admin.backup.writer import write_backup
from aurora_admin.scheduler.logtool.mesos_replica import VOTING, Replica, copy_replica
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.state.view import StateView
from aurora_admin.scheduler.storage.engine import LogEngine, LogError
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.snapshot.sections import section_counts

# How many positions a line of the report names.
NAMED = 20


ADVICE = "Take the replica of another scheduler, or go on without what is missing: --allow-partial."


def extract(replica: str, target: str, report: Callable[[str], None], *, allow_partial: bool = False) -> str:
    """Replay what a replica has learned and write the state as a backup; return what was done.

    The replica's directory is only read: LevelDB works on a copy beside the target. `report` is told of every position
    that is missing or undecided, and of what else could not be used.

    Raises:
        LogError: the replica or an entry in it cannot be read, or the target exists.
        BackupFailed: the backup cannot be written.
    """
    folder, name = _place(target)
    with _folder_for_copy(folder) as copy:
        written = copy_replica(replica, copy)
        with closing(Replica(copy)) as opened:
            _tell(opened, report)
            stores = Stores(copy, allow_partial=allow_partial)
            log = Log(_Entries(opened), copy, 1, advice=ADVICE)
            log.replay(stores)
            if stores.snapshot_ms is None and not log.statistics["scheduler_log_un_snapshotted_transactions"]:
                raise LogError(f"{replica} holds no snapshot and no transaction: nothing was written. {ADVICE}")
            first, last = opened.begin, opened.end
        view = StateView(stores, int(written * 1000))
        write_backup(folder, view, None, [name])
    counts = ", ".join(f"{n} {section}" for section, n in section_counts(view.task_count, view.sections).items())
    return f"Wrote the state of positions {first} to {last} to {target}: {counts}"


def _place(target: str) -> tuple[str, str]:
    """Return folder and name of the file to write."""
    folder, name = os.path.split(target)
    for there in (target, os.path.join(folder, manifest_name(name))):
        if os.path.lexists(there):
            raise LogError(f"{there} exists already; nothing was written. Give another name.")
    if not name:
        raise LogError(f"{target!r} is not the name of a file; nothing was written.")
    folder = os.path.abspath(folder)
    if not os.path.isdir(folder):
        raise LogError(f"There is no folder {folder}; make it first.")
    return folder, name


@contextmanager
def _folder_for_copy(parent: str) -> Iterator[str]:
    try:
        made = tempfile.TemporaryDirectory(prefix="temp_mesos-replica-", dir=parent)
    except OSError as error:
        raise LogError(f"Failed to make a folder in {parent} for a copy of the replica: {error.strerror}.") from error
    with made as folder:
        yield folder


def _tell(replica: Replica, report: Callable[[str], None]) -> None:
    if replica.status != VOTING:
        report(f"The replica is {replica.status}, not {VOTING}: it may lack the log's last entries. Take another one.")
    if replica.holes:
        report(f"Positions are missing: {_listed(replica.holes)}. What was written there is lost in this replica.")
    if replica.pending:
        report(
            f"Positions are undecided and were left out: {_listed(replica.pending)}. With a quorum of 1 they were "
            "accepted; otherwise compare with the other replicas."
        )
    for text in replica.left_out:
        report(f"Left out {text}.")
    if replica.torn:
        report(
            f"The last write into {', '.join(replica.torn)} is cut short: positions at the end may be missing. Compare "
            "with the other replicas."
        )


def _listed(runs: Sequence[range]) -> str:
    named = ", ".join(str(run.start) if len(run) == 1 else f"{run.start} to {run.stop - 1}" for run in runs[:NAMED])
    return named if len(runs) <= NAMED else f"{named} and {len(runs) - NAMED} more ranges"


class _Entries(LogEngine):
    """A replica as a log that can only be read."""

    comfortable_bytes = None
    no_answer = TimeoutError

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        return self._replica.appended()

    def fence(self) -> NoReturn:
        raise LogError("a replica of Mesos is only read")

    def append(self, records: Iterable[bytes]) -> NoReturn:
        self.fence()

    def truncate_before(self, position: int) -> None:
        self.fence()

    def check_room(self, size: int) -> None:
        self.fence()

    def close(self) -> None:
        self._replica.close()
