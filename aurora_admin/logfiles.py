"""The log files of --log_to_disk and the scheme google (docs/cli.md 1.6, 2.1). Imported only if one of them is used."""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from aurora_admin.errors import AdminError
from aurora_admin.output import DEBUG, ERROR, FATAL, GOOGLE, INFO, PLAIN, PREFIXES, WARN, escaped, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

NAMES = {DEBUG: "DEBUG", INFO: "INFO", WARN: "WARNING", ERROR: "ERROR", FATAL: "FATAL"}
APPLICATION = "aurora-admin"
LOGGING_MODULES = frozenset({"aurora_admin.output", __name__})  # the place of a record is the caller of these


class LogFiles:
    """A file for each level, with the records of exactly that level; with `is_simple` one file for all levels.

    No file has a record below `level`. A file of the scheme google begins with four lines that say who wrote it. Each
    record is appended with one call, so that the records of several processes do not mix in one file.

    Raises:
        AdminError: the files cannot be created.
    """

    def __init__(self, folder: str, scheme: str, level: int, *, is_simple: bool) -> None:
        self.folder = folder
        self._head = HEADS[scheme]
        try:
            if not os.path.exists(folder):
                os.makedirs(folder, exist_ok=True)
            self._files = self._open_simple() if is_simple else self._open_levels()
        except OSError as error:
            raise AdminError(
                f"Cannot write log files in {folder}: {error.strerror}. Name a writable folder with --log_dir, or "
                "omit --log_to_disk"
            ) from error
        self._level = level
        with suppress(OSError):  # a full disk: the first record is a warning about it
            for file in set(self._files.values()) if scheme == GOOGLE else ():
                os.write(file, preamble().encode("utf-8", "backslashreplace"))

    def write(self, level: int, texts: Sequence[str]) -> None:
        """Append records of one level to the file that they belong to."""
        if level >= self._level:
            os.write(self._files[level], joined(self._head(level), texts).encode("utf-8", "backslashreplace"))

    def _open_simple(self) -> dict[int, int]:
        return dict.fromkeys(NAMES, self._open(f"{APPLICATION}.log"))

    def _open_levels(self) -> dict[int, int]:
        stem = f"{APPLICATION}.{os.uname().nodename}.{_user()}.log"
        ending = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}.{os.getpid()}"
        names = {level: f"{stem}.{name}.{ending}" for level, name in NAMES.items()}
        # Every user may write in the default folder: a link that another user put there is not followed.
        files = {level: self._open(name, os.O_NOFOLLOW) for level, name in names.items()}
        for level, name in names.items():
            self._link(f"{APPLICATION}.{NAMES[level]}", name)
        return files

    def _open(self, name: str, flags: int = 0) -> int:
        return os.open(os.path.join(self.folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND | flags, 0o666)

    def _link(self, name: str, target: str) -> None:
        new = os.path.join(self.folder, f".{target}")
        try:
            os.symlink(target, new)
            os.replace(new, os.path.join(self.folder, name))
        except OSError:  # the existing link may belong to another user; the links are only a convenience
            with suppress(OSError):
                os.unlink(new)


def preamble() -> str:
    """Return the first lines of a file of the scheme google."""
    command_line = escaped(" ".join([APPLICATION, *sys.argv[1:]]))
    return (
        f"Log file created at: {datetime.now().astimezone():%Y/%m/%d %H:%M:%S}\n"
        f"Running on machine: {os.uname().nodename}\n"
        "[DIWEF]mmdd hh:mm:ss.uuuuuu pid file:line] msg\n"
        f"Command line: {command_line}\n"
    )


def google_head(level: int) -> str:
    """Return what a record begins with: level, time, process, and the line of the source that logs it."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - as logging does, which costs more to import
    while frame is not None and frame.f_globals.get("__name__") in LOGGING_MODULES:
        frame = frame.f_back
    place = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}" if frame else "?:0"
    return f"{NAMES[level][0]}{datetime.now().astimezone():%m%d %H:%M:%S.%f} {os.getpid()} {place}] "


HEADS: dict[str, Callable[[int], str]] = {PLAIN: PREFIXES.__getitem__, GOOGLE: google_head}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user id may have no name
        return str(os.getuid())
