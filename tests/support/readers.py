"""Wrappers for a command that may read files and not write them."""

import os
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may run a program as another user, or mount")


def as_nobody(folder: Path) -> tuple[str, ...]:
    """Let every user read what is in a folder, and return a wrapper that runs a command as another user."""
    for path in [*folder.rglob("*"), folder, *folder.parents]:
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")


def on_read_only_mount(folder: Path) -> tuple[str, ...]:
    """Return a wrapper that runs a command for which a folder is on a read-only mount."""
    return ("unshare", "-m", "bash", "-c", f'mount --bind -r "{folder}" "{folder}" && exec "$@"', "bash")
