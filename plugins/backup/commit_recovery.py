"""Replace everything that the scheduler knows by the staged backup: tasks, cron jobs, quotas, updates, hosts.

What was in the scheduler and is not in the backup is lost. The scheduler writes the staged state into its log, answers,
and stops itself; a supervisor has to start it again, and the state is then the committed one. The answer takes some
seconds, on a large cluster longer.

If the answer is lost the commit may have been done. Do not repeat it blindly: wait until the scheduler is up again and
look whether its tasks are those of the backup.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = """\
aurora_admin scheduler_print_recovery_tasks west
aurora_admin scheduler_commit_recovery west
"""


def run(context: Context, args: Namespace) -> None:
    """Commit the staged backup."""
    (cluster,) = context.positionals(args, "cluster")
    context.check(context.scheduler(cluster).commit_recovery())
