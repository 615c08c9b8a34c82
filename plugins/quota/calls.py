"""The calls that several commands of this plugin make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.client.quota import Amounts, allocated, get_quota, set_quota
from aurora_admin.errors import AdminError, Refused

if TYPE_CHECKING:
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.command import Context

NEGATIVE = "A quota cannot be negative: give larger numbers"
OTHER_REFUSAL = "The message of the scheduler says why. Correct that, and run the command again"


def check_output(context: Context) -> None:
    """Return if the command prints rows, or none are wanted.

    Raises:
        AdminError: a format was given for rows that there are not.
    """
    if context.out.format != "text" and not context.options.dry_run:
        raise AdminError(
            f"--output={context.out.format} needs --dry-run: without it {context.command.name} prints no rows. Nothing "
            "was sent; omit --output, or give --dry-run too"
        )


def current_quota(context: Context, scheduler: Scheduler, role: str) -> Amounts:
    """Return the quota of a role; log the response if it is not OK, as the original logs none that is.

    Raises:
        Refused: the response is not OK.
        BadReply: it is OK and has no quota.
    """
    reply = get_quota(scheduler, role)
    if not reply.ok:
        context.check(reply)
    return allocated(reply)


def set_and_check(context: Context, scheduler: Scheduler, role: str, quota: Amounts) -> None:
    """Set the quota of a role; after the return it is in the scheduler's log.

    Raises:
        Refused: the response is not OK. The hint is about what the role uses only if that may be the reason.
        AdminError: as Scheduler.call.
    """
    reply = set_quota(scheduler, role, quota)
    try:
        context.check(reply)
    except Refused as refusal:
        if min(quota.cpus, quota.ram_mb, quota.disk_mb) < 0:
            refusal.hint = NEGATIVE
        elif reply.code_name != "INVALID_REQUEST":  # the code of a quota below what is used
            refusal.hint = OTHER_REFUSAL
        raise
