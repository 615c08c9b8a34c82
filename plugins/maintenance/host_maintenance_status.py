"""Print the maintenance mode of hosts, as host_status had it in release 0.5. See aurora_admin-host_status(1).

It needs --hosts or --filename.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.hosts import required_hosts
from aurora_admin.plugins.maintenance.host_status import COLUMNS, configure, print_status

if TYPE_CHECKING:
    from argparse import Namespace

    from aurora_admin.command import Context

__all__ = ["COLUMNS", "EXAMPLES", "configure", "run"]
EXAMPLES = "aurora_admin host_maintenance_status --hosts=h1.example.com,h2.example.com west"


def run(context: Context, args: Namespace) -> None:
    """Print the modes of the hosts."""
    print_status(context, args.cluster, required_hosts(args.filename, args.hosts))
