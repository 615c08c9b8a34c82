"""The option that says why hosts are taken out of service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from aurora_admin.parser import CommandParser


def add_reason_option(parser: CommandParser) -> None:
    """Declare --reason."""
    parser.add_new(
        "--reason",
        metavar="TEXT",
        default="",
        help="why; the reference scheduler keeps it in its audit log, and host_status prints it",
    )


def checked_reason(args: Namespace) -> str:
    """Return the reason; an empty text without one.

    Raises:
        AdminError: it cannot be sent.
    """
    from aurora_admin.client.maintenance import reason_headers

    reason: str = args.reason
    reason_headers(reason)
    return reason
