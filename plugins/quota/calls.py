"""The calls that several commands of this plugin make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_admin.client.quota import Amounts, allocated, get_quota

if TYPE_CHECKING:
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.command import Context


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
