"""The clusters that clusters.json names, and who leads them."""

from collections.abc import Iterator

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl


@hookimpl
def aurora_admin_commands() -> Iterator[Command]:
    """Declare the commands of this plugin."""
    yield Command(
        name="get_scheduler",
        synopsis="get_scheduler CLUSTER",
        summary="Find the leading scheduler of a cluster",
        module="aurora_admin.plugins.cluster.get_scheduler",
        category="cluster",
        effect="read",
        original=True,
    )
