"""Changes of quotas: find those that are needed, and carry them out up to the first that fails (docs/cli.md 4.4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aurora_admin.client.quota import Amounts, allocated, get_quota, set_quota
from aurora_admin.errors import AdminError, Interrupted, OutcomeUnknown
from aurora_admin.plugins.quota.arithmetic import with_others

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.output import Output


class QuotaChange(NamedTuple):
    """The quota of a role, now and as it will be."""

    role: str
    old: Amounts
    new: Amounts


def change_of(scheduler: Scheduler, role: str, quota: Amounts) -> QuotaChange | None:
    """Return the change of a role's quota; None if it is already right.

    Raises:
        AdminError: the quota cannot be read, or has a resource that cannot be kept; no quota was changed.
    """
    reply = get_quota(scheduler, role)
    if not reply.ok:
        raise AdminError(
            f"The scheduler does not tell the quota of {role}: {reply.code_name} (message: {reply.message}). No quota "
            "was changed; correct the file, or the cause, and run the command again"
        )
    try:
        old = allocated(reply)
        new = with_others(quota, old)
    except AdminError as error:
        error.message = f"{role}: {error.message}"
        raise
    return None if new == old else QuotaChange(role, old, new)


def apply(scheduler: Scheduler, changes: Sequence[QuotaChange], out: Output) -> None:
    """Set the quotas, in order, up to the first that fails.

    Raises:
        AdminError: one failed; the message says what became of each role.
    """
    done = 0
    try:
        for role, _, new in changes:
            apply_one(scheduler, role, new)
            done += 1
            out.info(f"Set the quota of {role}: cpu {new.cpus}, ram {new.ram_mb} MB, disk {new.disk_mb} MB")
    except AdminError as error:
        is_unknown = isinstance(error, OutcomeUnknown)
        error.message = f"{error.message.removesuffix('.')}. {summary(changes, done, is_unknown=is_unknown)}"
        raise
    except KeyboardInterrupt as interrupt:
        raise Interrupted(f"Interrupted. {summary(changes, done, is_unknown=True)}") from interrupt


def apply_one(scheduler: Scheduler, role: str, quota: Amounts) -> None:
    """Set one quota; after the return it is in the scheduler's log.

    Raises:
        AdminError: the scheduler refused it, or there is no usable reply.
    """
    reply = set_quota(scheduler, role, quota)
    if not reply.ok:
        raise AdminError(f"The quota of {role} was refused: {reply.code_name} (message: {reply.message})")


def summary(changes: Sequence[QuotaChange], done: int, *, is_unknown: bool) -> str:
    """Return what became of each role when so many were done, and the next one failed or has an unknown outcome."""
    roles = [change.role for change in changes]
    parts = (
        ("Done", roles[:done]),
        ("Unknown" if is_unknown else "Failed", roles[done : done + 1]),
        ("Not tried", roles[done + 1 :]),
    )
    text = ". ".join(f"{name}: {', '.join(found)}" for name, found in parts if found)
    # What to do about an unknown outcome is said by IF_UNKNOWN.
    return text if is_unknown else f"{text}. Correct the cause and run the command again: it sets what still differs"
