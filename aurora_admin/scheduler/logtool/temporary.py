"""Temporary folders of the commands."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from aurora_admin.backup.os_errors import explain
from aurora_admin.scheduler.storage.engine import LogError


@contextmanager
def temporary_folder(prefix: str, parent: str | None = None) -> Iterator[str]:
    """Provide a new folder while the block runs, in `parent` or where the system has temporary files.

    Raises:
        LogError: it cannot be created.
    """
    try:
        # The system's folder is found by writing into it.
        temporary = tempfile.TemporaryDirectory(prefix=prefix, dir=parent or tempfile.gettempdir())
    except OSError as error:
        if parent is None:
            raise LogError(
                f"Failed to create a temporary folder: {error.strerror}. Set TMPDIR to a folder that can be written."
            ) from error
        raise LogError(f"Failed to create a folder in {parent}: {explain(error, parent)}") from error
    with temporary as folder:
        yield os.fspath(folder)
