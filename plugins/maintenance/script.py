"""The script that is run for each host that is drained."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aurora_admin.errors import AdminError

if TYPE_CHECKING:
    import subprocess

    from aurora_admin.output import Output


def checked_script(path: str) -> str:
    """Return the absolute path of a script.

    Raises:
        AdminError: it does not exist, or cannot be executed.
    """
    if not os.path.exists(path):
        raise AdminError(f"No such file: {path}")
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        raise AdminError(f"Not an executable file: {path}. Nothing was sent; make it executable: chmod +x")
    return os.path.abspath(path)


def run_script(script: str, host: str, out: Output) -> None:
    """Run the script for a host, with the standard streams of this process, and warn of an exit code other than 0.

    Raises:
        AdminError: it cannot be started.
    """
    code = start_script(script, host).wait()
    if code:
        what = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
        out.warn(f"{script} {what} for {host}")


def start_script(script: str, host: str) -> subprocess.Popen[bytes]:
    """Start the script for a host; raise as `run_script`."""
    import subprocess

    try:
        return subprocess.Popen([script, host])
    except (OSError, ValueError) as error:
        raise AdminError(f"Cannot run {script} for {host}: {error}. Correct it, and run it for that host") from error
