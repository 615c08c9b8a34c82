"""The clusters in clusters.json, and their leading schedulers."""

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl


@hookimpl
def aurora_admin_commands() -> tuple[Command, ...]:
    """Declare the commands of this plugin."""
    return (
        Command(
            name="get_scheduler",
            arguments="CLUSTER",
            summary="Find the leading scheduler of a cluster",
            category="cluster",
            effect="read",
            original=True,
            tabular=True,
        ),
        Command(
            name="get_cluster_config",
            options="[--sh] [--export]",
            arguments="CLUSTER",
            summary="Print the entry of a cluster in clusters.json",
            category="cluster",
            effect="read",
            original=True,
            see_also=("get_scheduler",),
        ),
    )
