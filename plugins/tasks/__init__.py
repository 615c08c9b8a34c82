"""The tasks that the scheduler knows: query them, prune those that have ended, reconcile them with Mesos."""

from functools import partial

from aurora_admin.command import Command
from aurora_admin.hookspec import hookimpl

tasks = partial(Command, category="tasks", original=True)

COMMANDS = (
    tasks(
        name="query",
        options="[--force]\n      [--listformat=FORMAT]\n      [--shards=N[,N,...]]\n"
        "      [--states=State[,State,...]]\n     ",
        arguments="cluster [role [job]]",
        summary="Print the tasks of a job, of a role or of the cluster",
        effect="read",
        tabular=True,
        too_few="Must specify at least cluster.",
        see_also=("prune_tasks", "reconcile_tasks"),
    ),
    tasks(
        name="reconcile_tasks",
        options="\n        [--type=RECONCILIATION_TYPE]\n        [--batch_size=BATCHSIZE]\n       ",
        arguments="cluster",
        summary="Have the scheduler compare its tasks with those of Mesos",
        effect="write",
        see_also=("query",),
    ),
    tasks(
        name="prune_tasks",
        options="[--states=State[,State,...]]\n            [--role=ROLE]\n            [--env=ENVIRONMENT]\n"
        "            [--limit=LIMIT]\n           ",
        arguments="cluster",
        summary="Delete tasks that have ended from the scheduler's storage",
        effect="destroy",
        too_few="Must specify at least cluster.",
        see_also=("query", "scheduler_backup_now"),
    ),
    tasks(
        name="get_locks",
        arguments="cluster",
        summary="Print the locks of jobs, which releases up to 0.12 have",
        effect="read",
        tabular=True,
        see_also=("query",),
    ),
)


@hookimpl
def aurora_admin_commands() -> tuple[Command, ...]:
    """Declare the commands of this plugin."""
    return COMMANDS
