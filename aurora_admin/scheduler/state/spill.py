"""Records on disk, in a file without a name: the memory of a process is for finding them."""

import os
import tempfile
import weakref

PENDING = 1 << 20


class Spill:
    """An append-only file that is gone with its last user; what was appended is never changed.

    So a reader that knows a record's place needs no lock.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.fd, path = tempfile.mkstemp(dir=folder)
        os.unlink(path)
        weakref.finalize(self, os.close, self.fd)
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
        """Make everything readable.

        Raises:
            OSError: the disk is full or broken.
        """
        rest = memoryview(b"".join(self._pending))
        while rest:
            written = os.write(self.fd, rest)
            rest = rest[written:]
        self._pending.clear()
        self._full = self.size + PENDING
