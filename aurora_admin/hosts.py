"""The hosts that an operator names, on the command line or in a file (docs/cli.md 3.3 and 3.8)."""

from __future__ import annotations

import sys
from codecs import BOM_UTF8
from typing import TYPE_CHECKING

from aurora_admin.errors import AdminError

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterable

STANDARD_INPUT = "-"
BY_HOST = "by_host"
GROUPINGS: dict[str, Callable[[str], str]] = {"none": lambda _: "_all_hosts_", BY_HOST: lambda host: host}


def add_host_options(parser: ArgumentParser) -> None:
    """Declare --filename and --hosts."""
    parser.add_argument("--filename", metavar="FILENAME", help="file with one host a line; - for standard input")
    parser.add_argument("--hosts", metavar="HOSTS", help="hosts, separated by commas")


def required_hosts(filename: str | None, hosts: str | None) -> list[str]:
    """Return the hosts of a command that must have some, each once, in the order in which they were given.

    Raises:
        AdminError: there is no host, or both ways of naming them were used, or the file cannot be read.
    """
    if bool(filename) == bool(hosts):
        raise AdminError("Please specify either --filename or --hosts")
    found = listed_hosts(filename, hosts)
    if not found:
        raise AdminError(f"No valid hosts found in {shown_name(filename)}." if filename else "No valid hosts found.")
    return found


def optional_hosts(filename: str | None, hosts: str | None) -> list[str]:
    """Return the hosts of a filter; an empty list is no filter.

    Raises:
        AdminError: both ways of naming them were used, or what was given names no host, or cannot be read.
    """
    if filename and hosts:
        raise AdminError("Cannot specify both filename and list for the same option.")
    return required_hosts(filename, hosts) if filename or hosts else []


def listed_hosts(filename: str | None, hosts: str | None) -> list[str]:
    """Return the hosts in a file, or in a text with commas; blanks around them, and blank entries, are dropped.

    Raises:
        AdminError: the file cannot be read.
    """
    entries = read_text(filename).splitlines() if filename else (hosts or "").split(",")
    return list(dict.fromkeys(host for entry in entries if (host := entry.strip())))


def read_text(filename: str) -> str:
    """Return the text of a file, or of standard input for -, without the byte order mark that Windows editors write.

    Raises:
        AdminError: it cannot be read, or is not UTF-8.
    """
    name = shown_name(filename)
    try:
        return _bytes_of(filename).removeprefix(BOM_UTF8).decode()
    except OSError as error:
        raise AdminError(f"Cannot read {name}: {error.strerror or error}. Nothing was sent") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise AdminError(f"{name}:{line}: this is not UTF-8, at byte {error.start}. Nothing was sent") from error


def shown_name(filename: str) -> str:
    """Return the name of a file for a message.

    >>> shown_name("-"), shown_name("rack7")
    ('standard input', 'rack7')
    """
    return "standard input" if filename == STANDARD_INPUT else filename


def _bytes_of(filename: str) -> bytes:
    if filename != STANDARD_INPUT:
        with open(filename, "rb") as file:
            return file.read()
    if sys.stdin is None:
        raise AdminError("Standard input is closed. Nothing was sent: name a file instead")
    return sys.stdin.buffer.read()


def checked_grouping(name: str, known: Iterable[str] = GROUPINGS) -> str:
    """Return the name of a grouping.

    Raises:
        AdminError: it is none of those known.
    """
    if name not in known:
        raise AdminError(f"Unknown grouping function {name}. Must be one of: {list(known)}")
    return name


def grouped(hosts: Iterable[str], grouping: str) -> list[tuple[str, list[str]]]:
    """Return the groups of hosts, sorted by the key of the group; the hosts of a group are sorted.

    >>> grouped(["h2", "h10", "h1"], "by_host"), grouped(["h2", "h1"], "none")
    ([('h1', ['h1']), ('h10', ['h10']), ('h2', ['h2'])], [('_all_hosts_', ['h1', 'h2'])])
    """
    groups: dict[str, list[str]] = {}
    for host in sorted(hosts):
        groups.setdefault(GROUPINGS[grouping](host), []).append(host)
    return sorted(groups.items())


def shown(hosts: Iterable[str]) -> str:
    """Return hosts as the original shows a set of them, but sorted.

    >>> shown(["h2", "h1"])
    "set(['h1', 'h2'])"
    """
    return f"set({sorted(hosts)!r})"
