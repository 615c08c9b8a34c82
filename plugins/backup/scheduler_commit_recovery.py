"""Replace the state of the scheduler by the staged backup: tasks, cron jobs, quotas, updates, hosts.

There is no confirmation. Everything that is not in the backup is lost. If you may need the present state again, make a
backup of it first. Look at the staged tasks, and delete those that must not come back, before you commit.

The scheduler writes the staged state into its log, replies, and exits with status 0. A supervisor has to start it
again, with the committed state. If there are several schedulers, another one becomes the leader, with the committed
state. The reply takes some seconds, and longer for a large cluster.

On a terminal, or with -v, the command first counts the staged tasks and prints the time of their newest event: another
operator may have staged another backup meanwhile. The reference scheduler also reports the name of the backup, since
when it is staged, and from which address.

If the reply is lost, the backup may have been committed; the error says how to find out. Do not repeat the commit
before you know.
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
Do not repeat the commit before you know. Wait until the scheduler serves again, then compare its tasks, for example on
its web pages, with those of the backup: only that shows whether the backup was committed. "No backup loaded" from
aurora_admin scheduler_print_recovery_tasks {cluster} does not, because a restart forgets the staged backup too
"""
IF_REFUSED = f"""
If nothing is staged although a backup was, somebody may have committed it just now: a commit, like a restart, forgets
what is staged. Then compare the scheduler's tasks with those of the backup before you stage again. {STAGE_FIRST}
"""

COMPATIBILITY = """
A scheduler of another cluster than the named one is refused, unless --accept-cluster-name names it. The original did
not compare the names.
"""


def run(context: Context, args: Namespace) -> None:
    """Show a person what is staged, and commit it."""
    scheduler = context.scheduler(args.cluster)
    if context.out.has_details():
        from aurora_admin.plugins.backup.staged import counted_before, describe, staged_totals

        if found := counted_before(lambda: staged_totals(scheduler), context.out):
            name = scheduler.staged_backup()
            context.out.info(f"Committing the staged backup{name and f' {name}'}: {describe(found)}")
    context.check(scheduler.commit_recovery())
