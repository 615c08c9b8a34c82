"""How far this host has seen a log, in a file outside of it (docs/replicated-log.md 2.6, case 11).

A log that was restored from an old copy has lost acknowledged entries and looks complete. A host that saw them can
detect it.
"""

import json
import logging
import os
from collections.abc import Sequence
from typing import NamedTuple

from aurora_admin.backup.atomic_file import sync_folder
from aurora_admin.backup.os_errors import explain
from aurora_admin.scheduler.storage.engine import LogError

logger = logging.getLogger(__name__)
FILE = "high-water.json"


class HighWaterMark(NamedTuple):
    """The highest epoch and position of a log that this host has seen."""

    log_id: str
    epoch: int
    position: int

    def encode(self) -> bytes:
        """Return the mark as JSON of a fixed length, so that one write can replace another in place."""
        return (
            f'{{"log_id": {json.dumps(self.log_id)}, "epoch": {self.epoch:20}, "position": {self.position:20}}}\n'
        ).encode()


class HighWaterFile:
    """The file with the mark, in -native_log_file_path.

    save() is durable. advance() survives the end of the process but not a crash of the host; it costs one system call
    for each append.
    """

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, FILE)
        self._folder = folder
        self._fd = -1

    def read(self) -> HighWaterMark | None:
        """Return the mark; None if there is no file.

        Raises:
            LogError: it cannot be read.
        """
        try:
            with open(self.path, "rb") as file:
                found = json.load(file)
            return HighWaterMark(str(found["log_id"]), int(found["epoch"]), int(found["position"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LogError(
                f"{self.path} cannot be read ({error}), so it is unknown whether the log has gone back. "
                "If you are sure that it has not, delete the file."
            ) from error

    def check_log(self, log_id: str, replaces: Sequence[str], epoch: int) -> None:
        """Check that a log is the one that this host knows, or a new one, or one that replaces the known one.

        `replaces` are the ids of the logs that were at its path before. A log that is accepted as another one is logged
        as a warning.

        Raises:
            LogError: it is another log.
        """
        mark = self.read()
        if mark is None or mark.log_id == log_id:
            return
        if epoch and mark.log_id not in replaces:
            raise LogError(
                f"The log has the id {log_id}, and this host knows another one, {mark.log_id} (epoch {mark.epoch}, "
                f"position {mark.position}): a wrong path, or the log of another cluster. If it is the right one, "
                f"delete {self.path}."
            )
        logger.warning(
            "The log has the id %s: it is new, and replaces the log %s that this host knew to epoch %d, position %d",
            log_id, mark.log_id, mark.epoch, mark.position,
        )  # fmt: skip

    def check_end(self, log_id: str, epoch: int, last: int, *, accept: bool) -> None:
        """Check that a log does not end before the mark.

        Raises:
            LogError: it does, and `accept` is false. If it is true, a warning is logged instead.
        """
        mark = self.read()
        if mark is None or mark.log_id != log_id or (epoch >= mark.epoch and last >= mark.position):
            return
        text = (
            f"The log has gone back: it ends at epoch {epoch}, position {last}, and this host has seen epoch "
            f"{mark.epoch}, position {mark.position}. Was ZooKeeper restored from an old copy?"
        )
        if not accept:
            raise LogError(
                f"{text} What was written since then is lost. To continue without it, start once with "
                "-log_accept_older=true."
            )
        logger.warning("%s Continuing without what was written since then, because of -log_accept_older", text)

    def save(self, mark: HighWaterMark) -> None:
        """Write the mark; durable on return.

        Raises:
            LogError: the folder cannot be written.
        """
        temporary = f"{self.path}.{os.getpid()}.new"
        try:
            fd = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC, 0o600)
            self.close()
            self._fd = fd
            os.write(fd, mark.encode())
            os.fsync(fd)
            os.rename(temporary, self.path)
            sync_folder(self._folder)
        except OSError as error:
            raise LogError(f"{self.path} cannot be written: {explain(error, self._folder)}") from error

    def advance(self, mark: HighWaterMark) -> None:
        """Overwrite the mark that save() wrote."""
        os.pwrite(self._fd, mark.encode(), 0)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
