"""Split a command line into options with their values and arguments (docs/cli.md 1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterator, Mapping, Sequence


class Token(NamedTuple):
    """An argument, or an option with its value: argv[start:end]."""

    start: int
    end: int
    is_option: bool


def tokens(
    argv: Sequence[str], known: Mapping[str, Action], required_count: int = 0, *, is_long_literal: bool = True
) -> Iterator[Token]:
    """Split argv into options and arguments. Everything after `--` is an argument; an option has one value or none.

    The original took every word after the first argument for an argument. So an unknown option there is one, as long as
    a required argument is missing; a long one only with `is_long_literal`.

    argparse cannot do this: it does not accept options between a variable number of arguments, and takes the argument
    -1G for an option.
    """
    position, is_literal, count = 0, False, 0
    while position < len(argv):
        text = argv[position]
        if text == "--" and not is_literal:
            is_literal = True
            position += 1
            continue
        is_option = not is_literal and _looks_like_option(text, is_first=not count)
        may_be_argument = is_long_literal or not text.startswith("--")
        if is_option and may_be_argument and 0 < count < required_count and not _is_begun(text, known):
            is_option = False
        count += not is_option
        end = min(position + (2 if is_option and _wants_next(text, known) else 1), len(argv))
        yield Token(position, end, is_option)
        position = end


def _looks_like_option(text: str, *, is_first: bool) -> bool:
    """Return whether a word is an option; a negative number is one only before the first argument (docs/cli.md 1.5)."""
    return len(text) > 1 and text[0] == "-" and (is_first or not text[1:].lstrip(".")[:1].isdigit())


def _is_begun(text: str, known: Mapping[str, Action]) -> bool:
    """Return whether a word is an option, or an ambiguous abbreviation of several."""
    name = text.partition("=")[0]
    is_prefix = name.startswith("--") and any(spelling.startswith(name) for spelling in known)
    return is_prefix or option_of(text, known)[0] is not None


def _wants_next(text: str, known: Mapping[str, Action]) -> bool:
    option, has_value = option_of(text, known)
    return option is not None and _takes_value(option) and not has_value


def option_of(text: str, known: Mapping[str, Action]) -> tuple[Action | None, bool]:
    """Return the last option in a word (None if it is unknown or ambiguous), and whether the word has its value too."""
    if text.startswith("--"):
        name, equals, _ = text.partition("=")
        spelling = full_spelling(name, known)
        return (known[spelling] if spelling else None), bool(equals)
    option = None
    for end, letter in enumerate(text[1:], 2):
        option = known.get(f"-{letter}")
        if option is None or _takes_value(option):
            return option, end < len(text)
    return option, False


def full_spelling(name: str, known: Mapping[str, Action]) -> str | None:
    """Return the long option that a name abbreviates; None if there is none, or if several options begin with it.

    What was an abbreviation of one option of the original still is (`as_new`).
    """
    if name in known:
        return name
    begun = {option: spelling for spelling, option in known.items() if spelling.startswith(name)}
    of_original = {option: spelling for option, spelling in begun.items() if not hasattr(option, "is_new")}
    found = list((of_original or begun).values())
    return found[0] if len(found) == 1 else None


def as_new(option: Action) -> Action:
    """Mark an option that the original does not have."""
    option.is_new = True  # type: ignore[attr-defined]
    return option


def _takes_value(option: Action) -> bool:
    return option.nargs in (None, 1)


def joined(words: Sequence[str], known: Mapping[str, Action]) -> list[str]:
    """Return an option in full, joined with its value into one word.

    So argparse does not have to resolve abbreviations, and does not take the value for an option.
    """
    name, equals, value = words[0].partition("=")
    is_long = name.startswith("--")
    option = f"{full_spelling(name, known)}{equals}{value}" if is_long else words[0]
    if len(words) == 1 or not words[1]:
        return [option, *words[1:]]
    return [f"{option}={words[1]}" if is_long else option + words[1]]
