"""What the original printed in an arbitrary order, or with a Python 2 prefix, in one form (docs/cli.md 8, Q38)."""

import re

CLOSING = {"(": ")", "[": "]", "{": "}"}
FIELD = re.compile(r"[A-Za-z_]\w*=")
# What a name of the original ends with that lists names in an arbitrary order.
LISTS = re.compile(r"(Valid (?:keys|states) are:\n|Known clusters: )([^\n]+)")
# Consecutive lines of which there is one a host, in an arbitrary order.
HOST_LINES = re.compile(
    r"(?:^ WARN\] \S+ is DRAINING or in DRAINED\n){2,}|(?:^ INFO\] \S+ is in state: .*\n){2,}", re.MULTILINE
)
# A set in a scheduler's message, as Java shows it.
RESOURCES = re.compile(r"IResource\{[^}]*\}(?:, IResource\{[^}]*\})+")


def normalised(text: str) -> str:
    r"""Return text with displays and lists of names sorted.

    >>> normalised("set([u'b', 'a']) {'z': u'1', 'y': Job(b=1, a=set([]))} [2, 1]")
    "set(['a', 'b']) {'y': Job(a=set([]), b=1), 'z': '1'} [2, 1]"
    """
    text = re.sub(r"(?<![\w'\"])u(?=['\"])", "", text)
    text = _displays_sorted(text)
    text = LISTS.sub(lambda found: found[1] + _names_sorted(found[2]), text)
    text = RESOURCES.sub(lambda found: "}, ".join(sorted(found[0].removesuffix("}").split("}, "))) + "}", text)
    return HOST_LINES.sub(lambda found: "".join(sorted(found[0].splitlines(keepends=True))), text)


def _names_sorted(names: str) -> str:
    separator = ", " if ", " in names else ","
    return separator.join(sorted(names.split(separator)))


def _displays_sorted(text: str) -> str:
    """Return text with the items of each set, each dictionary and each struct sorted; the order of a list is kept."""
    parts, position = [], 0
    while position < len(text):
        end = _end(text, position)
        if end is None:
            parts.append(text[position])
            position += 1
            continue
        group = text[position : end + 1]
        parts.append(_set_sorted(group) if text.endswith("set", 0, position) else _group_sorted(group))
        position = end + 1
    return "".join(parts)


def _set_sorted(group: str) -> str:
    return f"([{', '.join(sorted(map(_displays_sorted, _items(group[2:-2]))))}])"


def _group_sorted(group: str) -> str:
    if group[0] in "'\"":
        return group
    items = [_displays_sorted(item) for item in _items(group[1:-1])]
    is_struct = group[0] == "(" and all(FIELD.match(item) for item in items)
    if is_struct or (group[0] == "{" and group[1] in "'\""):
        items.sort()
    return group[0] + ", ".join(items) + group[-1]


def _items(text: str) -> list[str]:
    """Return the items of a display: what is between its commas, those in brackets and quotes left out."""
    items, start, position = [], 0, 0
    while position < len(text):
        end = _end(text, position)
        if end is None and text.startswith(", ", position):
            items.append(text[start:position])
            start = position + 2
        position = (position if end is None else end) + 1
    return [*items, text[start:]]


def _end(text: str, position: int) -> int | None:
    """Return where the bracket or the quoted text that begins at a position ends; None if none begins, or none ends."""
    first = text[position]
    if first in "'\"":
        return _quote_end(text, position)
    if first not in CLOSING:
        return None
    at = position + 1
    while at < len(text) and text[at] != "\n":
        if text[at] == CLOSING[first]:
            return at
        inner = _end(text, at)
        at = (at if inner is None else inner) + 1
    return None


def _quote_end(text: str, position: int) -> int | None:
    found = re.compile(rf"{text[position]}(?:[^\\\n]|\\.)*?{text[position]}").match(text, position)
    return found.end() - 1 if found else None
