"""Set the quotas of the roles in a file.

The file is YAML or JSON: each role has cpu, ram and disk, all three, as set_quota takes them. This is one line of YAML:
www-data: {cpu: 40, ram: 64G, disk: 128G}

Quotas of roles that are not in the file stay as they are. A role's further resources, such as GPUs, stay too. With -
the file is read from standard input.

First the present quotas are read, and the differences are printed as rows. Then the command asks for confirmation,
which --yes gives, and sets the quotas that differ, one after the other; each is a line in the log. Quotas that are
already right are not sent.

If one cannot be set, the command stops there, and says which roles are done, which failed, and which were not tried.
When the cause is removed the command can be repeated: it continues where it stopped.
"""

from argparse import Namespace

from aurora_admin.command import Context
from aurora_admin.plugins.quota.show import CHANGES

COLUMNS = CHANGES
EXAMPLES = """\
aurora_admin set_quota_file west quotas.yaml --dry-run
aurora_admin set_quota_file west quotas.yaml --yes
"""
IF_UNKNOWN = "You may repeat the command: it sets only what still differs"


def run(context: Context, args: Namespace) -> None:
    """Show the differences, and set the quotas."""
    from aurora_admin.hosts import shown_name
    from aurora_admin.plugins.quota.changes import apply, change_of
    from aurora_admin.plugins.quota.quota_file import read_quotas
    from aurora_admin.plugins.quota.show import change_rows

    wanted, name = read_quotas(args.file, context.out), shown_name(args.file)
    scheduler = context.scheduler(args.cluster)
    changes = [change for role, quota in wanted.items() if (change := change_of(scheduler, role, quota))]
    if changes or context.out.format != "text":
        rows = (row for change in changes for row in change_rows(*change, all_resources=False))
        context.out.rows(tuple(COLUMNS), rows)
        context.out.flush()  # before the question, or the end of the command, if the reader has gone
    if not changes:
        context.out.info(f"Every quota is already as {name} has it: nothing is sent")
        return
    context.confirm(f"Set {len(changes)} of the {len(wanted)} quotas in {name} on {args.cluster}?")
    apply(scheduler, changes, context.out)
