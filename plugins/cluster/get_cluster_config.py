"""Print the entry of a cluster in clusters.json.

It is printed as JSON, or with --sh as variables of a shell. Their names are AURORA_CLUSTER_ and the key in capitals; an
item of an object or a list has the name of its key, or its position, in addition. Numbers with a fraction and nulls are
left out, and true and false are 1 and 0. With --export as well, a shell takes them over from its output by
eval "$(aurora_admin get_cluster_config --sh --export west)".

Nothing is sent to a scheduler.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from aurora_admin.clusters import find
from aurora_admin.command import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = """\
aurora_admin get_cluster_config west
aurora_admin get_cluster_config --sh --export west
"""
COMPATIBILITY = (
    "The JSON ends with a line end, and its keys are sorted, as the variables are; the original printed them in an "
    "arbitrary order. The original failed at the first value outside ASCII when it printed variables into a pipe; here "
    "all output is UTF-8."
)
PREFIX = "AURORA_CLUSTER"


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--sh", action="store_true", help="print variables of a shell instead of JSON")
    parser.add_argument("--export", action="store_true", help="with --sh: put export before each variable")


def run(context: Context, args: Namespace) -> None:
    """Print the entry."""
    from json import dumps

    entry = find(args.cluster).raw
    if not args.sh:
        context.out.print(dumps(entry, sort_keys=True))
        return
    for name, value in variables(PREFIX, entry):
        context.out.print(f"{'export ' if args.export else ''}{name}={value}")


def variables(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the variables of a value, name and value as a shell reads them (docs/cli.md 4.11).

    >>> list(variables("A", {"zk_port": 2181, "l": ["x", {"k": "a b"}], "t": True, "f": 1.5, "n": None}))
    [('A_L_0', 'x'), ('A_L_1_K', "'a b'"), ('A_T', '1'), ('A_ZK_PORT', '2181')]
    """
    from shlex import quote

    if isinstance(value, dict):
        for key in sorted(value):
            yield from variables(f"{name}_{key.upper()}", value[key])
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from variables(f"{name}_{position}", item)
    elif isinstance(value, (str, int)):  # a bool is an int
        # A key with blanks or a semicolon is quoted too: it makes no variable, and no command for eval either.
        yield quote(name), quote(value) if isinstance(value, str) else str(int(value))
