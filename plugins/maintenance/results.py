"""What a drain prints and writes as its result."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from aurora_admin.output import OutputClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aurora_admin.output import Output


class Results:
    """The results on standard output. A reader that closes it does not end the drain halfway."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._is_closed = False

    def print(self, line: str) -> None:
        """Print a line, if there is still a reader.

        Raises:
            AdminError: it cannot be written, for example because the disk is full.
        """
        self._if_open(lambda: self._out.print(line))

    def flush(self) -> None:
        """Write out what is still buffered; raise as `print`."""
        self._if_open(self._out.flush)

    def finish(self) -> None:
        """Write out what is still buffered.

        Raises:
            OutputClosed: the reader has closed it, now or before.
        """
        self.flush()
        if self._is_closed:
            raise OutputClosed

    def _if_open(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OutputClosed:  # what is written from now on is dropped
            self._is_closed = True


def report_not_drained(hosts: Sequence[str], path: str | None, out: Output, results: Results, heading: str) -> None:
    """Print the hosts that were not drained, and write them into the file, if there is one; nothing without any."""
    if not hosts:
        return
    out.info(heading)
    for host in hosts:
        results.print(host)
    if path:
        write_names(path, hosts, out)


def warn_of_file(path: str | None, out: Output) -> None:
    """Warn if a file cannot be written, without touching it.

    Only on a terminal and with -v: the original finds out at the end, and goes on (docs/cli.md 6.6).
    """
    if path and out.has_details() and (problem := _problem_of(path)):
        out.warn(f"{path} cannot be written at the end: {problem}. The names will be on standard output alone")


def _problem_of(path: str) -> str:
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        code = errno.EISDIR
    elif not os.path.isdir(folder):
        code = errno.ENOTDIR if os.path.exists(folder) else errno.ENOENT
    elif not os.access(path if os.path.exists(path) else folder, os.W_OK):
        code = errno.EACCES
    else:
        return ""
    return os.strerror(code)


def write_names(path: str, hosts: Sequence[str], out: Output) -> None:
    """Write hosts into a file in place of what it had. A failure is logged: the drain is over by now."""
    try:
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(f"{host}\n" for host in hosts)
    except OSError as error:
        out.error(f"Failed to write into the output file: {error}")
    else:
        out.info(f"Written unsafe host names into: {path}")
