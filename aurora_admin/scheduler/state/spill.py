"""Records on disk, in a file without a name: the memory of a process is for finding them."""

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from aurora_admin.scheduler.storage.engine import LogError

PENDING = 1 << 20


class Spill:
    """An append-only file that is gone with its last user; what was appended is never changed.

    So a reader that knows a record's place needs no lock.

    Raises:
        LogError: here and where it is written, when the disk is full or broken.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        with self._failures():
            file = tempfile.TemporaryFile(dir=folder, buffering=0)
        self.fd = file.fileno()
        weakref.finalize(self, file.close)
        self.size = 0
        self._pending: list[bytes] = []
        self._full = PENDING

    def append(self, record: bytes) -> int:
        """Return the place where the record will stand; it can be read after flush()."""
        start = self.size
        self._pending.append(record)
        self.size = end = start + len(record)
        if end > self._full:
            self.flush()
        return start

    def flush(self) -> None:
        """Make everything readable."""
        rest = memoryview(b"".join(self._pending))
        while rest:
            with self._failures():
                written = os.write(self.fd, rest)
            rest = rest[written:]
        self._pending.clear()
        self._full = self.size + PENDING

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LogError(
                f"Failed to keep records in a file in {self.folder}: {error.strerror}. The log was not touched; "
                "see to the disk and start again."
            ) from error
