"""A file of quotas: YAML, or JSON, from each role to its cpu, ram and disk (docs/cli.md 4.4.1).

It is read as YAML nodes, not as values. So a number is read as it is written, as set_quota does, a role may be called
`no`, no object is made that the file names, and every error has its line.
"""

from __future__ import annotations

from json import loads
from typing import TYPE_CHECKING, TypeVar

import yaml

from aurora_admin.client.quota import Amounts
from aurora_admin.errors import AdminError
from aurora_admin.hosts import read_text, shown_name
from aurora_admin.plugins.quota.arithmetic import new_quota, warn_of_lost_sizes
from aurora_admin.units import number, size_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from aurora_admin.output import Output

N = TypeVar("N", int, float)

KEYS = ("cpu", "ram", "disk")
FORM = "www-data: {cpu: 40, ram: 64G, disk: 128G}"
TAG = "tag:yaml.org,2002:"
NUMBERS = frozenset(f"{TAG}{name}" for name in ("str", "int", "float"))
NOT_NAMES = frozenset(f"{TAG}{name}" for name in ("null", "merge"))  # without quotes: nothing, ~ and <<


class Invalid(Exception):
    """What is wrong with a file, and in which line."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def read_quotas(filename: str, out: Output) -> dict[str, Amounts]:
    """Return the quota of each role in a file, in its order; - is standard input. Log sizes that count as 0.

    Raises:
        AdminError: the file cannot be read, or is not one of quotas; the message has its name and the line.
    """
    text = read_text(filename)
    try:
        return {
            role: _quota(role, node, filename, out) for role, (_, node) in _members(_root(text), "the file").items()
        }
    except Invalid as error:
        raise AdminError(f"{shown_name(filename)}:{error.line}: {error}. Nothing was sent") from error


def _root(text: str) -> yaml.Node:
    """Return the node of the whole file."""
    try:
        node = yaml.compose(_without_tabs(text), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(filter(None, (error.context, error.problem)))
        raise Invalid(mark.line + 1 if mark else 1, f"this is not YAML: {problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Invalid(line, f"this is not YAML: the character U+{error.character:04X} is not allowed") from error
    except RecursionError as error:
        raise Invalid(1, f"this is nested too deeply. Write the quotas as {FORM}") from error
    if node is None or node.value == "" or (isinstance(node, yaml.MappingNode) and not node.value):
        raise Invalid(1, f"the file has no quotas. Write them as {FORM}")
    return node


def _without_tabs(text: str) -> str:
    """Return JSON without the tabs between its values, which only JSON may have there; other text as it is."""
    try:
        loads(text)
    except ValueError:
        return text
    return text.replace("\t", " ")


def _members(node: yaml.Node, what: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return the key and the value of each member of a mapping, by the text of the key."""
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise Invalid(_line(node), f"{what} has no mapping of names to values. Write the quotas as {FORM}")
    found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag in NOT_NAMES or not key.value.strip():
            raise Invalid(_line(key), f"a key of {what} is not a name. Write the quotas as {FORM}")
        if key.value in found:
            first = _line(found[key.value][0])
            raise Invalid(_line(key), f"{what} has {key.value} twice, first in line {first}. Remove one of them")
        found[key.value] = key, value
    return found


def _quota(role: str, node: yaml.Node, filename: str, out: Output) -> Amounts:
    """Return the quota of a role, and log sizes that count as 0."""
    values = _values(role, node)
    cpus = _read(number, role, "cpu", values)
    ram, disk = (_read(size_bytes, role, name, values) for name in ("ram", "disk"))
    try:
        quota = new_quota(cpus, ram, disk)
    except AdminError as error:
        raise Invalid(_line(node), f"{role}: {error.message}") from error
    place = f"{shown_name(filename)}:{_line(node)}: {role}: "
    warn_of_lost_sizes(out, Amounts(), quota, values["ram"].value, values["disk"].value, place=place)
    return quota


def _values(role: str, node: yaml.Node) -> dict[str, yaml.Node]:
    """Return the node of each of KEYS."""
    members = _members(node, role)
    for name, (key, _) in members.items():
        if name not in KEYS:
            raise Invalid(_line(key), f"{role} has {name}, which is none of {', '.join(KEYS)}")
    for name in KEYS:
        if name not in members:
            raise Invalid(_line(node), f"{role} has no {name}. A quota needs all of {', '.join(KEYS)}")
    return {name: value for name, (_, value) in members.items()}


def _read(parse: Callable[[str], N], role: str, name: str, values: dict[str, yaml.Node]) -> N:
    """Return the number in a node."""
    node = values[name]
    if not isinstance(node, yaml.ScalarNode) or node.tag not in NUMBERS:
        raise Invalid(_line(node), f"{name} of {role} is not a number or a size. Write the quotas as {FORM}")
    try:
        found = parse(node.value)
    except AdminError as error:
        raise Invalid(_line(node), f"{name} of {role}: {error.message}. {error.hint or ''}".rstrip(". ")) from error
    if found < 0:
        raise Invalid(_line(node), f"{name} of {role} is negative: {node.value}")
    return found


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1
