"""Records on disk, in a file without a name: memory holds only where they are."""

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from aurora_admin.scheduler.storage.engine import LogError

# How many bytes wait in memory before they are written.
PENDING_BYTES = 1 << 20


class Spill:
    """An append-only file that is deleted when nothing refers to it.

    What was appended never changes, so that a record whose place is known is read without a lock, once it is flushed.
    `append` and `flush` take the lock of the storage.

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
        self._flush_at = PENDING_BYTES

    def append(self, record: bytes) -> int:
        """Return the offset at which the record can be read after flush()."""
        start = self.size
        self._pending.append(record)
        self.size = end = start + len(record)
        if end > self._flush_at:
            self.flush()
        return start

    def flush(self) -> None:
        """Write what is pending; everything can be read then."""
        rest = memoryview(b"".join(self._pending))
        while rest:
            with self._failures():
                written = os.write(self.fd, rest)
            rest = rest[written:]
        self._pending.clear()
        self._flush_at = self.size + PENDING_BYTES

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LogError(
                f"Failed to write task records to a temporary file in {self.folder}: {error.strerror}. The log was not "
                "touched. Check the disk and its free space, then start again."
            ) from error
