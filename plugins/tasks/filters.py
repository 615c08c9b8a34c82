"""Which tasks an operator asks for: their instances, and whether there may be many (docs/cli.md 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.errors import AdminError

if TYPE_CHECKING:
    from argparse import Namespace


def shards(text: str | None) -> set[int]:
    """Return the numbers of instances in a list with commas; none is no filter.

    Raises:
        AdminError: something in it is no whole number.
    """
    return set(map(shard, text.split(","))) if text else set()


def shard(text: str) -> int:
    """Return the number of an instance.

    Raises:
        AdminError: it is no whole number.
    """
    from aurora_admin.units import integer, sendable

    try:
        return sendable("--shards", integer(text))
    except ValueError:
        problem = f"invalid literal for int() with base 10: {text!r}"
        raise AdminError(problem, "Give numbers of instances to --shards, separated by commas: 0,1,2") from None


def check_cost(args: Namespace, states: list[str]) -> None:
    """Refuse a query that can have a large reply without --force.

    Raises:
        AdminError: --force is missing.
    """
    from aurora_admin.client.selection import ACTIVE

    if args.force:
        return
    if not args.role:
        raise AdminError("--force is required for expensive queries (no role specified)")
    if not args.job:
        raise AdminError("--force is required for expensive queries (no job specified)")
    if not set(states) <= set(ACTIVE):
        raise AdminError("--force is required for expensive queries (states outside ACTIVE states")
