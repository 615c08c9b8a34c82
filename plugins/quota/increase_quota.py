"""Add to the quota of a role: cores, memory and disk.

Numbers may be negative: they are subtracted. Sizes are those of set_quota. Further resources of the quota, such as
GPUs, stay as they are.

The quota is read, and then the sum is set. If somebody else sets the quota between these two calls, that change is lost
and nobody notices: a scheduler has no call that adds. If several people or programs change quotas, let one do it, or
set the whole quota with set_quota.

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
aurora_admin increase_quota west www-data 4 8G 16G
aurora_admin increase_quota west www-data -- -4 -8G 0
aurora_admin increase_quota --dry-run west www-data 4 8G 16G
"""
COMPATIBILITY = """\
The original does not look at the response to its first call: if the scheduler refuses to tell the quota, it ends with a
traceback. Here the response is logged and the exit code is 1, as after every refusal.

The original drops every resource of the quota but cores, memory and disk, for example GPUs. Here they are kept, and
listed among the new values. A quota with a resource that this program does not know is not changed.

A cpu of nan or inf is refused, as is a sum that does not fit the call. A warning says that a size is less than one
megabyte and so adds nothing.

Beside the resources, which schedulers from 0.14 on read, the numbers are sent in the fields that schedulers up to 0.20
read, so that the command works with every release.
"""
IF_UNKNOWN = """
Do not repeat the command before you know: it would add twice. aurora_admin get_quota {cluster} {role} shows what is
set; the values that were to be set are in the log above
"""
IF_REFUSED = "aurora_admin get_quota {cluster} {role} shows what the role uses: its quota cannot be less"


def configure(parser: CommandParser) -> None:
    """Declare the options."""
    parser.add_new("--dry-run", action="store_true", help="print the quota now and the new one, and set nothing")


def run(context: Context, args: Namespace) -> None:
    """Read the quota, and set the sum."""
    from aurora_admin.plugins.quota.arithmetic import argument, increased, refuse_negative, warn_of_lost_sizes
    from aurora_admin.plugins.quota.calls import check_output, current_quota, set_and_check
    from aurora_admin.plugins.quota.show import change_rows, log_quota, log_setting

    check_output(context)
    cpus = argument("cpu", number, args.cpu)
    ram, disk = argument("ram", size_bytes, args.ram), argument("disk", size_bytes, args.disk)
    scheduler, out, role = context.scheduler(args.cluster), context.out, args.role
    out.info(f"Getting quota for: {role}")
    old = current_quota(context, scheduler, role)
    log_quota(out, f"Current quota for {role}:", old, cpu_unit=" core(s)")
    new = increased(old, cpus, ram, disk)
    warn_of_lost_sizes(out, old, new, args.ram, args.disk)
    if context.options.dry_run:
        refuse_negative(new)
        out.rows(tuple(COLUMNS), change_rows(role, old, new, all_resources=True))
        raise DryRun
    log_quota(out, f"Attempting to update quota for {role} to", new)
    log_setting(out, role, new)
    set_and_check(context, scheduler, role, new)
