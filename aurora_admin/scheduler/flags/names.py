"""The words of a command line before argparse sees them: @FILE, and options that do not exist.

argparse takes -http_prt=1 for -h with a value, and names only the missing options where a required one is mistyped.
"""

import difflib
import re
from argparse import ArgumentParser
from collections.abc import Collection, Iterable, Sequence

NEGATIVE_NUMBER = re.compile(r"-[\d.]+", re.ASCII)


def expanded(parser: ArgumentParser, words: Iterable[str]) -> list[str]:
    """Return the words, with the lines of FILE in the place of @FILE.

    Blank lines and lines that begin with # are left out (docs/api.md 8.1).
    """
    found = []
    for word in words:
        if word.startswith("@"):
            found += [line for line in _lines(parser, word[1:]) if line.strip() and not line.startswith("#")]
        else:
            found.append(word)
    return found


def _lines(parser: ArgumentParser, path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError as error:
        parser.error(f"cannot read the file of @{path}: {error.strerror}")
    except UnicodeDecodeError:
        parser.error(f"cannot read the file of @{path}: it is not UTF-8")


def check_names(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Refuse an option that the parser does not have, and name the nearest one."""
    options = parser._option_string_actions  # noqa: SLF001  argparse has no other list of them
    rest = iter(words)
    for word in rest:
        name, equals, _ = word.partition("=")
        action = options.get(name)
        if action is None:
            if word.startswith("-") and not NEGATIVE_NUMBER.fullmatch(word):
                parser.error(f"there is no option {name}{nearest(name, options)}")
            parser.error(f"unrecognized arguments: {word}")
        if equals and action.nargs == 0:
            parser.error(f"the option {name} takes no value")
        if not equals and action.nargs is None:
            next(rest, None)


def nearest(name: str, known: Collection[str]) -> str:
    """Return a text that names the most similar one; an empty text if none is similar."""
    by_letters = {_letters(one): one for one in known}
    found = difflib.get_close_matches(_letters(name), by_letters, n=1)
    return f"; the nearest is {by_letters[found[0]]}" if found else ""


def _letters(name: str) -> str:
    return name.lstrip("-").lower().replace("-", "_")
