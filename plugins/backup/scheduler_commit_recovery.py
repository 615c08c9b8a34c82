"""Replace everything that the scheduler knows by the staged backup: tasks, cron jobs, quotas, updates, hosts.

It does not ask. What was in the scheduler and is not in the backup is lost, and only another backup brings it back: if
you may need it, make one first. Look at what is staged, and delete what must not come back, before you commit.

The scheduler writes the staged state into its log, answers, and stops itself with status 0; a supervisor has to start
it again, and the state is then the committed one. Of several schedulers another takes over, with that state. The answer
takes some seconds, on a large cluster longer.

If the answer is lost the commit may have been done, and FATAL says so. Do not repeat it blindly: wait until the
scheduler is up again and look whether its tasks are those of the backup.
"""

from argparse import Namespace

from aurora_admin.command import Context
from aurora_admin.plugins.backup import STAGE_FIRST

EXAMPLES = """\
aurora_admin scheduler_backup_now west
aurora_admin scheduler_list_backups west
aurora_admin scheduler_stage_recovery west scheduler-backup-2026-11-22-10-00
aurora_admin scheduler_print_recovery_tasks west
aurora_admin scheduler_delete_recovery_tasks west www-data-prod-hello-0-41ea14dd-c080-4a5b-bff8-a737a9d2e6fc
aurora_admin scheduler_commit_recovery west
"""
IF_UNKNOWN = """
Do not repeat the commit before you know. Wait until the scheduler serves again, then compare its tasks with those of
the backup. If aurora_admin scheduler_print_recovery_tasks {cluster} still lists tasks, nothing was committed; if it
lists none, that proves nothing, because a restart forgets the staged backup too
"""
IF_REFUSED = STAGE_FIRST


def run(context: Context, args: Namespace) -> None:
    """Commit the staged backup."""
    context.check(context.scheduler(args.cluster).commit_recovery())
