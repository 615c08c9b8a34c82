"""Print the number of backups in the scheduler's backup folder, then their names, oldest first.

A real scheduler lists every file in that folder, including temporary files and files that are not backups. The
reference scheduler lists only files whose names begin with scheduler-backup-; its reply says how many others there are.
Each scheduler has a backup folder of its own: the list is that of the scheduler that replies.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = """\
aurora_admin scheduler_list_backups west
aurora_admin scheduler_list_backups --output=json west
"""
COLUMNS = {"backup": "name of the file, which scheduler_stage_recovery takes"}

COMPATIBILITY = """
The names are sorted; the original printed them in an arbitrary order. A reply without a list is an error. The call is
repeated if its reply is lost; the original ended.
"""


def run(context: Context, args: Namespace) -> None:
    """Print the backups."""
    reply = context.scheduler(args.cluster).list_backups()
    context.check(reply)
    names = sorted(reply.backups)
    if context.out.format != "text":
        context.out.rows(tuple(COLUMNS), [(name,) for name in names])
        return
    context.out.print(f"{len(names)} available backups:")
    for name in names:
        context.out.print(name)
