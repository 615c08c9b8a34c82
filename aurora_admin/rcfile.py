"""Read ~/.aurora-adminrc, a user's default options (docs/cli.md 1.6). Imported only if that file exists."""

from __future__ import annotations

import configparser
import shlex

from aurora_admin.errors import ConfigError
from aurora_admin.parser import IGNORE_RC_FILE


def options_in(path: str, command: str | None) -> list[str]:
    """Return the options that the file adds to a command, or with None to a command line without a command.

    Raises:
        ConfigError: the file cannot be read or parsed.
    """
    config = configparser.ConfigParser(interpolation=None, strict=False, inline_comment_prefixes=(";",))
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            config.read_file(file)
        return shlex.split(_text_for(command, config))
    except (OSError, ValueError, configparser.Error) as error:
        cause = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise ConfigError(f"Cannot use {path}: {cause}. Correct the file, or give {IGNORE_RC_FILE}") from error


def _text_for(command: str | None, config: configparser.ConfigParser) -> str:
    if command is None:
        return config.defaults().get("options", "")
    return config.get(command, "options", fallback="") if config.has_section(command) else ""
