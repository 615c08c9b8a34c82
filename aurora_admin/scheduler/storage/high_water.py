"""What this host has seen of a log, in a file of its own (docs/replicated-log.md 2.6, case 11).

An ensemble that was restored from an old copy has lost what was acknowledged, and only those who saw it can tell.
"""

import json
import logging
import os
from typing import NamedTuple

from aurora_admin.backup.atomic_file import sync_folder
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.zookeeper.layout import Format

logger = logging.getLogger(__name__)
FILE = "high-water.json"


class Mark(NamedTuple):
    """How far a log had come."""

    log_id: str
    epoch: int
    position: int

    def encode(self) -> bytes:
        """Give it the same length always, so that it can be written over in one piece."""
        return (
            f'{{"log_id": {json.dumps(self.log_id)}, "epoch": {self.epoch:20}, "position": {self.position:20}}}\n'
        ).encode()


class HighWater:
    """The file in -native_log_file_path.

    `save` is durable; `advance` survives the end of the process, but not that of the host, at the price of one system
    call for every append.
    """

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, FILE)
        self._folder = folder
        self._fd = -1

    def read(self) -> Mark | None:
        """Return the mark, if there is one.

        Raises:
            LogError: it cannot be read.
        """
        try:
            with open(self.path, "rb") as file:
                found = json.load(file)
            return Mark(str(found["log_id"]), int(found["epoch"]), int(found["position"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LogError(
                f"{self.path} cannot be read ({error}): whether the log has gone back cannot be told. "
                "If you know that it has not, remove the file."
            ) from error

    def check_log(self, log: Format, epoch: int) -> None:
        """Tell of another log than the one seen before; accept it only if it is new, or is known to replace that one.

        Raises:
            LogError: it is neither.
        """
        mark = self.read()
        if mark is None or mark.log_id == log.log_id:
            return
        if epoch and mark.log_id not in log.replaces:
            raise LogError(
                f"The log has the id {log.log_id}, and this host knows another one, {mark.log_id} (epoch {mark.epoch}, "
                f"position {mark.position}): a wrong path, or the log of another cluster. If it is the right one, "
                f"remove {self.path}."
            )
        logger.warning(
            "The log has the id %s: it is new, and replaces the log %s that this host knew to epoch %d, position %d",
            log.log_id, mark.log_id, mark.epoch, mark.position,
        )  # fmt: skip

    def check_end(self, log_id: str, epoch: int, last: int, *, accept: bool) -> None:
        """Refuse a log that has gone back.

        Raises:
            LogError: it has, and that is not accepted.
        """
        mark = self.read()
        if mark is None or mark.log_id != log_id or (epoch >= mark.epoch and last >= mark.position):
            return
        text = (
            f"The log has gone back: it stands at epoch {epoch}, position {last}, and this host has seen epoch "
            f"{mark.epoch}, position {mark.position}. Was ZooKeeper restored from an old copy?"
        )
        if not accept:
            raise LogError(f"{text} What came after is lost. To go on without it: -log_accept_older=true, once.")
        logger.warning("%s Going on without what came after, as -log_accept_older says", text)

    def save(self, mark: Mark) -> None:
        """Write the mark, durably.

        Raises:
            LogError: the folder cannot be written.
        """
        fresh = f"{self.path}.{os.getpid()}.new"
        try:
            fd = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC, 0o600)
            self.close()
            self._fd = fd
            os.write(fd, mark.encode())
            os.fsync(fd)
            os.rename(fresh, self.path)
            sync_folder(self._folder)
        except OSError as error:
            raise LogError(f"{self.path} cannot be written: {error.strerror}. Check its owner and the disk.") from error

    def advance(self, mark: Mark) -> None:
        """Write the mark over the last one."""
        os.pwrite(self._fd, mark.encode(), 0)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
