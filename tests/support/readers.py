"""Wrappers for a command that may read a folder and not write it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import UNPRIVILEGED

WRITE = 0o222


@contextmanager
def without_permission(folder: Path) -> Iterator[tuple[str, ...]]:
    """Take the permission to write a folder and its files away while the block runs; yield a wrapper."""
    modes = {path: path.stat().st_mode for path in [folder, *folder.iterdir()]}
    for path, mode in modes.items():
        path.chmod(mode & ~WRITE)
    yield UNPRIVILEGED
    for path, mode in modes.items():
        if path.exists():
            path.chmod(mode)


@contextmanager
def on_read_only_mount(folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield a wrapper that runs a command for which a folder is on a read-only mount."""
    if os.getuid() != 0:
        pytest.skip("a mount takes root's rights")
    yield with_own_mounts(f'mount --bind -r "{folder}" "{folder}" && exec "$@"')


def with_own_mounts(script: str) -> tuple[str, ...]:
    """Return a wrapper that runs a script, which may mount and then has the command as "$@"."""
    # unshare itself fails to do this in a chroot, whose / is no mount.
    private = "mount --make-rprivate / 2>/dev/null; "
    return ("unshare", "-m", "--propagation", "unchanged", "bash", "-c", private + script, "bash")
