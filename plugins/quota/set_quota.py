"""Set the quota of a role: how many cores, and how much memory and disk, its production tasks may use on shared hosts.

The quota replaces the one before as a whole. Memory and disk are whole numbers with a unit: K, M, G or T. A size
without a unit is in bytes, and what is left of a megabyte is dropped. The scheduler refuses a quota below what the
production tasks of the role use; get_quota prints that.

With --dry-run the quota now and the one that would be set are printed as rows, and nothing is set. Without --dry-run
there are no rows, and --output is refused.
"""

from argparse import Namespace

from aurora_admin.command import Context
from aurora_admin.errors import DryRun
from aurora_admin.parser import CommandParser
from aurora_admin.plugins.quota.show import CHANGES
from aurora_admin.units import number, size_bytes

COLUMNS = CHANGES
EXAMPLES = """\
aurora_admin set_quota west www-data 40 64G 128G
aurora_admin set_quota --dry-run west www-data 40 64G 128G
"""
COMPATIBILITY = """\
The original accepts nan and inf as a number of cores, and so do schedulers. Here they are refused, as is a number that
does not fit the call.

The original drops a size below one megabyte without a word: set_quota west www 1 30 30 sets 0 MB. Here a warning says
so.

Beside the resources, which schedulers from 0.14 on read, the numbers are sent in the fields that schedulers up to 0.20
read, so that the command works with every release.
"""
IF_UNKNOWN = """
You may repeat the command: to set the same quota twice does no harm. aurora_admin get_quota {cluster} {role} shows what
is set
"""
IF_REFUSED = "aurora_admin get_quota {cluster} {role} shows what the role uses: its quota cannot be less"


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    parser.add_new("--dry-run", action="store_true", help="print the quota now and the new one, and set nothing")


def run(context: Context, args: Namespace) -> None:
    """Set the quota."""
    from aurora_admin.client.quota import Amounts
    from aurora_admin.plugins.quota.arithmetic import argument, new_quota, refuse_negative, warn_of_lost_sizes
    from aurora_admin.plugins.quota.calls import check_output, current_quota, set_and_check
    from aurora_admin.plugins.quota.show import change_rows, log_setting

    check_output(context)
    ram, disk = argument("ram", size_bytes, args.ram), argument("disk", size_bytes, args.disk)
    new = new_quota(argument("cpu", number, args.cpu), ram, disk)
    if context.options.dry_run:
        refuse_negative(new)
    scheduler = context.scheduler(args.cluster)
    warn_of_lost_sizes(context.out, Amounts(), new, args.ram, args.disk)
    if context.options.dry_run:
        old = current_quota(context, scheduler, args.role)
        context.out.rows(tuple(COLUMNS), change_rows(args.role, old, new, all_resources=True))
        raise DryRun
    log_setting(context.out, args.role, new)
    set_and_check(context, scheduler, args.role, new)
