"""Read ~/.aurora-adminrc, a user's default options (docs/cli.md 1.6). Imported only if that file exists."""

from __future__ import annotations

import configparser
import shlex
from typing import TYPE_CHECKING

from aurora_admin.errors import ConfigError
from aurora_admin.options import IGNORE_RC_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EMPTY = '""'  # the original's parser read this value as an empty one


def options_in(path: str, command: str | None) -> list[str]:
    """Return the options that the file adds to a command, or with None to a command line without a command.

    Raises:
        ConfigError: the file cannot be read or parsed.
    """
    config = configparser.ConfigParser(strict=False, comment_prefixes=(), inline_comment_prefixes=(";",))
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            config.read_file(_without_comments(file), path)
        text = _text_for(command, config)
        return [] if text == EMPTY else shlex.split(text, comments=True)
    except (OSError, ValueError, configparser.Error) as error:
        cause = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise ConfigError(f"Cannot use {path}: {cause}. Correct the file, or give {IGNORE_RC_FILE}") from error


def _without_comments(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines that the original's parser read; it knew `rem`, and comments only in the first column."""
    for line in lines:
        is_comment = line[:1] in "#;" or (line[:1] in "rR" and line.split(maxsplit=1)[0].lower() == "rem")
        yield "\n" if is_comment else line


def _text_for(command: str | None, config: configparser.ConfigParser) -> str:
    section = config.default_section if command is None else command
    return config.get(section, "options", fallback="") if section in config else ""
